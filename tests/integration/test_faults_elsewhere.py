"""Pictures that can't be drawn, settings of faults, and metrics."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from captcha_guard import ConfigError
from captcha_guard.challenge.drawing.fonts import bundled_folder
from captcha_guard.challenge.sound import SoundKind
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.health import REST
from captcha_guard.metrics import observe
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, post_comment, solved

POST = "/posts/one/comments"


# Pictures


@pytest.fixture
def fonts(tmp_path: Path) -> Path:
    """Two fonts of the site's own, which a test deletes."""
    folder = tmp_path / "fonts"
    folder.mkdir()
    for name in ("anton", "bitter"):
        shutil.copy(next((bundled_folder() / name).glob("*.ttf")), folder)
    return folder


@pytest.fixture
def undrawn(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> Blog:
    """A blog whose pictures can't be drawn any more."""

    def fail(*_: object, **__: object) -> bytes:
        raise OSError("unable to open the font")

    monkeypatch.setattr(type(blog.state.issuer), "render", fail)
    return blog


def test_a_picture_that_cannot_be_drawn_is_a_503_and_is_logged_once(
    undrawn: Blog, caplog: pytest.LogCaptureFixture
) -> None:
    client = undrawn.client()
    for _ in range(3):
        page = client.get("/posts/one")
        for picture in (Page(page.text).pictures[0], Page(page.text).pictures[0].replace(".png", "@2x.png")):
            answer = client.get(picture)
            assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
            assert answer.json["reason"] == "picture_unavailable"  # type: ignore[index]
            assert answer.headers["Retry-After"] == "5"
    logged = [record for record in caplog.records if "codes of the kind image can't be rendered" in record.getMessage()]
    assert len(logged) == 1
    assert logged[0].levelno == logging.ERROR


def test_pictures_that_work_do_not_end_an_outage_of_the_sound(
    blog: Blog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise OSError("unable to read the recordings")

    monkeypatch.setattr(SoundKind, "render", fail)
    client = blog.client()
    for _ in range(3):
        picture = Page(client.get("/posts/one").text).pictures[0]
        assert client.get(picture.replace(".png", ".wav")).status_code == 503
        assert client.get(picture).status_code == 200
    logged = [record for record in caplog.records if "be rendered" in record.getMessage()]
    assert [record.args for record in logged] == [("sound",)]


def test_without_a_picture_the_comment_is_kept_and_a_new_code_is_possible(
    undrawn: Blog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = undrawn.client()
    page = client.get("/posts/one")
    assert client.get(Page(page.text).pictures[0]).status_code == 503
    kept = client.post(POST, data=fields_of(page) | COMMENT)
    assert kept.status_code == 422
    assert fields_of(kept)["body"] == COMMENT["body"]
    monkeypatch.undo()
    assert client.get(Page(kept.text).pictures[0]).status_code == 200
    assert client.post(POST, data=solved(client, kept)).status_code == 303
    assert "codes of the kind image can be rendered again" in caplog.text


def test_one_token_that_cannot_be_drawn_does_not_affect_others(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    client, draw = blog.client(), type(blog.state.issuer).render
    bad, good = (client.get("/posts/one") for _ in range(2))

    def fail(self: Any, opened: Any, kind: str, medium: str) -> bytes:
        if opened.challenge.nonce == nonce:
            raise ValueError("nothing to draw")
        return draw(self, opened, kind, medium)

    nonce = blog.state.issuer.open(fields_of(bad)[TOKEN]).challenge.nonce
    monkeypatch.setattr(type(blog.state.issuer), "render", fail)
    assert client.get(Page(bad.text).pictures[0]).status_code == 503
    assert client.get(Page(good.text).pictures[0]).status_code == 200
    renewed = client.post("/captcha-guard/challenge", json={"scope": "comment:one", "token": fields_of(bad)[TOKEN]})
    token = renewed.json["token"]  # type: ignore[index]
    assert client.get(renewed.json["picture"]).status_code == 200  # type: ignore[index]
    sent = COMMENT | {TOKEN: token, ANSWER: solve(client, token)}
    assert client.post(POST, data=sent).status_code == 303


def test_deleting_fonts_while_the_site_runs_breaks_no_page(blogs: MakeBlog, fonts: Path) -> None:
    blog = blogs({"CAPTCHA_GUARD_FONTS": [fonts]})
    shutil.rmtree(fonts)
    client = blog.client()
    for _ in range(3):
        page = client.get("/posts/one")
        assert page.status_code == 200
        assert client.get(Page(page.text).pictures[0]).status_code in (200, 503)
        kept = client.post(POST, data=fields_of(page) | COMMENT)
        assert kept.status_code == 422
        assert fields_of(kept)["body"] == COMMENT["body"]
        wrong = client.post(POST, data=fields_of(kept) | COMMENT | {ANSWER: "WRONG"})
        assert wrong.status_code == 422
        assert fields_of(wrong)["body"] == COMMENT["body"]


# Nonces


@pytest.mark.parametrize("failing", ["acquire_entries", "get_moving_windows"])
def test_no_nonce_is_spent_in_a_post_that_the_store_did_not_count(
    blogs: MakeBlog, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """So the same code is valid when the store works again."""
    well, fails = getattr(SQLiteStorage, failing), [False]

    def now_and_then(self: SQLiteStorage, windows: Any) -> Any:
        if fails[0]:
            raise sqlite3.OperationalError("disk I/O error")
        return well(self, windows)

    monkeypatch.setattr(SQLiteStorage, failing, now_and_then)
    blog = blogs()
    client = blog.client()
    sent = solved(client, client.get("/posts/one"), COMMENT)
    fails[0] = True
    assert client.post(POST, data=sent).status_code == 503
    fails[0] = False
    assert client.post(POST, data=sent).status_code == 303


# Fingerprints


def test_if_the_fingerprint_cannot_be_claimed_a_proven_comment_is_accepted(
    blog: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = blog.client()
    sent = solved(client, client.get("/posts/one"), COMMENT)
    incr = SQLiteStorage.incr
    asked: list[str] = []

    def second_fails(self: SQLiteStorage, key: str, expiry: float, amount: int = 1) -> int:
        asked.append(key)
        if len(asked) == 2:
            raise sqlite3.OperationalError("disk I/O error")
        return incr(self, key, expiry, amount)

    monkeypatch.setattr(SQLiteStorage, "incr", second_fails)
    assert client.post(POST, data=sent).status_code == 303
    assert len(blog.stored) == 1


def test_a_fingerprint_that_cannot_be_released_is_logged(
    blog: Blog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    client = blog.client()
    sent = solved(client, client.get("/posts/one"), COMMENT | {"author": ""})
    monkeypatch.setattr(SQLiteStorage, "clear", fail)
    passed = client.post(POST, data=sent)
    assert passed.status_code == 422
    assert fields_of(passed)["body"] == COMMENT["body"]
    assert "may count as a duplicate for a day" in caplog.text


# Settings


@pytest.mark.parametrize(
    "value",
    [{"codes": "accept"}, {"nonces": "hold"}, {"limits": None}, "hold", ["limits"], {"limits": "strict", "x": "y"}],
)
def test_invalid_choices_for_faults_are_refused_at_start_up(blogs: MakeBlog, value: object) -> None:
    with pytest.raises(ConfigError, match=r"CAPTCHA_GUARD_FAULTS.*'limits': 'strict' or 'refuse'; 'codes': 'hold'"):
        blogs({"CAPTCHA_GUARD_FAULTS": value})


def test_a_part_that_is_not_named_has_its_default(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_FAULTS": {"limits": "refuse"}})
    assert dict(blog.state.settings.faults) == {"limits": "refuse", "codes": "hold"}


@pytest.mark.parametrize(("name", "value"), [("WORKERS", 0), ("WORKERS", "4"), ("SURGE", -1), ("SURGE", 1.5)])
def test_impossible_numbers_are_refused_at_start_up(blogs: MakeBlog, name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"CAPTCHA_GUARD_{name} is {value!r}"):
        blogs({f"CAPTCHA_GUARD_{name}": value})


# Metrics


@pytest.fixture
def registry(blog: Blog) -> CollectorRegistry:
    registry = CollectorRegistry()
    observe(blog.app, registry)
    return registry


def test_verdicts_are_counted_by_action(blog: Blog, registry: CollectorRegistry) -> None:
    client = blog.client()
    client.post(POST, data=COMMENT)
    post_comment(client)
    post_comment(client)
    counted = {
        action: registry.get_sample_value("captcha_guard_verdicts_total", {"action": action})
        for action in ("challenge", "accept", "reject", "hold")
    }
    assert counted == {"challenge": 1, "accept": 1, "reject": 1, "hold": None}


def test_the_gauge_shows_whether_the_store_works(
    blog: Blog, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    def up() -> float | None:
        return registry.get_sample_value("captcha_guard_store_up")

    client = blog.client()
    client.post(POST, data=COMMENT)
    assert up() == 1
    with monkeypatch.context() as broken:
        broken.setattr(SQLiteStorage, "get", fail)
        client.post(POST, data=COMMENT)
        assert up() == 0
    health = blog.state.health
    later = health._clock() + REST
    monkeypatch.setattr(health, "_clock", lambda: later)
    client.post(POST, data=COMMENT)
    assert up() == 1


def test_the_package_works_without_prometheus_client() -> None:
    program = "import captcha_guard, sys; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
