"""The quickstart's code, run in an empty folder as a new user would."""

from __future__ import annotations

import re
import secrets
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client

from captcha_guard.testing import solved_form
from tests.integration.snippets import Program, hidden, posted, python_of, run_tests

BLOCKS = python_of("docs/quickstart.md")
MACRO, ALONE, FIELD = PROGRAMS = [block for block in BLOCKS if "app = Flask(" in block]
[TEST] = [block for block in BLOCKS if "def test_" in block]
[DEVELOPMENT] = [block for block in BLOCKS if "if app.debug" in block]
[PROXIED] = [block for block in BLOCKS if "ProxyFix" in block]
[MOUNTED] = [block for block in BLOCKS if "DispatcherMiddleware" in block]


def test_every_python_block_of_the_page_is_run_below() -> None:
    assert sorted(BLOCKS) == sorted([*PROGRAMS, TEST, DEVELOPMENT, PROXIED, MOUNTED])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLASK_SECRET_KEY", f"s{secrets.token_hex()}")
    return tmp_path


def test_the_jinja_macro_shows_a_picture_and_accepts_the_comment(folder: Path) -> None:
    client = Program(folder, MACRO).client()
    page = client.get("/").text
    assert "Enter Security Code" in page
    assert "<p>What a post.</p>" in posted(client, "/comments", page, body="What a post.").text


def test_an_unchanged_form_needs_a_code_only_if_a_letter_would_be_held(folder: Path) -> None:
    client = Program(folder, ALONE).client()
    assert "captcha" not in client.get("/").text
    for number in range(2):
        data = {"who": "Ada", "letter": f"Dear editor, letter {number}."}
        answer = client.post("/letters", data=data, follow_redirects=True)
        assert (answer.status_code, answer.history[0].status_code) == (200, 302)
        assert f"<p>Ada: {data['letter']}</p>" in answer.text
    links = {"who": "Bob", "letter": "See http://a.example and http://b.example"}
    asked = client.post("/letters", data=links)
    assert asked.status_code == 422
    assert "Enter Security Code" in asked.text
    assert f"<p>Bob: {links['letter']}</p>" in posted(client, "/letters", asked.text, **links).text


def test_without_that_mode_an_unchanged_form_always_needs_a_code(folder: Path) -> None:
    client = Program(folder, ALONE.replace('mode="off", ', "")).client()
    data = {"who": "Ada", "letter": "Dear editor."}
    asked = client.post("/letters", data=data)
    assert asked.status_code == 422
    assert "<p>Ada: Dear editor.</p>" in posted(client, "/letters", asked.text, **data).text


def test_the_wtforms_field_accepts_a_right_code_and_shows_the_form_again_for_a_wrong_one(folder: Path) -> None:
    client = Program(folder, FIELD).client()
    page = client.get("/").text
    form = {**hidden(page), "body": "Kept text", **solved_form(client, page), "captcha_answer": "wrong"}
    wrong = client.post("/", data=form)
    assert wrong.status_code == 422
    assert "Kept text</textarea>" in wrong.text
    assert "That was not the code." in wrong.text
    assert "<p>Kept text</p>" in posted(client, "/", wrong.text, body="Kept text").text


@pytest.mark.parametrize("block", PROGRAMS)
def test_wrapping_a_route_takes_under_ten_lines(block: str) -> None:
    route = block[block.rindex("@app.") :]
    assert len([line for line in route.splitlines() if line.strip()]) < 10


def test_the_first_tests_pass_however_often_they_are_run(folder: Path) -> None:
    (folder / "app.py").write_text(MACRO)
    (folder / "test_app.py").write_text(TEST)
    for _ in range(3):
        assert run_tests(folder).startswith("2 passed")
    assert not (folder / "instance").exists()


def test_the_development_settings_are_accepted_and_let_one_address_post_often(folder: Path) -> None:
    program = MACRO.replace("guard = CaptchaGuard(app)", f"app.debug = True\n{DEVELOPMENT}\nguard = CaptchaGuard(app)")
    client = Program(folder, program).client()
    for number in range(12):
        body = f"Part {'I' * number} of a long story."
        assert f"<p>{body}</p>" in posted(client, "/comments", client.get("/").text, body=body).text


@pytest.fixture
def module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The first program, where ``from app import app`` finds it."""
    app = Program(folder, MACRO).app
    imported = ModuleType("app")
    imported.__dict__["app"] = app
    monkeypatch.setitem(sys.modules, "app", imported)
    return app


def links_of(page: str) -> list[str]:
    return re.findall(r'(?:src|href|action)="(/[^"]*)"', page)


def test_mounted_under_a_path_every_link_includes_it_and_a_comment_is_accepted(module: Flask) -> None:
    names: dict[str, Any] = {}
    exec(MOUNTED, names)  # noqa: S102 - that is the point
    client = Client(names["site"])
    page = client.get("/blog/").text
    links = links_of(page)
    assert {link.split("/")[1] for link in links} == {"blog"}
    pictures = [link for link in links if link.endswith(".png")]
    assert {client.get(link).status_code for link in pictures} == {200}
    form = {"body": "From below.", **solved_form(module, page)}
    answer = client.post("/blog/comments", data=form)
    assert (answer.status_code, answer.location) == (302, "/blog/")
    assert "<p>From below.</p>" in client.get("/blog/").text


def test_behind_a_proxy_that_sends_the_path_every_link_includes_it(module: Flask) -> None:
    exec(PROXIED, {})  # noqa: S102 - that is the point
    forwarded = {"X-Forwarded-Prefix": "/blog", "X-Forwarded-For": "203.0.113.9"}
    links = links_of(module.test_client().get("/", headers=forwarded).text)
    assert {link.split("/")[1] for link in links} == {"blog"}
