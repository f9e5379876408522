"""The export of comments as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from captcha_guard import Finding
from demo_blog.desk import export
from demo_blog.desk.export import COLUMNS, safe

from .journal_fixtures import POST, Reader, journal, owner, printed_journal
from .test_desk_queue import store

__all__ = ["journal", "owner", "printed_journal"]


def rows_of(response: TestResponse) -> list[dict[str, str]]:
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.data.decode("utf-8-sig"), newline="")))


def test_the_export_has_every_comment_with_its_findings(owner: Reader, journal: Flask) -> None:
    one = store(
        journal,
        author="Zoë, “Quill”",
        email="zoe@example.org",
        url="https://example.org/",
        body='Two lines,\nand "quotes" — ☃',
        created=datetime(2026, 3, 14, 9, 5, tzinfo=UTC),
        score=50,
        client="abc",
        findings=(Finding("links", 30, "Two links."), Finding("flattery", 20, "Praise.")),
    )
    store(journal, state="published", number=3)
    response = owner.client.get("/desk/comments.csv")
    assert response.mimetype == "text/csv"
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="comments-2')
    other, row = rows_of(response)
    assert tuple(row) == COLUMNS
    assert row == {
        "id": str(one),
        "post": POST,
        "number": "",
        "reply_to": "",
        "created": "2026-03-14T09:05:00+00:00",
        "edited": "",
        "decided": "",
        "state": "held",
        "author": "Zoë, “Quill”",
        "email": "zoe@example.org",
        "url": "https://example.org/",
        "body": 'Two lines,\nand "quotes" — ☃',
        "format": "markdown",
        "verdict": "hold",
        "score": "50",
        "findings": "links (30): Two links.\nflattery (20): Praise.",
        "client": "abc",
    }
    assert (other["state"], other["number"]) == ("published", "3")


def test_the_filters_of_the_queue_apply(owner: Reader, journal: Flask) -> None:
    store(journal, author="Otto")
    store(journal, author="Otto", state="published")
    store(journal, author="Zoë")
    page = owner.open("/desk?author=otto")
    [link] = [link for link in page.links if link.startswith("/desk/comments.csv")]
    assert [(row["author"], row["state"]) for row in rows_of(owner.client.get(link))] == [("Otto", "held")]


def test_long_exports_are_read_and_sent_in_pieces(
    owner: Reader, journal: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [store(journal, body=f"number {number}") for number in range(7)]
    monkeypatch.setattr(export, "CHUNK", 3)
    response = owner.client.get("/desk/comments.csv", buffered=False)
    pieces = list(response.iter_encoded())
    assert len(pieces) == 4  # the heading, and 3, 3 and 1 comments
    assert [int(row["id"]) for row in csv.DictReader(io.StringIO(b"".join(pieces).decode("utf-8-sig")))] == ids[::-1]
    response.close()


def test_an_empty_export_has_the_heading(owner: Reader) -> None:
    assert owner.client.get("/desk/comments.csv").text == "\ufeff" + ",".join(COLUMNS) + "\r\n"


FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\ufeff=1",
    "\uff1d1",
    "|cmd",
    '=HYPERLINK("https://evil.example")',
)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_field_is_a_formula_in_a_spreadsheet(owner: Reader, journal: Flask, text: str) -> None:
    store(journal, author=text, email=text, url=text, body=text, findings=(Finding(text, 1, text),))
    [row] = rows_of(owner.client.get("/desk/comments.csv"))
    for name in ("author", "email", "url", "body", "findings"):
        assert row[name].startswith("'"), name
        assert row[name][1:].startswith(text), name
    assert safe(f"No {text}") == f"No {text}"
