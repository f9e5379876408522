"""The README's code, run as it stands there."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from captcha_guard import CaptchaGuard
from captcha_guard.testing import solved_form

README = (Path(__file__).parents[2] / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
TEMPLATES = re.findall(r"`templates/(\S+)`\n\n```html\n(.*?)```", README, re.DOTALL)


class Program:
    """The README's blocks, in one namespace and one folder, as someone would type them."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "blog"}
        for block in PYTHON:
            if "app.config[" not in block:  # tuning comes before CaptchaGuard(app); it has a test of its own
                exec(block, self.names)  # noqa: S102 - that is the point

    @property
    def app(self) -> Flask:
        app: Flask = self.names["app"]
        return app

    @property
    def comments(self) -> list[Any]:
        comments: list[Any] = self.names["comments"]
        return comments


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLASK_SECRET_KEY", f"s{secrets.token_hex()}")
    (tmp_path / "templates").mkdir()
    for name, source in TEMPLATES:
        (tmp_path / "templates" / name).write_text(source)
    return Program()


def post_solved(client: FlaskClient, url: str, page: str, **fields: str) -> int:
    return client.post(url, data={**hidden(page), **fields, **solved_form(client, page)}).status_code


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input[^>]*name="csrf_token"[^>]*value="([^"]+)"', page)
    return {"csrf_token": found[0]} if found else {}


def test_the_program_at_the_top_asks_for_a_code_and_keeps_the_comment(program: Program) -> None:
    client = program.app.test_client()
    asked = client.post("/posts/hello/comments", data={"body": "What a post."})
    assert asked.status_code == 422
    assert "Enter Security Code" in asked.text
    assert 'name="body" value="What a post."' in asked.text
    assert post_solved(client, "/posts/hello/comments", asked.text, body="What a post.") == 302
    assert program.comments == ["What a post."]


def test_the_decorator_with_arguments_guards_its_own_fields(program: Program) -> None:
    client = program.app.test_client()
    bare = client.post("/posts/hello/letters", data={"who": "Ada", "letter": "Dear editor."})
    assert bare.status_code == 422  # suspicious: a POST without a form
    assert post_solved(client, "/posts/hello/letters", bare.text, who="Ada", letter="Dear editor.") == 302
    assert program.comments == ["Dear editor."]


def test_the_wtforms_field_takes_a_right_code_and_shows_the_form_again_for_a_wrong_one(program: Program) -> None:
    client = program.app.test_client()
    page = client.get("/posts/hello/talk").text
    wrong = client.post(
        "/posts/hello/talk",
        data={**hidden(page), "body": "Kept text", **solved_form(client, page), "captcha_answer": "wrong"},
    )
    assert wrong.status_code == 422
    assert "Kept text" in wrong.text
    assert "That was not the code." in wrong.text
    assert post_solved(client, "/posts/hello/talk", wrong.text, body="Kept text") == 302
    assert program.comments == ["Kept text"]


def test_the_plain_template_shows_the_hosts_own_page_again(program: Program) -> None:
    client = program.app.test_client()
    page = client.get("/guestbook").text
    wrong = client.post(
        "/guestbook", data={"body": "Kept text", **solved_form(client, page), "captcha_answer": "wrong"}
    )
    assert wrong.status_code == 422
    assert '<textarea name="body">Kept text</textarea>' in wrong.text
    assert "That was not the code." in wrong.text
    assert post_solved(client, "/guestbook", wrong.text, body="Kept text") == 302
    assert program.comments == ["Kept text"]


def test_the_view_learns_what_was_held(program: Program) -> None:
    client = program.app.test_client()
    links = "http://a.example http://b.example"
    page = client.post("/posts/hello/notes", data={"body": links}).text
    assert post_solved(client, "/posts/hello/notes", page, body=links) == 302
    state, _, reasons = program.comments[0]
    assert state == "held"
    assert "links" in reasons


def test_the_readmes_own_test_passes(program: Program) -> None:
    program.names["test_a_reader_can_comment"]()


def test_the_tuning_shown_is_accepted(program: Program, tmp_path: Path) -> None:
    tuning = next(block for block in PYTHON if "app.config[" in block)
    app = Flask("tuned", instance_path=str(tmp_path / "tuned"))
    app.config["SECRET_KEY"] = f"s{secrets.token_hex()}"
    exec(tuning, {"app": app})  # noqa: S102 - that is the point
    CaptchaGuard(app)


@pytest.mark.parametrize("block", [block for block in PYTHON if "guard" in block])
def test_wrapping_a_route_takes_under_ten_lines(block: str) -> None:
    wrapping = block.partition("@app.")[2] or block
    assert len([line for line in wrapping.splitlines() if line.strip()]) < 10
