"""No form or address of the journal causes a server error, or loses what was typed into it."""

from __future__ import annotations

import csv
import html
import io
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from captcha_guard.testing import relax, solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from demo_blog import create_app, own_links
from demo_blog.database import db
from demo_blog.desk import decision_links, notices
from demo_blog.desk import links as log_in_links
from demo_blog.desk.models import Owner
from demo_blog.models import Comment, CommentState
from tests.fuzz.budget import fuzz
from tests.fuzz.cost import words
from tests.fuzz.forms import EXTRA, Fields
from tests.fuzz.texts import texts
from tests.fuzz.tokens import MUTATIONS, Mutation, mutated, same_bytes
from tests.integration.journal_comments import add, change
from tests.integration.journal_fixtures import POST, Page, Reader, log_in, printed_journal

__all__ = ["printed_journal"]

NUMBERS: Final = (
    *("0", "1", "-1", "2", "99", "100", "101", "999", "1e3", "1.5", "+1", "٣", "²", " 7 ", "0x1", "1_0", "9" * 4400),
    *("2147483647", "2147483648", "9223372036854775808", "NaN", "inf", "", "\0", "1;2"),
)
#: The pages that read a query string, and their arguments.
ARGUMENTS: Final[Mapping[str, Sequence[str]]] = {
    "/desk": ("list", "reason", "author", "domain", "client", "text", "before", "after", "done", "untaught"),
    "/desk/comments.csv": ("list", "reason", "author", "domain", "client", "text"),
    "/desk/statistics": ("span",),
    "/desk/what-if": ("days", "challenge", "hold", "aside", "weights", "limits"),
    "/desk/decisions": ("done",),
    "/desk/comments/1": ("done", "untaught"),
    "/desk/log-in": ("next",),
    "/search": ("q", "page"),
    "/archive": ("page",),
    f"/posts/{POST}": ("page", "reply"),
    "/": ("page",),
}
_POSITIONS: Final = ("1700000000000000.1", "99999999999999999999999.1", "-99999999999999999999.1", "1.", ".1", "1.1.1")
#: Values that mean something in one argument or field.
OWN: Final[Mapping[str, Sequence[str]]] = {
    "list": ("all", "held", "aside", "published", "deleted"),
    "span": ("day", "month", "year"),
    "before": _POSITIONS,
    "after": _POSITIONS,
    "client": ("ab12", "AB", "shared", "0" * 32),
    "domain": ("a.example", ".", "..", "xn--", "%", "_"),
    "weights": ("links=10", "links=10, empty=5", "links=", "links=101", "=1", "links=1=1", "links=\u0661"),
    "limits": ("2 per minute", "2/minute;3/hour", "0 per day", "1 per 0 days", "per", "9" * 30 + " per second", "1/x"),
    "next": (
        "/desk",
        "//evil.example",
        "/desk/../x",
        "/desk?x=//y",
        "/desk\\x",
        "/desk%2f%2fx",
        "https://evil.example",
    ),
    "length": ("hour", "day", "week", "month"),
    "id": ("1", "2", "3"),
    "shown": ("1,2,3", ",,,", "1;2", ",".join(map(str, range(99)))),
    "back": ("list=all", "page=history", "list=held&before=1.1", "before=%00", "a" * 5000),
    "approve": ("1", "chosen", "99"),
    "spam": ("2", "chosen"),
    "entries": (
        "casino",
        "/(a+)+$/",
        "/(/",
        "#",
        "*.example",
        "a\nb\n\nc",
        "x" * 5000,
        "\n".join(map(str, range(999))),
    ),
}

#: The desk's forms, and their fields.
FORMS: Final[Mapping[str, Sequence[str]]] = {
    "/desk/decide": ("approve", "spam", "hold", "delete", "nothing", "id", "shown", "everything", "seen", "back"),
    "/desk/undo": ("batch",),
    "/desk/comments/1/ban": ("length",),
    "/desk/bans/end": ("client",),
    "/desk/words/disallowed": ("entries", "save"),
    "/desk/words/moderated": ("entries", "save"),
    "/desk/words/other": ("entries", "save"),
    "/desk/notices/feed": ("x",),
}
MARK: Final = "markmark"


def values(name: str) -> st.SearchStrategy[str]:
    """Return values of an argument or a field: its own, its own with another number in it, and odd texts."""
    odd = st.one_of(texts(5), st.sampled_from(NUMBERS))
    if name not in OWN:
        return odd
    own = st.sampled_from(OWN[name])
    changed = st.builds(
        lambda text, number: re.sub(r"\d+", number, text, count=1), own, st.sampled_from(("0", "-1", "9" * 30))
    )
    return st.one_of(own, own, changed, st.builds("".join, st.tuples(own, texts(2))), odd)


@dataclass(frozen=True)
class Journal:
    """A journal with some comments, its logged-in owner, and a reader."""

    app: Flask
    owner: Reader
    reader: Reader


@pytest.fixture(scope="module")
def journal(printed_journal: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    folder = tmp_path_factory.mktemp("journal")
    for name in ("journal.sqlite3", "secret_key"):
        shutil.copy(printed_journal / name, folder)
    app = create_app({"TESTING": True, "DEMO_BLOG_INSTANCE": folder, "WTF_CSRF_ENABLED": False})
    for state in CommentState:
        add(app, state=state, body=f"A {state} comment.", client="ab12")
    owner = log_in(app)
    relax(app)
    yield Journal(app, owner, Reader(app.test_client(use_cookies=False)))
    with app.app_context():
        app.extensions["captcha_guard"].writer.stop()
        db.session.remove()
        db.engine.dispose()


def encoded(fields: Fields) -> bytes:
    pairs = [(name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass")) for name, value in fields]
    return urlencode(pairs).encode()


def send(reader: Reader, path: str, fields: Fields) -> TestResponse:
    return reader.client.post(path, data=encoded(fields), content_type="application/x-www-form-urlencoded")


def test_no_query_string_causes_an_error(journal: Journal) -> None:
    def check(case: tuple[str, Mapping[str, str], bool]) -> None:
        path, args, is_owner = case
        browser = journal.owner if is_owner else journal.reader
        answer = browser.client.get(path, query_string=urlencode(args))
        assert answer.status_code in {200, 303, 404, 422}, answer.status_code
        if answer.mimetype == "text/csv":
            rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
            assert {len(row) for row in rows} == {len(rows[0])}
        if answer.status_code == 303:
            assert answer.location.startswith("/desk"), answer.location

    cases = st.sampled_from(sorted(ARGUMENTS)).flatmap(
        lambda path: st.tuples(
            st.just(path),
            st.fixed_dictionaries({}, optional={name: values(name) for name in ARGUMENTS[path]}),
            st.sampled_from([True, True, True, False]),
        )
    )
    fuzz("queries", cases, check)


def test_no_form_of_the_desk_causes_an_error_or_loses_its_text(journal: Journal) -> None:
    def check(case: tuple[str, Fields]) -> None:
        path, fields = case
        marked = [(name, f"{value}\n{MARK}\n" if name == "entries" else value) for name, value in fields]
        answer = send(journal.owner, path, marked)
        assert answer.status_code in {200, 303, 400, 404, 422}, answer.status_code
        if answer.status_code == 303:
            assert answer.location.startswith("/desk"), answer.location
        elif answer.status_code in {200, 422} and "entries" in dict(fields):
            assert MARK in html.unescape(answer.text)
        if path.startswith("/desk/words/") and answer.status_code == 303 and "entries" in dict(fields):
            assert MARK in journal.owner.client.get("/desk/words").text
        assert journal.owner.client.get("/desk/words").status_code == 200

    cases = st.sampled_from(sorted(FORMS)).flatmap(
        lambda path: st.tuples(
            st.just(path),
            st.lists(
                st.sampled_from(FORMS[path]).flatmap(lambda name: st.tuples(st.just(name), values(name))), max_size=6
            ),
        )
    )
    fuzz("forms of the desk", cases, check)
    for name in ("disallowed", "moderated"):
        assert send(journal.owner, f"/desk/words/{name}", [("entries", ""), ("save", "1")]).status_code == 303


def test_no_comment_causes_an_error_or_is_lost(journal: Journal) -> None:
    """A comment is stored with its text, or its text is in the answer. The pages that show comments still work."""
    numbers = count()

    def check(case: tuple[str, str, str, str, Fields, bool, str]) -> None:
        author, email, url, body, extra, is_right, shown = case
        page = Page(journal.reader.client.get(f"/posts/{POST}"))
        token = page.fields[TOKEN]
        answer_text = solve(journal.app, token)
        mark = f"{MARK}{next(numbers)}."
        typed = [
            ("author", f"A{author}"),
            ("email", email),
            ("url", url),
            ("body", f"{body} {mark} {words(60, len(mark))}"),
        ]
        ours = [(TOKEN, token), (ANSWER, answer_text if is_right else f"{answer_text}X")]
        answer = send(journal.reader, f"/posts/{POST}/comments", [*typed, *ours, *extra])
        assert answer.status_code in {303, 400, 403, 409, 413, 422, 429}, answer.status_code
        with journal.app.app_context():
            found = db.session.scalar(db.select(Comment).where(Comment.body.contains(mark, autoescape=True)))
            assert found is None or is_right
            assert found is not None or answer.status_code == 413 or mark in html.unescape(answer.text)
        assert journal.owner.client.get(shown).status_code == 200, shown
        assert send(journal.reader, f"/posts/{POST}/comments/preview", typed).status_code in {200, 400, 413, 422}

    cases = st.tuples(
        texts(4, halves=True),
        texts(2),
        texts(3),
        texts(12, halves=True),
        st.one_of(st.just([]), EXTRA),
        st.booleans(),
        st.sampled_from(
            (f"/posts/{POST}", "/feed.atom", f"/posts/{POST}/comments.atom", "/desk?list=all", "/desk/comments.csv")
        ),
    )
    fuzz("comments", cases, check, examples=20)


def test_no_mutation_of_a_signed_link_opens_anything(journal: Journal) -> None:
    with journal.app.test_request_context():
        comment_id = add(journal.app, state=CommentState.HELD, body="A held comment.")
        comment = db.session.get_one(Comment, comment_id)
        owner = Owner.by_name("otto")
        assert owner is not None
        owner.feed_key = "a" * 22
        db.session.commit()
        now = comment.created
        links = {
            "held": own_links.held_link(comment),
            "edit": own_links.edit_link(comment),
            "approve": decision_links.address(comment, CommentState.PUBLISHED, now).removeprefix("http://localhost"),
            "feed": notices.feed_address(owner).removeprefix("http://localhost"),
            "log-in": f"/desk/link/{log_in_links.create(owner)}",
        }
    keys = {name: link.rpartition("/")[2].removesuffix(".atom") for name, link in links.items()}

    def check(case: tuple[str, Mutation, bool]) -> None:
        name, mutation, is_post = case
        key = mutated(mutation, [keys[name], *keys.values()])
        path = links[name].replace(keys[name], quote(key, safe="", errors="surrogatepass"))
        answer = send(journal.reader, path, []) if is_post else journal.reader.client.get(path)
        spelt = key.encode("ascii", "ignore").decode()  # itsdangerous ignores other characters in a signature
        if key == keys[name] or same_bytes(keys[name], spelt):  # the link itself may have approved the comment
            change(journal.app, comment_id, state=CommentState.HELD)
            return
        assert answer.status_code in {303, 308, 404, 405}, (answer.status_code, key)
        if answer.status_code == 303:
            assert answer.location.startswith("/desk/log-in")
        with journal.app.app_context():
            assert db.session.get_one(Comment, comment_id).state == CommentState.HELD

    fuzz("links", st.tuples(st.sampled_from(sorted(keys)), MUTATIONS, st.booleans()), check)
