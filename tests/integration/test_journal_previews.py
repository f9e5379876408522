"""The preview of a comment: nothing is stored or used up, and the text, the code and whom it answers stay."""

from __future__ import annotations

import pytest
import time_machine
from flask import Flask

from captcha_guard import submission_judged

from .journal_comments import TYPED, add, stored
from .journal_fixtures import POST, Page, Reader, journal, printed_journal, reader, stranger

__all__ = ["journal", "printed_journal", "reader", "stranger"]

PREVIEW = f"/posts/{POST}/comments/preview"


def preview(reader: Reader, **typed: str) -> Page:
    """Write a comment, press the preview button, and read the answer's form."""
    page = reader.open()
    [button] = [one for one in page.all("button") if "formaction" in one]
    return Page(reader.client.post(button["formaction"], data=reader.form | TYPED | typed))


def test_the_preview_shows_the_comment_and_then_the_same_form_sends_it(reader: Reader, journal: Flask) -> None:
    page = preview(reader)
    assert page.response.status_code == 200
    assert "Zoë" in page.under("preview")
    assert "A short remark." in page.under("preview")
    assert {"em"} <= {tag for tag, _ in page.tags}
    assert stored(journal) == []
    assert {name: page.fields[name] for name in TYPED} == TYPED
    for name in ("captcha_token", "captcha_answer"):
        assert page.fields[name] == reader.form[name]
    assert reader.client.post(f"/posts/{POST}/comments", data=page.fields).status_code == 303
    assert len(stored(journal)) == 1


def test_ten_previews_are_no_comments(reader: Reader, journal: Flask) -> None:
    judged: list[object] = []

    def listen(_: object, submission: object, verdict: object) -> None:
        judged.append((submission, verdict))

    with submission_judged.connected_to(listen):
        page = preview(reader)
        for _ in range(10):
            page = Page(reader.client.post(PREVIEW, data=page.fields))
    assert judged == []
    assert page.fields["captcha_token"] == reader.form["captcha_token"]
    assert reader.client.post(f"/posts/{POST}/comments", data=page.fields).status_code == 303


def test_whom_a_reply_answers_survives_its_preview(reader: Reader, journal: Flask) -> None:
    parent = add(journal, author="Ottoline")
    page = reader.open(f"/posts/{POST}?reply={parent}")
    [button] = [one for one in page.all("button") if "formaction" in one]
    page = Page(reader.client.post(button["formaction"], data=reader.form | TYPED))
    assert page.under("comment-form-heading") == "Reply to Ottoline"
    assert reader.client.post(page.all("form")[0]["action"], data=page.fields).status_code == 303
    assert stored(journal)[1].parent_id == parent


def test_a_pass_survives_the_preview(reader: Reader, journal: Flask) -> None:
    page = reader.comment(**TYPED | {"author": ""})
    page = Page(reader.client.post(PREVIEW, data=page.fields | TYPED))
    assert "captcha_pass" in page.fields
    assert reader.client.post(f"/posts/{POST}/comments", data=page.fields).status_code == 303
    assert len(stored(journal)) == 1


@pytest.mark.parametrize("token", ["", "forged", None])
def test_another_sites_form_renders_nothing(reader: Reader, token: str | None) -> None:
    reader.open()
    if token is None:
        reader.client.delete_cookie("session")
    else:
        reader.form["csrf_token"] = token
    page = Page(reader.client.post(PREVIEW, data=reader.form | TYPED))
    assert page.response.status_code == 400
    assert "A *short* remark." in page.text
    assert "em" not in {tag for tag, _ in page.tags}
    assert [form for form in page.all("form") if form.get("method") == "post"] == []


def test_a_preview_after_hours_keeps_the_text(reader: Reader, clock: time_machine.Traveller) -> None:
    reader.open()
    clock.shift(5 * 60 * 60)
    page = Page(reader.client.post(PREVIEW, data=reader.form | TYPED))
    assert page.response.status_code == 400
    assert {name: page.fields[name] for name in TYPED} == TYPED


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"body": "*x*" * 7000}, "body"), ({"body": " "}, "body"), ({"author": ""}, "author"), ({"email": "x"}, "email")],
)
def test_invalid_fields_are_marked(reader: Reader, typed: dict[str, str], field: str) -> None:
    page = preview(reader, **typed)
    assert page.response.status_code == 422
    assert page.under(f"{field}-error")
    assert (page.under("preview") == "") == (field == "body")
    assert page.fields[field] == typed[field]


def test_a_request_larger_than_any_comment_isnt_parsed(reader: Reader) -> None:
    assert reader.client.post(PREVIEW, data={"body": "x" * 300_000}).status_code == 413


def test_scripts_in_a_preview_are_only_text(reader: Reader) -> None:
    script = '<script>alert(1)</script><img src=x onerror=alert(1)>[x](javascript:alert(1))"><svg onload=alert(1)>'
    page = preview(reader, author=script, url="javascript:alert(1)", body=script)
    assert page.response.status_code == 200
    assert not [one for one in page.all("script") if "src" not in one]
    assert [one["class"] for one in page.all("img")] == ["identicon", "captcha-guard__picture"]
    assert not [one for one in page.links if one.startswith("javascript")]


def test_a_preview_doesnt_show_whether_an_authors_address_was_guessed(reader: Reader) -> None:
    reader.comment(author="Zoë", email="zoe@example.org")
    guesses = (preview(reader, author="Zoë", email=guess) for guess in ("zoe@example.org", "other@example.org", ""))
    pictures = {one["src"] for page in guesses for one in page.all("img") if one.get("class") == "identicon"}
    published = next(one["src"] for one in reader.open().all("img") if one.get("class") == "identicon")
    assert len(pictures) == 1
    assert published not in pictures
