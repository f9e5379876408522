"""Comments: which are published, which are held and for whom they are visible, and that no typed text is lost."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import selectinload

from captcha_guard import Submission, submission_judged
from captcha_guard.testing import solved_form
from demo_blog.database import db
from demo_blog.markdown import render_comment
from demo_blog.models import Comment, CommentState, Post
from demo_blog.rendering import web_address

from .journal_fixtures import POST, Page, Reader, journal, printed_journal, reader, stranger

__all__ = ["journal", "printed_journal", "reader", "stranger"]

TYPED = {
    "author": "Zoë <Quill> & Co.",
    "email": "zoe@example.org",
    "url": "https://example.org/~zoe?a=1&b=2",
    "body": "\n  First *line*\n\n> a 'quotation' & \"more\"\n</textarea><b>",
}
TWO_LINKS = "[one](https://one.example) and [two](https://two.example)"


def stored(journal: Flask) -> list[Comment]:
    with journal.app_context():
        return list(db.session.scalars(select(Comment).order_by(Comment.id).options(selectinload(Comment.findings))))


def store(journal: Flask, **fields: str) -> int:
    """Put a comment directly into the table, without any check."""
    with journal.app_context():
        post = db.session.scalars(select(Post).where(Post.slug == POST)).one()
        comment = Comment(**{"post": post, "author": "A", "email": "", "url": "", "body": "text"} | fields)
        db.session.add(comment)
        db.session.commit()
        return comment.id


def assert_kept(page: Page, typed: dict[str, str]) -> None:
    assert {name: page.fields[name] for name in typed} == typed


# The usual case


def test_the_guard_learns_what_the_post_is_about_and_how_old_it_is(reader: Reader) -> None:
    found: list[Submission] = []

    def listen(_: object, submission: Submission, verdict: object) -> None:
        found.append(submission)

    reader.open()
    with submission_judged.connected_to(listen):
        assert reader.send(**TYPED).status_code == 303
    assert found[-1].topic_text.count("\n\n") > 2
    assert found[-1].post_age is not None
    assert 0 < found[-1].post_age < 10 * 365 * 86_400


def test_a_comment_with_the_right_code_is_published_at_its_own_address(reader: Reader, journal: Flask) -> None:
    reader.open()
    response = reader.send(**TYPED)
    assert response.status_code == 303
    assert response.location == f"/posts/{POST}#comment-1"
    page = reader.open(response.location)
    assert "Zoë <Quill> & Co." in page.under("comment-1-author")
    assert "Thank you. Your comment is published above." in page.text
    [comment] = stored(journal)
    assert (comment.author, comment.email, comment.url) == (TYPED["author"], TYPED["email"], TYPED["url"])
    assert comment.state == CommentState.PUBLISHED
    assert comment.created.utcoffset() is not None


def test_a_published_comment_is_public_and_its_email_address_is_not(reader: Reader, stranger: Reader) -> None:
    reader.comment(**TYPED)
    page = stranger.open()
    assert "First line" in page.under("comment-1")
    assert TYPED["email"] not in page.response.text
    assert "Thank you" not in page.text


def test_line_breaks_lists_and_code_are_rendered(reader: Reader) -> None:
    page = reader.comment(body="one\ntwo\n\n1. *first*\n2. `second`\n\n```\nthird\n```")
    assert "one<br>\ntwo" in page.response.text
    assert {"ol", "li", "em", "code", "pre"} <= {tag for tag, _ in page.tags}


def test_links_in_comments_have_no_value_for_search_engines(reader: Reader) -> None:
    page = reader.comment(url="example.org/me", body="[one](https://one.example/x)")
    outward = {tag["href"]: tag.get("rel") for tag in page.all("a") if tag["href"].startswith("http")}
    rel = "nofollow ugc noopener"
    assert outward == {"https://example.org/me": rel, "https://one.example/x": rel}


def test_a_message_reports_that_a_web_address_is_left_out(reader: Reader, journal: Flask) -> None:
    page = reader.comment(url="javascript:alert(1)")
    assert "Your comment has no link to your web address" in page.text
    assert stored(journal)[0].url == ""


# Nothing typed is lost


def test_a_wrong_code_keeps_every_field_and_asks_again(reader: Reader, journal: Flask) -> None:
    token = reader.open().fields["captcha_token"]
    response = reader.send(**TYPED, captcha_answer="XXXXXX")
    page = Page(response)
    assert response.status_code == 422
    assert_kept(page, TYPED)
    assert page.fields["captcha_token"] != token
    assert "That was not the code" in page.text
    assert "Not sent yet" in page.text
    assert stored(journal) == []


def test_a_form_that_is_shown_again_can_be_sent(reader: Reader, journal: Flask) -> None:
    reader.open()
    page = Page(reader.send(**TYPED, captcha_answer="XXXXXX"))
    reader.form = page.fields
    assert reader.send(captcha_answer="YYYYYY").status_code == 422
    page = reader.comment(**TYPED)
    assert "First line" in page.under("comment-1")
    assert len(stored(journal)) == 1


def test_a_comment_that_took_hours_is_kept_and_sent_once_more(
    reader: Reader, journal: Flask, clock: time_machine.Traveller
) -> None:
    reader.open()
    clock.shift(5 * 60 * 60)
    response = reader.send(**TYPED)
    page = Page(response)
    assert response.status_code == 400
    assert_kept(page, TYPED)
    assert "please send your comment once more" in page.text
    assert stored(journal) == []

    reader.form = page.fields | solved_form(reader.client, response.text)
    assert reader.send().status_code == 303
    assert len(stored(journal)) == 1


@pytest.mark.parametrize("token", ["", "forged", "another reader's", "eight days old", None])
def test_a_form_that_may_be_forged_is_shown_and_can_not_be_sent(
    reader: Reader, journal: Flask, clock: time_machine.Traveller, token: str | None
) -> None:
    other = Reader(journal.test_client())
    other.open()
    reader.open()
    if token is None:
        reader.client.delete_cookie("session")
    elif token == "eight days old":
        clock.shift(8 * 24 * 60 * 60)
    else:
        reader.form["csrf_token"] = other.form["csrf_token"] if token == "another reader's" else token
    response = reader.send(**TYPED)
    page = Page(response)
    assert response.status_code == 400
    assert all(" ".join(text.split()) in " ".join(page.text.split()) for text in TYPED.values())
    assert page.all("form") == page.all("textarea") == []
    assert "csrf_token" not in response.text
    assert stored(journal) == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"author": "  "}, "Please enter a name"),
        ({"body": " \n "}, "Please write a comment"),
        ({"email": "not an address"}, "This isn't an e-mail address"),
        ({"body": "x" * 20_001}, "This has 20,001 characters. At most 20,000"),
    ],
)
def test_an_invalid_field_is_marked_and_the_others_are_kept(
    reader: Reader, journal: Flask, typed: dict[str, str], sentence: str
) -> None:
    page = reader.comment(**TYPED | typed)
    assert page.response.status_code == 422
    [field] = typed
    assert sentence in page.under(f"{field}-error")
    assert_kept(page, {name: value for name, value in TYPED.items() if name != field})
    assert stored(journal) == []


def test_after_a_right_code_an_invalid_field_can_be_corrected_without_another_code(
    reader: Reader, journal: Flask
) -> None:
    page = reader.comment(**TYPED | {"author": ""})
    assert "captcha_pass" in page.fields
    reader.form = page.fields
    assert reader.send(author="Zoë").status_code == 303
    assert [comment.author for comment in stored(journal)] == ["Zoë"]


@pytest.mark.parametrize(
    "request_",
    [
        {"data": b"", "content_type": "application/x-www-form-urlencoded"},
        {"data": b'{"body": ["a list"]}', "content_type": "application/json"},
        {"data": b"--broken", "content_type": "multipart/form-data; boundary=other"},
        {"data": b"\x00\xff", "content_type": "application/x-unheard-of"},
    ],
)
def test_a_request_that_is_not_a_form_is_a_400(reader: Reader, request_: dict[str, str]) -> None:
    response = reader.client.post(f"/posts/{POST}/comments", **request_)
    assert response.status_code == 400
    assert Page(response).all("form") == []


def test_control_characters_are_removed_and_line_ends_are_normalised(reader: Reader, journal: Flask) -> None:
    reader.comment(author="Nul\x00 \x1b[31mRed\x9b", body="one\r\ntwo\rthree\x00")
    [comment] = stored(journal)
    assert comment.author == "Nul [31mRed"
    assert comment.body == "one\ntwo\nthree"


# Held


def test_a_held_comment_is_visible_only_to_its_author(reader: Reader, stranger: Reader, journal: Flask) -> None:
    page = reader.comment(body=TWO_LINKS)
    assert "Awaiting moderation" in page.under("comment-1")
    assert "An editor will read your comment" in page.text
    assert "one comment" in page.text
    [comment] = stored(journal)
    assert comment.state == CommentState.HELD
    assert ("links", 30) in [(found.reason, found.score) for found in comment.findings]

    page = stranger.open()
    assert page.under("comment-1") == ""
    assert "one.example" not in page.response.text
    assert "There are no comments yet" in page.text
    assert "comment" not in stranger.open("/").under("main").replace("comments", "")


def test_two_authors_see_only_their_own_held_comments(reader: Reader, stranger: Reader) -> None:
    reader.comment(body=f"{TWO_LINKS} mine")
    page = stranger.comment(body=f"{TWO_LINKS} yours")
    assert "mine" not in page.under("comments")
    assert "yours" in page.under("comment-2")
    page = reader.open()
    assert "mine" in page.under("comment-1")
    assert page.under("comment-2") == ""


def test_a_forged_session_shows_nothing(reader: Reader, stranger: Reader) -> None:
    reader.comment(body=TWO_LINKS)
    cookie = reader.client.get_cookie("session")
    assert cookie is not None
    payload, _, _ = cookie.value.rpartition(".")
    stranger.client.set_cookie("session", f"{payload}.AAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert stranger.open().under("comment-1") == ""


def test_a_comment_set_aside_as_spam_looks_held_to_its_author(reader: Reader, stranger: Reader, journal: Flask) -> None:
    page = reader.open()
    trap = next(tag["name"] for tag in page.all("input") if tag.get("tabindex") == "-1")
    page = reader.comment(body=TWO_LINKS, **{trap: "https://spam.example"})
    assert "Awaiting moderation" in page.under("comment-1")
    assert stored(journal)[0].state == CommentState.SPAM
    assert stranger.open().under("comment-1") == ""


@pytest.mark.usefixtures("clock")
def test_no_page_distinguishes_comments_set_aside_from_held_ones(
    reader: Reader, stranger: Reader, journal: Flask
) -> None:
    def answers(who: Reader, word: str, **trapped: str) -> list[tuple[int, object, str]]:
        who.open()
        sent = who.send(author="A", body=f"{TWO_LINKS} {word}", **trapped)
        pages = [sent, *(who.client.get(address) for address in (sent.location, f"/posts/{POST}", "/"))]
        with journal.app_context():  # so that the next comment is the first again
            states.extend(db.session.scalars(select(Comment.state)))
            db.session.execute(delete(Comment))
            db.session.commit()
        return [
            (
                one.status_code,
                sorted((k, masked(v, word)) for k, v in one.headers if k not in CHANGING),
                masked(one.text, word),
            )
            for one in pages
        ]

    states: list[str] = []
    trap = next(tag["name"] for tag in reader.open().all("input") if tag.get("tabindex") == "-1")
    held, aside = answers(reader, "heron"), answers(stranger, "alder", **{trap: "https://spam.example"})
    assert states == [CommentState.HELD, CommentState.SPAM]
    assert "Awaiting moderation" in held[1][2]
    assert held == aside


CHANGING = ("Set-Cookie", "Content-Length", "Date", "ETag")


def masked(page: str, word: str) -> str:
    """Return a page without a word and without parts that are random: tokens, ids, pictures, their sizes."""
    page = page.replace(word, "")
    numbers = r"comment(?:[- ]|s/)\d+|№&nbsp;\d+"
    return re.sub(rf'captcha-guard-\d+-[\w-]{{8}}|[\w.-]{{40,}}(@2x)?(?=[".])|(width|height)="\d+"|{numbers}', "", page)


# Hostile input

SCRIPTS = [
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](<java&#10;script:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "<javascript:alert(1)>",
    "![x](https://track.example/pixel.png)",
    "![x](x){onerror=alert(1)}",
    "[ref]\n\n[ref]: javascript:alert(1)",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "`<script>`",
    "<style>body{display:none}</style>",
    "<form action=https://evil.example><input name=csrf_token></form>",
    "<base href=https://evil.example>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    '[x](https://a.example "onmouseover=alert(1)")',
    "<!--",
    "]]><script>",
    "{{ 7 * 7 }}{% print config %}",
]


def assert_inert(page: Page, beside: Page) -> None:
    """Check that the page has no active content that it doesn't have without the comment."""
    for tag in ("script", "img", "svg", "style", "form", "base", "iframe", "input", "link", "meta"):
        found = [one for one in page.all(tag) if one.get("class") != "identicon"]
        assert len(found) == len([one for one in beside.all(tag) if one.get("class") != "identicon"]), tag
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        for name in ("href", "src", "action"):
            assert urlsplit(attributes.get(name, "").strip()).scheme in {"", "http", "https"}, attributes


def test_stored_scripts_are_only_text(reader: Reader, journal: Flask) -> None:
    beside = reader.open()
    numbers = {store(journal, author=text, body=text, url=text): text for text in SCRIPTS}
    page = reader.open()
    assert_inert(page, beside)
    for number, text in numbers.items():
        assert page.under(f"comment-{number}-author") == " ".join(text.split())
        assert "49" not in page.under(f"comment-{number}").removeprefix(page.under(f"comment-{number}-author"))


def test_html_in_a_comment_is_shown_as_typed(reader: Reader) -> None:
    page = reader.comment(body="Use <b>bold</b> & <code>, not <blink>.")
    assert "Use <b>bold</b> & <code>, not <blink>." in page.under("comment-1")


@pytest.mark.parametrize("text", SCRIPTS[:4])
def test_a_script_that_comes_through_the_form_is_only_text(reader: Reader, stranger: Reader, text: str) -> None:
    beside = stranger.open()
    reader.comment(author=text, url=text, body=text)
    page = stranger.open()
    assert page.under("comment-1-author") == text
    assert_inert(page, beside)


def test_scripts_that_are_shown_again_in_the_form_stay_in_their_fields(
    reader: Reader, clock: time_machine.Traveller
) -> None:
    beside = reader.open()
    clock.shift(2 * 60 * 60)
    for text in SCRIPTS:
        typed = {"author": text, "email": text, "url": text, "body": text}
        page = Page(reader.send(**typed))
        assert page.response.status_code == 400
        assert page.fields["body"] == text
        assert_inert(page, beside)


def test_scripts_in_a_form_that_may_be_forged_are_only_text(reader: Reader) -> None:
    address = f"/posts/{POST}/comments"
    beside = Page(reader.client.post(address))
    for text in SCRIPTS:
        page = Page(reader.client.post(address, data={"author": text, "email": text, "url": text, "body": text}))
        assert page.response.status_code == 400
        assert " ".join(text.split()) in " ".join(page.text.split())
        assert_inert(page, beside)


@pytest.mark.parametrize("depth", [200, 2000])
@pytest.mark.parametrize("piece", ["> ", "[", "*a_ ", "`", "- ", "<", "![", "[a](", "&"])
def test_hostile_nesting_is_rendered_and_not_an_error(piece: str, depth: int) -> None:
    assert isinstance(render_comment(piece * depth), str)


@pytest.mark.parametrize(
    ("typed", "linked"),
    [
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("http://example.org", "http://example.org"),
        ("example.org", "https://example.org"),
        ("HTTPS://EXAMPLE.ORG", "https://EXAMPLE.ORG"),
        ("https://bücher.example", "https://bücher.example"),
        ("javascript:alert(1)", None),
        ("javascript://example.org/%0aalert(1)", None),
        ("data:text/html,x", None),
        ("ftp://example.org", None),
        ("//example.org", None),
        ("https://bank.example@evil.example", None),
        ("https://exa mple.org", None),
        ("https://example.org\nx", None),
        ("https://example.org:port", None),
        ("https://[::1", None),
        ("https://", None),
        ("localhost", None),
        ("", None),
    ],
)
def test_only_plain_web_addresses_are_linked(typed: str, linked: str | None) -> None:
    assert web_address(typed) == linked
