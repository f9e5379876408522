"""The code on the page about a desk for moderators, run as it stands there."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, redirect, request

from captcha_guard import CaptchaGuard, ConfigError, Submission
from captcha_guard.cli import group
from captcha_guard.testing import solved_form

PAGE = (Path(__file__).parents[2] / "docs/desk-api.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^flask --app blog captcha-guard (.*?)(?: *#.*)?$", PAGE, re.MULTILINE)


@pytest.fixture
def names(tmp_path: Path) -> dict[str, Any]:
    """Run the blocks of the page in one application, and return their names."""
    app = Flask("blog", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY=secrets.token_hex(), CAPTCHA_GUARD_MIN_SECONDS=0)
    guard = CaptchaGuard(app)
    names: dict[str, Any] = {"app": app, "guard": guard, "notes": [], "redirect": redirect, "request": request}
    names |= {"ConfigError": ConfigError, "Submission": Submission}
    names |= {"UTC": UTC, "datetime": datetime, "timedelta": timedelta}

    @app.get("/form")
    def form() -> str:
        return str(guard.field("create_note"))

    for block in BLOCKS:
        exec(block, names)  # noqa: S102 - that is the point
    return names


def post(names: dict[str, Any], body: str) -> int:
    client = names["app"].test_client()
    return int(client.post("/notes", data={"body": body, **solved_form(client, client.get("/form").text)}).status_code)


def test_the_author_of_a_note_is_banned_and_pardoned(names: dict[str, Any]) -> None:
    assert post(names, "A word about lists.") == 302
    [note] = names["notes"]
    with names["app"].app_context():
        names["ban_author"](note)
        assert [line[:8] for line in names["banned"]()] == [note["client"][:8]]
    assert post(names, "A word about trees.") == 403
    with names["app"].app_context():
        assert names["pardon"](note)
        assert not names["pardon"](note)


def test_a_list_is_tried_saved_and_refused(names: dict[str, Any]) -> None:
    past = [{"body": "A lawn."}, {"body": "Two mowers."}]
    with names["app"].app_context():
        assert names["shown"]() == ""
        assert names["would_match"]({"entries": "mowers\nhedge"}, past) == [("Two mowers.", "mowers", "body")]
        assert names["save"]({"entries": "mowers\n\nhedge", "before": ""}) == "Saved."
        assert names["shown"]() == "mowers\nhedge"
        assert "changed by another editor" in names["save"]({"entries": "tree", "before": ""})
        assert "'part:'" in names["save"]({"entries": "part:", "before": "mowers\nhedge"})
        assert names["shown"]() == "mowers\nhedge"


def test_other_settings_are_tried_on_the_past(names: dict[str, Any]) -> None:
    assert post(names, "A word about lists.") == 302
    assert post(names, "You have a great blog, I have bookmarked your site! Call +1 555 010 0100.") == 302
    with names["app"].app_context():
        stricter = names["would"](names["stricter"])
        assert stricter.submissions == 2
        assert names["report"](stricter)[0] == "2 POSTs"
        assert names["report"](stricter)[1:4] == ["accept: 2 -> 1", "challenge: 0 -> 0", "hold: 0 -> 1"]
        assert stricter.changed[0].id in names["report"](stricter)[-1]
        assert names["would"](names["without_flattery"]).changed == ()
        assert [change.would for change in names["would"](names["tighter"]).changed] == ["reject"]


def test_the_commands_run(names: dict[str, Any]) -> None:
    runner = names["app"].test_cli_runner()
    outputs = []
    for command in COMMANDS:
        outputs.append(runner.invoke(group, command))
        assert outputs[-1].exit_code == 0, outputs[-1].output
    assert [output.output.partition(" ")[0] for output in outputs[:3]] == ["No", "Banned", "203.0.113.7:"]


def test_the_list_of_bans_shows_each_ban_and_its_key_can_be_removed(names: dict[str, Any]) -> None:
    runner = names["app"].test_cli_runner()
    added = runner.invoke(group, ["bans", "--add", "203.0.113.7", "--note", "flo\x1b[31m\nods"]).output
    key = added.rpartition(" ")[2].strip()
    listed = runner.invoke(group, ["bans"]).output
    assert re.fullmatch(rf"{key}  until \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC  flo \[31m ods\n", listed)
    assert runner.invoke(group, ["bans", "--remove", key]).output == f"{key}: the ban has ended.\n"
    assert runner.invoke(group, ["bans", "--remove", key]).output == f"{key}: this client wasn't banned.\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--add", "203.0.113"], "isn't an address"),
        (["--add", "shared"], "all clients without a known address"),
        (["--add", "203.0.113.7", "--hours", "0"], "the ban's length is 0.0 s"),
        (["--hours", "5"], "--hours and --note need --add"),
        (["--remove", "203.0.113.7", "--note", "floods"], "--hours and --note need --add"),
        (["--add", "203.0.113.7", "--remove", "203.0.113.7"], "either --add or --remove"),
    ],
)
def test_what_cannot_be_banned_is_said(names: dict[str, Any], words: list[str], message: str) -> None:
    answer = names["app"].test_cli_runner().invoke(group, ["bans", *words])
    assert answer.exit_code != 0
    assert message in answer.output.replace("\n", " ")
