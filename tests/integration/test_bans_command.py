"""``flask captcha-guard bans`` lists the banned clients, bans a client, and ends a ban."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine
from click.testing import Result
from flask import Flask

from captcha_guard import CaptchaGuard
from captcha_guard.cli import group

ADDRESS = "198.51.100.7"


@pytest.fixture
def app(tmp_path: Path, clock: time_machine.Traveller) -> Flask:
    app = Flask("banning", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="a secret of thirty-two characters", CAPTCHA_GUARD_STORAGE_URI="memory://")
    CaptchaGuard(app)
    return app


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(group, ["bans", *arguments])


def test_a_ban_lasts_a_day_unless_hours_are_given(app: Flask) -> None:
    assert run(app).output == "No client is banned.\n"
    added = run(app, "--add", ADDRESS)
    key = added.output.rpartition(" ")[2].strip()
    assert added.output == f"Banned until 2027-01-16 12:00:00 UTC: {key}\n"
    assert len(key) == 32
    assert run(app, "--add", "198.51.100.8", "--hours", "1.5").output.startswith("Banned until 2027-01-15 13:30:00 UTC")


def test_the_list_shows_each_ban_with_its_note_on_one_line(app: Flask) -> None:
    key = run(app, "--add", ADDRESS, "--note", "pills\n\x1b[2Jagain").output.rpartition(" ")[2].strip()
    assert run(app).output == f"{key}  until 2027-01-16 12:00:00 UTC  pills  [2Jagain\n"


def test_a_ban_ends_by_the_address_or_by_the_key_in_the_list(app: Flask) -> None:
    key = run(app, "--add", ADDRESS).output.rpartition(" ")[2].strip()
    assert run(app, "--remove", ADDRESS).output == f"{ADDRESS}: the ban has ended.\n"
    assert run(app, "--remove", ADDRESS).output == f"{ADDRESS}: this client wasn't banned.\n"
    assert run(app, "--add", key).output.endswith(f"{key}\n")
    assert run(app, "--remove", key).output == f"{key}: the ban has ended.\n"
    assert run(app).output == "No client is banned.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--add", ADDRESS, "--remove", ADDRESS], "give either --add or --remove"),
        (["--hours", "3"], "--hours and --note need --add"),
        (["--note", "pills"], "--hours and --note need --add"),
        (["--remove", ADDRESS, "--note", "pills"], "--hours and --note need --add"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(app: Flask, arguments: list[str], message: str) -> None:
    refused = run(app, *arguments)
    assert refused.exit_code == 2
    assert message in refused.output


def test_a_text_that_is_not_an_address_is_refused(app: Flask) -> None:
    refused = run(app, "--add", "not an address")
    assert refused.exit_code != 0
    assert "--add" in refused.output
