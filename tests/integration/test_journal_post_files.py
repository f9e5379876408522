"""The front matter of a post's file sets its tags, its state and its earlier addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from demo_blog import post_files
from demo_blog.database import db
from demo_blog.front_matter import PostFileError
from demo_blog.models import Comment, OldSlug, Post
from demo_blog.post_files import LoadResult

from .journal_fixtures import Page, journal, printed_journal

__all__ = ["journal", "printed_journal"]

NOW = datetime(2026, 12, 24, 18, tzinfo=UTC)

Load = Callable[..., LoadResult]


@pytest.fixture
def load(journal: Flask, tmp_path: Path) -> Load:
    """Load files that are given by name, with their further front matter, instead of the files of the last call."""
    folder = tmp_path / "content"

    def load_files(**files: str) -> LoadResult:
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, more in files.items():
            slug = name.replace("_", "-")
            head = f"title: The title of {slug}\ndate: 2026-12-01\nauthor: A. Author\nsummary: A summary.\n{more}"
            (folder / f"{slug}.md").write_text(f"---\n{head.strip()}\n---\n\nA text.\n")
        with journal.app_context():
            return post_files.load(post_files.read_all(folder), NOW)

    return load_files


def status(journal: Flask, address: str) -> tuple[int, str | None]:
    response = journal.test_client().get(address)
    return response.status_code, response.location


def error(load: Load, **files: str) -> str:
    with pytest.raises(PostFileError) as refused:
        load(**files)
    return str(refused.value)


# Values


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("draft: perhaps", "draft is 'perhaps'; write yes or no"),
        ("closed: 1", "closed is '1'; write yes or no"),
        ("was: Not A Name", "was names 'Not A Name'"),
        ("was: a,", "was names ''"),
        ("was: post", "was names the file itself"),
        (f"tags: {'x' * 61}", "is too long; at most 60"),
        (f"series: {'x' * 201}\npart: 1", "at most 200"),
    ],
)
def test_a_wrong_value_is_refused_with_the_fix(load: Load, line: str, complaint: str) -> None:
    message = error(load, post=line)
    assert complaint in message
    assert "post.md" in message


def test_tags_are_sorted_and_in_lower_case(load: Load, journal: Flask) -> None:
    load(post="tags: Zebra,  big   cats, zebra,, Ants")
    with journal.app_context():
        assert [tag.name for tag in db.session.scalars(select(Post).where(Post.slug == "post")).one().tags] == [
            "ants",
            "big cats",
            "zebra",
        ]
    assert load(post="tags: ants, zebra, big cats").unchanged == 1
    assert load(post="tags: ants").changed == 1
    assert "zebra" not in journal.test_client().get("/posts/post").text


def test_only_a_changed_file_changes_the_time_of_the_last_change(load: Load, journal: Flask) -> None:
    def modified() -> datetime:
        with journal.app_context():
            return db.session.scalars(select(Post.modified).where(Post.slug == "post")).one()

    load(post="")
    assert modified() == datetime(2026, 12, 1, tzinfo=UTC)
    load(post="")
    assert modified() == datetime(2026, 12, 1, tzinfo=UTC)
    assert "changed on" not in Page(journal.test_client().get("/posts/post")).text
    load(post="tags: new")
    assert modified() == NOW
    assert "changed on 24 December 2026" in Page(journal.test_client().get("/posts/post")).text


def test_closed_is_kept_unless_the_file_says_otherwise(load: Load, journal: Flask) -> None:
    def closed() -> bool:
        with journal.app_context():
            return db.session.scalars(select(Post.closed).where(Post.slug == "post")).one()

    load(post="closed: yes")
    assert closed()
    load(post="")
    assert closed()
    load(post="closed: no")
    assert not closed()


# Earlier addresses


def test_a_renamed_file_keeps_its_post_and_its_address_redirects(load: Load, journal: Flask) -> None:
    load(before="")
    with journal.app_context():
        post = db.session.scalars(select(Post).where(Post.slug == "before")).one()
        db.session.add(Comment(post=post, author="A", email="", url="", body="Kept."))
        db.session.commit()
        known = post.id
    assert load(after="was: before") == LoadResult(changed=1)
    assert status(journal, "/posts/before") == (301, "/posts/after")
    assert status(journal, "/posts/before?page=2&x=%2F") == (301, "/posts/after?page=2&x=%2F")
    assert status(journal, "/posts/before/comments") == (301, "/posts/after/comments")
    assert status(journal, "/posts/before/comments.atom") == (301, "/posts/after/comments.atom")
    response = journal.test_client().get("/posts/after")
    assert "Kept." in response.text
    with journal.app_context():
        assert db.session.scalars(select(Post.id).where(Post.slug == "after")).one() == known
    assert load(after="was: before") == LoadResult(unchanged=1)


def test_a_redirect_has_no_fragment_so_that_browsers_keep_theirs(load: Load, journal: Flask) -> None:
    load(after="was: before")
    assert "#" not in (status(journal, "/posts/before")[1] or "#")


def test_a_comment_sent_to_an_old_address_is_sent_again_to_the_new_one(load: Load, journal: Flask) -> None:
    load(after="was: before")
    response = journal.test_client().post("/posts/before/comments", data={"body": "text"})
    assert (response.status_code, response.location) == (308, "/posts/after/comments")


def test_an_address_survives_two_names_and_the_end_of_was(load: Load, journal: Flask) -> None:
    load(first="")
    load(second="was: first")
    load(third="was: second")
    assert status(journal, "/posts/first") == (301, "/posts/third")
    load(third="")
    assert status(journal, "/posts/second") == (301, "/posts/third")


@pytest.mark.parametrize("more", ["", "was: second"])
def test_a_file_can_get_its_first_name_back(load: Load, journal: Flask, more: str) -> None:
    load(first="")
    load(second="was: first")
    assert load(first=more) == LoadResult(changed=1)
    assert status(journal, "/posts/first")[0] == 200
    assert status(journal, "/posts/second") == (301, "/posts/first")


def test_a_new_file_takes_an_address_that_another_post_had(load: Load, journal: Flask) -> None:
    load(first="")
    load(second="was: first")
    load(second="", first="")
    assert status(journal, "/posts/first")[0] == 200
    with journal.app_context():
        assert db.session.get(OldSlug, "first") is None


@pytest.mark.parametrize(
    "files",
    [
        {"one": "", "two": "was: one"},
        {"one": "was: two", "two": "was: one"},
        {"one": "was: old", "two": "was: old"},
    ],
)
def test_two_files_cannot_claim_an_address(load: Load, journal: Flask, files: dict[str, str]) -> None:
    assert "an address can lead to one post only" in error(load, **files)
    assert status(journal, "/posts/one")[0] == 404


def test_an_address_that_leads_elsewhere_is_not_taken_away_by_was(load: Load) -> None:
    load(first="")
    load(second="was: first", other="")
    assert "leads to 'second' already" in error(load, second="", other="was: first")


def test_a_file_loaded_under_its_new_name_too_early_is_joined_with_its_post(load: Load, journal: Flask) -> None:
    load(before="")
    load(after="")
    assert load(after="was: before").changed == 1
    assert status(journal, "/posts/before") == (301, "/posts/after")
    with journal.app_context():
        assert len(db.session.scalars(select(Post).where(Post.title == "The title of after")).all()) == 1


def test_two_posts_with_comments_are_not_joined(load: Load, journal: Flask) -> None:
    load(before="")
    load(after="")
    with journal.app_context():
        post = db.session.scalars(select(Post).where(Post.slug == "after")).one()
        db.session.add(Comment(post=post, author="A", email="", url="", body="Kept."))
        db.session.commit()
    assert "has comments (1)" in error(load, after="was: before")
    assert status(journal, "/posts/before")[0] == 200


# Series


def test_two_files_cannot_be_the_same_part(load: Load) -> None:
    part = "series: S\npart: 1"
    assert "is also part 1 of 'S'" in error(load, one=part, two=part)


def test_a_renamed_part_without_was_is_refused_with_the_fix(load: Load) -> None:
    load(before="series: S\npart: 1")
    assert "add 'was: before'" in error(load, after="series: S\npart: 1")
    assert load(after="series: S\npart: 1\nwas: before").changed == 1


def test_two_posts_can_swap_their_parts(load: Load, journal: Flask) -> None:
    load(one="series: S\npart: 1", two="series: S\npart: 2")
    assert load(one="series: S\npart: 2", two="series: S\npart: 1").changed == 2
    page = Page(journal.test_client().get("/posts/one"))
    assert re.search(r"part\s+two", page.text)


def test_a_failed_load_changes_nothing(load: Load, journal: Flask) -> None:
    load(before="series: S\npart: 1")
    error(load, a_new_one="", after="series: S\npart: 1")
    assert status(journal, "/posts/a-new-one")[0] == 404


@pytest.mark.parametrize("start", [b"\xff\xfe", "título: x\n".encode("latin-1")])
def test_a_file_that_is_not_utf_8_is_refused_with_its_name(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "saved-elsewhere.md").write_bytes(b"---\n" + start)
    with pytest.raises(PostFileError, match=r"saved-elsewhere\.md: byte \d+ isn't UTF-8; save the file as UTF-8"):
        post_files.read_all(tmp_path)
