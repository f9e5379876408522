"""The code on the page about judging, run as it stands there."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask, redirect, request

from captcha_guard import Action, CaptchaGuard, Finding, Submission
from captcha_guard.testing import solved_form

PAGE = (Path(__file__).parents[2] / "docs/judging.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
DAY = 86_400


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = Flask("site", instance_path=str(tmp_path))
    app.config["SECRET_KEY"] = f"s{secrets.token_hex()}"
    return app


def block(word: str) -> str:
    """Return the one block that has ``word`` in it."""
    found: str
    [found] = [block for block in BLOCKS if word in block]
    return found


def test_a_custom_rule_takes_five_lines(app: Flask) -> None:
    said = block("class NoShouting")
    rule = said[: said.index("\n\n\n")].splitlines()
    assert len([line for line in rule if line.strip()]) <= 5
    names: dict[str, Any] = {"CaptchaGuard": CaptchaGuard, "Finding": Finding}
    exec(said, names)  # noqa: S102 - that is the point
    names["guard"].init_app(app)
    with app.app_context():
        assert names["guard"].check(Submission(scope="x", body="WHY NOT?")).reasons == ("shouting",)
        assert names["guard"].check(Submission(scope="x", body="Why not?")).reasons == ()


def test_the_queue_keeps_teaches_and_deletes(app: Flask) -> None:
    guard = CaptchaGuard(app)
    notes: dict[str, dict[str, str]] = {}
    names: dict[str, Any] = {"app": app, "guard": guard, "notes": notes, "request": request, "redirect": redirect}

    @app.get("/form/<slug>")
    def form(slug: str) -> str:
        return str(guard.field("create_note")) + slug

    exec(block("def create_note"), names)  # noqa: S102 - that is the point
    client = app.test_client()
    with time_machine.travel(1_700_000_000, tick=False) as clock:
        for body in ("A word about lists.", "Make money online with free gift cards, ask me on telegram @rich77 now!"):
            clock.shift(120)
            fields = solved_form(client, client.get("/form/one").text)
            assert client.post("/posts/one/notes", data={"body": body, **fields}).status_code == 302
        good, bad = notes
        assert [note["list"] for note in notes.values()] == ["published", "aside"]
        with app.app_context():
            names["spam"](good)
            names["keep"](good)
            assert (guard.filter_stats().ham, guard.filter_stats().spam) == (1, 0)
            clock.shift(31 * DAY)
            assert guard.tidy().learned_aside == 1
            assert guard.filter_stats().spam == 1
    assert notes == {good: {"list": "published", "body": "A word about lists."}}
    assert bad not in notes
    assert names["LISTS"][Action.HOLD] == "held"
