"""An import of WordPress exports keeps posts, threads, dates and decisions, and survives hostile and damaged files."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from captcha_guard import Submission
from demo_blog import moderation, wordpress, wordpress_text, wxr
from demo_blog.database import db
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState, Post, TextFormat

from .journal_fixtures import Reader, journal, printed_journal, reader

__all__ = ["journal", "printed_journal", "reader"]

DATA = Path(__file__).parent.parent / "data" / "wordpress"
FIRST, SECOND, OLD = DATA / "quill.000.xml", DATA / "quill.001.xml", DATA / "old-press.xml"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><link>https://tiny.example</link><wp:wxr_version>1.2</wp:wxr_version>
"""
TAIL = "</channel></rss>\n"


def item(number: int, slug: str, comments: str = "", body: str = "Text.", title: str = "Title") -> str:
    return f"""<item><title>{title}</title>
<content:encoded><![CDATA[{body}]]></content:encoded>
<wp:post_id>{number}</wp:post_id><wp:post_name>{slug}</wp:post_name>
<wp:post_date_gmt>2019-05-01 10:00:00</wp:post_date_gmt>
<wp:status>publish</wp:status><wp:post_type>post</wp:post_type>
{comments}</item>
"""


def comment(number: int, parent: int = 0, text: str = "A word.", approved: str = "1") -> str:
    return f"""<wp:comment><wp:comment_id>{number}</wp:comment_id>
<wp:comment_content><![CDATA[{text}]]></wp:comment_content><wp:comment_approved>{approved}</wp:comment_approved><wp:comment_parent>{parent}</wp:comment_parent></wp:comment>"""


WriteExport = Callable[..., Path]


@pytest.fixture
def export(tmp_path: Path) -> WriteExport:
    """Write an export with these items."""

    def write(*items: str, head: str = HEAD, tail: str = TAIL) -> Path:
        file = tmp_path / "export.xml"
        file.write_text(head + "".join(items) + tail, "utf-8")
        return file

    return write


def run(app: Flask, *arguments: object, status: int = 0) -> str:
    result = app.test_cli_runner().invoke(args=["journal", "import-wordpress", *map(str, arguments)])
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return result.output


@pytest.fixture
def imported(journal: Flask) -> Iterator[Flask]:
    """A journal with all exports of the test data."""
    run(journal, FIRST, SECOND, OLD)
    with journal.app_context():
        yield journal


def post(number: int, site: str = "quill.example/blog") -> Post:
    return db.session.scalars(select(Post).where(Post.imported_from == f"{site}/?p={number}")).one()


def comment_of(number: int) -> Comment:
    origin = f"quill.example/blog/#comment-{number}"
    return db.session.scalars(select(Comment).where(Comment.imported_from == origin)).one()


def imported_rows() -> tuple[int, int]:
    posts = select(func.count()).where(Post.imported_from.is_not(None))
    comments = select(func.count()).where(Comment.imported_from.is_not(None))
    return db.session.scalar(posts) or 0, db.session.scalar(comments) or 0


# Posts


def test_a_post_keeps_its_title_author_day_and_tags(imported: Flask) -> None:
    first = post(11)
    assert first.title == "Promises, Tokens & Trees"
    assert first.author == "Wilhelmina Marlow"
    assert (first.date, first.modified) == (date(2019, 5, 3), datetime(2019, 6, 1, 10, tzinfo=UTC))
    assert [tag.name for tag in first.tags] == ["compilers & linkers", "parsing"]
    assert first.format == TextFormat.HTML
    assert not first.closed
    assert first.summary.startswith("A grammar is a promise")


def test_texts_without_paragraphs_get_them_and_shortcodes_go(imported: Flask) -> None:
    body = post(11).body
    assert "<p>A grammar is a promise about what comes next.<br>\nIt is kept one token at a time.</p>" in body
    assert "lines[rows[2]]&gt;0" in body
    assert "too early: ]]&gt; is also" in body
    assert "<pre>while (token = next())\n\n    push(token);</pre>" in body
    assert "<ul><li>shift</li>" in body
    assert "See [1] for the proof." in body
    assert not any(word in body for word in ("[caption", "[gallery", "<script", "<!--", "<img"))
    assert '<a href="https://quill.example/blog/wp-content/uploads/tree.png">[A parse tree]</a> A tree' in body


def test_block_comments_go_and_their_texts_stay(imported: Flask) -> None:
    second = post(12)
    assert second.body.startswith("<p>Blocks already have paragraphs.</p>")
    assert "<h2>A heading</h2>" in second.body
    assert not any(word in second.body for word in ("wp:", "contact-form", "onclick", "style", "class", "<img"))
    assert second.summary == "An excerpt of its own."
    assert second.closed
    assert [tag.name for tag in second.tags] == []


def test_percent_encoded_slugs_are_decoded_and_served(imported: Flask, reader: Reader) -> None:
    assert post(12).slug == "日本語の見出し"
    assert reader.client.get("/posts/日本語の見出し").status_code == 200


def test_a_slug_that_is_taken_gets_a_number(imported: Flask) -> None:
    assert post(20).slug == "the-fence-and-its-posts-2"


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("%e6%97%a5%e6%9c", "日"),
        ("%e6%97%a5%e", "日"),
        ("a_b--c/../d", "a_b-c-d"),
        ("Ünïted", "ünïted"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_cut_and_unusual_slugs_become_addresses(journal: Flask, export: WriteExport, slug: str, expected: str) -> None:
    run(journal, export(item(1, slug)))
    with journal.app_context():
        assert post(1, "tiny.example").slug == expected


def test_posts_that_were_not_public_become_drafts(imported: Flask) -> None:
    assert {number for number in (11, 12, 13, 14, 16, 17, 20) if post(number).draft} == {13, 14, 16, 17}


def test_an_imported_draft_is_listed_and_published_with_the_day_of_today(
    imported: Flask, reader: Reader, clock: time_machine.Traveller
) -> None:
    slug = post(13).slug
    commands = imported.test_cli_runner()
    listed = commands.invoke(args=["journal", "drafts"]).output
    assert listed.startswith("Drafts: 4\n")
    assert f"  {slug}  An unfinished thought, imported\n" in listed
    assert reader.open(f"/posts/{slug}").response.status_code == 404
    clock.move_to(datetime(2027, 2, 3, tzinfo=UTC))
    assert commands.invoke(args=["journal", "publish", slug]).output == f"The post {slug} is public.\n"
    db.session.expire_all()
    assert (post(13).draft, post(13).date) == (False, date(2027, 2, 3))
    assert post(13).title in reader.open("/").text
    assert reader.open(f"/posts/{slug}").response.status_code == 200


@pytest.mark.parametrize(
    ("slug", "why"), [("nothing", "there is no post"), ("the-fence-and-its-posts", "is public already")]
)
def test_only_drafts_are_published(imported: Flask, slug: str, why: str) -> None:
    result = imported.test_cli_runner().invoke(args=["journal", "publish", slug])
    assert result.exit_code == 1
    assert why in result.output


def test_a_draft_in_a_file_is_published_in_its_file(imported: Flask) -> None:
    by_file = Post.by_slug("the-fence-and-its-posts")
    assert by_file is not None
    by_file.draft = True
    db.session.commit()
    result = imported.test_cli_runner().invoke(args=["journal", "publish", by_file.slug])
    assert result.exit_code == 1
    assert "remove 'draft: yes' from the-fence-and-its-posts.md" in result.output
    assert Post.by_slug("the-fence-and-its-posts") is by_file
    assert by_file.draft


def test_posts_in_the_trash_pages_and_attachments_are_skipped(journal: Flask) -> None:
    output = run(journal, FIRST)
    assert "Skipped: attachments: 1; comments in the trash: 1; pages: 1; pingbacks: 1; posts in the trash: 1;" in output
    with journal.app_context():
        assert imported_rows() == (6, 9)


def test_a_draft_without_a_valid_time_has_the_day_of_its_local_time(imported: Flask) -> None:
    draft = post(13)
    assert draft.date == date(2021, 3, 4)
    assert draft.slug == "an-unfinished-thought"


def test_an_export_of_an_old_wordpress_in_another_encoding_is_read(imported: Flask) -> None:
    old = post(7, "oldpress.example")
    assert (old.title, old.author, old.body) == ("A & B", "Otto Café", "<p>Café culture.</p>")
    assert [(one.author, one.body) for one in old.comments] == [("Petra", "Well said.")]


def test_tags_without_a_letter_or_digit_are_left_out(journal: Flask, export: WriteExport, reader: Reader) -> None:
    tags = "".join(f'<category domain="post_tag">{name}</category>' for name in ("/", "..", "c/c++"))
    run(journal, export(item(1, "x", tags)))
    with journal.app_context():
        assert [tag.name for tag in post(1, "tiny.example").tags] == ["c/c++"]
    assert reader.client.get("/tags/c%2Fc++").status_code == 200


def test_too_long_titles_authors_and_tags_are_cut(journal: Flask, export: WriteExport) -> None:
    tag = f'<category domain="post_tag" nicename="x">{"t" * 99}</category>'
    run(journal, export(item(1, "s" * 500, tag + comment(2), title="T" * 999)))
    with journal.app_context():
        long = post(1, "tiny.example")
        assert (len(long.title), len(long.slug), len(long.tags[0].name)) == (200, 90, 60)


# Comments


def test_threads_survive_replies_before_their_parents_and_missing_parents(imported: Flask) -> None:
    first = comment_of(21).id
    assert {number: comment_of(number).parent_id for number in (21, 22, 23, 27)} == {
        21: None,
        22: first,
        23: None,  # its parent isn't in the export
        27: first,  # its parent, in the trash, was a reply to the first comment
    }


@pytest.mark.parametrize(
    "parents",
    [{1: 1}, {1: 2, 2: 1}, {1: 2, 2: 3, 3: 1, 4: 3}, {1: 5, 2: 1}],
)
def test_threads_in_a_circle_end_somewhere(journal: Flask, export: WriteExport, parents: dict[int, int]) -> None:
    run(journal, export(item(1, "circle", "".join(comment(*pair) for pair in parents.items()))))
    with journal.app_context():
        comments = post(1, "tiny.example").comments
        assert len(comments) == len(parents)
        for one in comments:
            seen = []
            above: Comment | None = one
            while above is not None:
                assert above not in seen
                seen.append(above)
                above = above.parent


def test_published_comments_are_numbered_by_date(imported: Flask) -> None:
    numbered = {comment_of(number).number: number for number in (21, 22, 23, 27, 30, 31)}
    assert numbered == {1: 21, 2: 22, 3: 23, 4: 27, 5: 31, 6: 30}
    assert post(11).last_number == 6
    assert [comment_of(number).number for number in (24, 25)] == [None, None]


def test_a_comment_keeps_its_state_time_and_address_but_not_the_ip(imported: Flask) -> None:
    assert [comment_of(number).state for number in (21, 24, 25)] == ["published", "held", "spam"]
    first = comment_of(21)
    assert first.created == datetime(2019, 5, 4, 1, tzinfo=UTC)
    assert (first.email, first.url) == ("ada@reader.example", "https://ada.example/notes?a=1&b=2")
    assert comment_of(31).created == datetime(2019, 5, 4, 12, tzinfo=UTC)
    for row in db.session.execute(select(Comment.__table__)):
        assert "192.0.2" not in str(row)


def test_the_desk_finds_imported_comments_by_the_hosts_that_they_link_to(imported: Flask) -> None:
    assert {domain.domain for domain in comment_of(21).domains} == {"ada.example", "reader.example"}


def test_hostile_names_and_addresses_are_cleaned(imported: Flask, reader: Reader) -> None:
    hostile = comment_of(31)
    assert (hostile.author, hostile.email, hostile.url) == ("O'Hara", "", "")
    page = reader.open("/posts/promises-and-tokens")
    assert all(script.get("src", "").startswith("/") for script in page.all("script"))
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not [link for link in page.all("a") if "javascript" in link.get("href", "")]


def test_held_comments_show_what_the_guard_finds(journal: Flask, export: WriteExport) -> None:
    links = "https://a.example https://b.example https://c.example"
    run(journal, export(item(1, "held", comment(2, text=links, approved="0"))))
    with journal.app_context():
        (held,) = post(1, "tiny.example").comments
        assert "links" in {finding.reason for finding in held.findings}
        assert held.score > 0


def test_costly_comments_are_shown_as_typed() -> None:
    nested = "".join(f"<b class={number}>" for number in range(100)) + "<p>" * 1000
    assert wordpress_text.comment_source(nested).startswith("&lt;b class=0&gt;")
    assert wordpress_text.comment_source("<b>bold</b>") == "<b>bold</b>"


# Repeating, and several files


def test_importing_twice_changes_nothing(imported: Flask) -> None:
    before = imported_rows()
    output = run(imported, FIRST, SECOND, OLD)
    assert "Posts: 0 public, 0 drafts, 8 known already." in output
    assert "11 known already" in output
    assert "Teaching" not in output
    assert imported_rows() == before


def test_a_later_export_adds_the_new_comments(journal: Flask, export: WriteExport) -> None:
    run(journal, export(item(1, "grows", comment(2))))
    run(journal, export(item(1, "grows", comment(2) + comment(3, parent=2))))
    with journal.app_context():
        first, second = post(1, "tiny.example").comments
        assert (first.number, second.number, second.parent_id) == (1, 2, first.id)


def test_files_of_one_export_can_be_imported_one_by_one(journal: Flask) -> None:
    for file in (SECOND, FIRST):
        run(journal, file)
    with journal.app_context():
        assert imported_rows() == (7, 10)


def test_two_sites_with_the_same_numbers_are_different(journal: Flask, export: WriteExport) -> None:
    run(journal, export(item(1, "same", comment(2))))
    run(journal, export(item(1, "same", comment(2)), head=HEAD.replace("tiny", "other")))
    with journal.app_context():
        assert imported_rows() == (2, 2)


def test_a_dry_run_reports_the_same_numbers_and_imports_nothing(journal: Flask) -> None:
    rehearsed = run(journal, "--dry-run", FIRST, SECOND)
    assert "Nothing was imported" in rehearsed
    with journal.app_context():
        assert imported_rows() == (0, 0)
    real = run(journal, FIRST, SECOND)
    for line in rehearsed.splitlines()[:-1]:
        assert line in real


def test_an_interrupted_import_is_completed_by_running_it_again(
    journal: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, stored = wordpress._store, []

    def fail_at_the_third(plan: wordpress.Plan) -> None:
        store(plan)
        stored.append(plan)
        if len(stored) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(wordpress, "_store", fail_at_the_third)
    journal.test_cli_runner().invoke(args=["journal", "import-wordpress", str(FIRST)])
    with journal.app_context():
        assert imported_rows()[0] == 2
    monkeypatch.undo()
    run(journal, FIRST)
    with journal.app_context():
        assert imported_rows() == (6, 9)
        assert guard.filter_stats().decisions == 8


# Teaching


def test_decisions_teach_the_filter_once(imported: Flask) -> None:
    stats = guard.filter_stats()
    assert (stats.ham, stats.spam) == (9, 1)
    assert comment_of(25).decided is not None
    assert comment_of(24).decided is None


def test_a_later_decision_corrects_an_imported_one(imported: Flask) -> None:
    comment_of(25).move_to(CommentState.PUBLISHED)
    moderation.teach(comment_of(25))
    assert (guard.filter_stats().ham, guard.filter_stats().spam) == (10, 0)


def test_imported_spam_makes_the_filter_recognise_more_of_it(journal: Flask, export: WriteExport) -> None:
    spam = "".join(comment(n, text=f"Cheap replica parsers, order {n} today", approved="spam") for n in range(1, 40))
    ham = "".join(comment(n, text=f"The grammar of line {n} is ambiguous", approved="1") for n in range(41, 80))
    run(journal, export(item(1, "taught", spam + ham)))
    with journal.app_context():
        spammy = guard.check(Submission(scope="comment:x", body="Order cheap replica parsers"))
        good = guard.check(Submission(scope="comment:x", body="This grammar is ambiguous"))
        assert spammy.chance is not None
        assert good.chance is not None
        assert spammy.chance > 0.9
        assert good.chance < 0.1


def test_only_the_newest_decisions_are_taught(
    journal: Flask, export: WriteExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wordpress, "TAUGHT_AT_MOST", 3)
    output = run(journal, export(item(1, "many", "".join(comment(n, text=f"Text {n}") for n in range(1, 8)))))
    assert "The guard learned 3 decisions." in output
    with journal.app_context():
        assert not wordpress.untaught()


# Addresses of WordPress


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("/?p=11", "promises-and-tokens"),
        ("/2019/05/promises-and-tokens/", "promises-and-tokens"),
        ("/2019/05/promises-and-tokens", "promises-and-tokens"),
        ("/archives/7", "a-b"),
        ("/?p=20", "the-fence-and-its-posts-2"),
    ],
)
def test_old_addresses_redirect_to_the_post(imported: Flask, reader: Reader, address: str, slug: str) -> None:
    response = reader.client.get(address)
    assert (response.status_code, response.location) == (301, f"/posts/{slug}")


@pytest.mark.parametrize("address", ["/?p=13", "/2019/05/between-us/", "/2019/05/nothing/"])
def test_old_addresses_of_drafts_and_unknown_ones_do_not(imported: Flask, reader: Reader, address: str) -> None:
    assert reader.client.get(address).status_code in {200, 404}


def test_the_front_page_ignores_unknown_numbers(imported: Flask, reader: Reader) -> None:
    for number in ("999", "x", "%00", "1' OR '1'='1"):
        assert reader.client.get(f"/?p={number}").status_code == 200


# Hostile and damaged files


def refused(app: Flask, file: Path) -> str:
    output = run(app, file, status=1)
    assert "Nothing was imported." in output
    with app.app_context():
        assert imported_rows() == (0, 0)
    return output


def test_a_damaged_file_is_reported_with_its_line_and_imports_nothing(journal: Flask, export: WriteExport) -> None:
    file = export(item(1, "good", comment(2)), item(2, "bad").replace("</wp:post_id>", "</wp:post>"))
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "</wp:post>" in text)
    assert f"export.xml, line {line}: mismatched tag" in refused(journal, file)


def test_a_file_that_was_cut_off_imports_nothing(journal: Flask, export: WriteExport) -> None:
    assert "no element found" in refused(journal, export(item(1, "good", comment(2)), tail=""))


def test_one_damaged_file_of_several_imports_nothing(journal: Flask, export: WriteExport) -> None:
    output = run(journal, FIRST, export(item(1, "x"), tail="</rss>"), status=1)
    assert "Nothing was imported." in output
    with journal.app_context():
        assert imported_rows() == (0, 0)


@pytest.mark.parametrize("text", ["", "<html></html>", "Not XML", "<rss><channel><item/></channel></rss>"])
def test_other_files_are_refused(journal: Flask, tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.xml"
    file.write_text(text)
    refused(journal, file)


BOMB = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'
EXTERNAL = '<!DOCTYPE rss [<!ENTITY file SYSTEM "file:///etc/passwd">]>\n'
REMOTE = '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">\n'


@pytest.mark.parametrize("doctype", [BOMB, EXTERNAL, REMOTE, "<!DOCTYPE rss>\n"])
def test_entities_and_other_files_are_never_read(journal: Flask, export: WriteExport, doctype: str) -> None:
    xml, rest = HEAD.split("\n", 1)
    file = export(item(1, "x", body="&b;&file;"), head=f"{xml}\n{doctype}{rest}")
    assert "line 2: the file has a DOCTYPE" in refused(journal, file)


@pytest.mark.parametrize("encoding", ["unknown-1", "utf-7", "shift_jis", "rot13", "punycode"])
def test_an_encoding_that_cannot_be_read_is_refused(journal: Flask, export: WriteExport, encoding: str) -> None:
    head = HEAD.replace("UTF-8", encoding, 1)
    assert encoding in head
    assert "the encoding isn't supported, use UTF-8" in refused(journal, export(item(1, "x"), head=head))


def test_sizes_and_depths_have_limits(journal: Flask, export: WriteExport, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nested more than 32 deep" in refused(journal, export(item(1, "x", "<a>" * 99 + "</a>" * 99)))
    assert "longer than 1 MiB" in refused(journal, export(item(1, "x", f'<category domain="{"x" * 2**21}"/>')))
    monkeypatch.setattr(wxr, "MAX_POST_CHARACTERS", 100_000)
    assert "larger than 100,000 characters" in refused(journal, export(item(1, "x", body="x" * 100_000)))
    assert "larger than 100,000 characters" in refused(journal, export(item(1, "x", "<wp:comment/>" * 2000)))


def test_control_characters_and_leading_lines_do_not_stop_an_import(journal: Flask, tmp_path: Path) -> None:
    file = tmp_path / "export.xml"
    text = HEAD + item(1, "controls", comment(2, text="be\x08ep \x00\x0c\x1b")) + TAIL
    file.write_bytes(b"\n\n" + text.encode())
    run(journal, file)
    with journal.app_context():
        assert post(1, "tiny.example").comments[0].body == "beep "


def test_lines_are_counted_from_the_first_line_of_the_file(journal: Flask, tmp_path: Path) -> None:
    file = tmp_path / "export.xml"
    file.write_text("\n\n" + HEAD + "<broken>" + TAIL)
    assert "line 6: mismatched tag" in refused(journal, file)


READ = """
import resource, sys
from pathlib import Path
from demo_blog.wxr import read
list(map(id, read(Path(sys.argv[1]))))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(sum(len(post.comments) for post in read(Path(sys.argv[2]))))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_export(export: WriteExport, tmp_path: Path) -> None:
    """The larger file has 100 times as many posts: about 60 MB."""
    comments = "".join(comment(n, text="word " * 100) for n in range(1, 100))
    small = tmp_path / "small.xml"
    small.write_text(HEAD + item(1, "small", comments) * 10 + TAIL)
    large = export(item(1, "large", comments) * 1000)
    result = subprocess.run(
        [sys.executable, "-c", READ, small, large], capture_output=True, text=True, check=True, timeout=300
    )
    count, grown = map(int, result.stdout.split())
    assert count == 99_000
    assert grown < 20_000  # KiB


def test_nothing_in_the_log_of_a_normal_import(journal: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        run(journal, FIRST, SECOND, OLD)
    assert not caplog.records
