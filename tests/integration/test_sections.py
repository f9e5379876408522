"""The code of sections that a host can copy, run without changes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask, redirect, render_template, request

from captcha_guard import CaptchaGuard, Submission
from captcha_guard.testing import solved_form
from tests.integration.bare_site import SECRET

DOCS = Path(__file__).parents[2] / "docs"
ASIDE = "[url=https://a.example]Ladders[/url] [url=https://b.example]Ada Quill[/url]"


def section(document: str, heading: str) -> str:
    """Return the Python of one section."""
    text = (DOCS / document).read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return str(code)


@pytest.fixture
def names(tmp_path: Path) -> dict[str, Any]:
    """The names that the README's program has defined."""
    app = Flask("blog", instance_path=str(tmp_path / "instance"), root_path=str(tmp_path))
    app.config.update(SECRET_KEY=SECRET, CAPTCHA_GUARD_COMMENT_LIMITS="100 per minute")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "contact.html").write_text("Sorry. <textarea>{{ typed.letter }}</textarea>")
    return {
        "app": app,
        "redirect": redirect,
        "request": request,
        "render_template": render_template,
    }


def stats(app: Flask, guard: CaptchaGuard) -> tuple[int, int]:
    with app.app_context():
        taught = guard.filter_stats()
    return taught.ham, taught.spam


def test_a_contact_form_is_judged_outside_of_protect_and_taught_by_hand(names: dict[str, Any]) -> None:
    app: Flask = names["app"]
    app.config["CAPTCHA_GUARD_DISALLOWED_WORDS"] = ["snake oil"]
    guard = names["guard"] = CaptchaGuard(app)
    mailbox: list[tuple[str, Submission, tuple[str, ...]]] = []
    names["mailbox"] = mailbox
    exec(section("integration.md", "Other forms"), names)  # noqa: S102 - that is the point
    client = app.test_client()

    def send(letter: str) -> int:
        form = {"name": "Ada Quill", "email": "ada@example.org", "letter": letter}
        response = client.post("/contact", data=form)
        assert response.status_code != 403 or f"<textarea>{letter}</textarea>" in response.text
        return response.status_code

    assert [send("Your feed is empty since Monday."), send(ASIDE), send("Buy snake oil.")] == [303, 303, 403]
    assert [folder for folder, _, _ in mailbox] == ["inbox", "doubtful"]
    assert "links" in mailbox[1][2]
    with app.app_context():
        names["move"](mailbox[0][1], "inbox")
        names["move"](mailbox[1][1], "spam")
        names["move"](mailbox[1][1], "spam")
    assert stats(app, guard) == (1, 1)


def test_the_queue_of_the_section_works(names: dict[str, Any], clock: time_machine.Traveller) -> None:
    app: Flask = names["app"]
    guard = names["guard"] = CaptchaGuard(app)
    notes: dict[str, dict[str, str]] = {}
    names["notes"] = notes
    exec(section("judging.md", "Teaching"), names)  # noqa: S102 - that is the point
    client = app.test_client()

    def post(body: str) -> str:
        fields = {"author": "Ada Quill", "body": body}
        page = client.post("/posts/one/notes", data=fields).text
        clock.shift(timedelta(seconds=20))
        assert client.post("/posts/one/notes", data=fields | solved_form(client, page)).status_code == 302
        return list(notes)[-1]

    bodies = ["Where does it end?", "https://a.example https://b.example", ASIDE, f"{ASIDE} again"]
    published, held, rescued, aside = map(post, bodies)
    assert [note["list"] for note in notes.values()] == ["published", "held", "aside", "aside"]
    with app.app_context():
        for case in (published, held, rescued):
            names["keep"](case)
        assert stats(app, guard) == (3, 0)
        names["spam"](held)
        assert stats(app, guard) == (2, 1)
        clock.shift(timedelta(days=31))
        guard.tidy()
    assert {case: note["list"] for case, note in notes.items()} == {
        published: "published",
        held: "spam",
        rescued: "published",
    }
    assert aside not in notes
    assert stats(app, guard) == (2, 2)
