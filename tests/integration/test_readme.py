"""The README's code, run in an empty folder as a new user would."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from flask import Flask

from captcha_guard import CaptchaGuard
from captcha_guard.testing import solved_form
from tests.integration.snippets import ROOT, Program, posted, python_of, run_tests
from tests.servers import free_port, wait_for_port

PYTHON = python_of("README.md")
TEN_LINES, FIRST = (block for block in PYTHON if "app = Flask(" in block)
INTEGRATION = (ROOT / "docs/integration.md").read_text()
[GUESTBOOK] = [block for block in python_of("docs/integration.md") if block.startswith("def show_form")]
REFILLED = "{{ request.form.body }}</textarea>"
[NOTES] = [block for block in PYTHON if "guard.verdict.held" in block]
[TUNING] = [block for block in PYTHON if 'app.config["' in block]
[TEST] = [block for block in PYTHON if "def test_" in block]


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    secret = f"s{secrets.token_hex()}"
    monkeypatch.setenv("FLASK_SECRET_KEY", secret)
    return secret


@pytest.fixture
def folder(tmp_path: Path, secret: str) -> Path:
    return tmp_path


def test_ten_lines_ask_for_a_code_keep_the_text_and_show_the_comment(folder: Path) -> None:
    assert len([line for line in TEN_LINES.splitlines() if line.strip()]) == 10
    client = Program(folder, TEN_LINES).client()
    page = client.get("/").text
    assert "Enter Security Code" in page
    wrong = client.post("/", data={"body": "<b>Kept</b>", **solved_form(client, page), "captcha_answer": "wrong"})
    assert wrong.status_code == 422
    assert "&lt;b&gt;Kept&lt;/b&gt;" in wrong.text
    right = client.post("/", data={"body": "<b>Kept</b>", **solved_form(client, wrong.text)})
    assert (right.status_code, right.text) == (200, "&lt;b&gt;Kept&lt;/b&gt;")


def test_every_python_block_of_the_page_is_run_here() -> None:
    assert sorted(PYTHON) == sorted([TEN_LINES, FIRST, NOTES, TUNING, TEST])


def test_the_program_of_a_comment_form_shows_a_picture_and_then_the_comment(folder: Path) -> None:
    client = Program(folder, FIRST).client()
    page = client.get("/").text
    assert "Enter Security Code" in page
    answer = posted(client, "/", page, body="What a post.")
    assert answer.status_code == 200
    assert "<p>What a post.</p>" in answer.text


def test_after_a_wrong_code_the_right_one_completes_the_same_post(folder: Path) -> None:
    client = Program(folder, FIRST).client()
    form = {"body": "Kept text", **solved_form(client, client.get("/").text), "captcha_answer": "wrong"}
    wrong = client.post("/", data=form)
    assert wrong.status_code == 422
    assert "Kept text" in wrong.text
    assert "<p>Kept text</p>" in posted(client, "/", wrong.text, body="Kept text").text


def test_the_view_knows_what_was_held(folder: Path) -> None:
    program = Program(folder, FIRST, NOTES)
    client = program.client()
    links = "http://a.example http://b.example"
    page = client.post("/notes", data={"body": links}).text
    assert posted(client, "/notes", page, body=links).status_code == 200
    [(state, _, reasons)] = program.names["comments"]
    assert state == "held"
    assert "links" in reasons


def test_the_hosts_own_page_is_shown_again_with_the_text(folder: Path) -> None:
    assert REFILLED in INTEGRATION
    client = Program(folder, FIRST.replace("</textarea>", REFILLED), GUESTBOOK).client()
    page = client.get("/guestbook").text
    form = {"body": "Kept text", **solved_form(client, page), "captcha_answer": "wrong"}
    wrong = client.post("/guestbook", data=form)
    assert wrong.status_code == 422
    assert '<textarea name="body">Kept text</textarea>' in wrong.text
    assert "That was not the code." in wrong.text
    assert "<p>Kept text</p>" in posted(client, "/guestbook", wrong.text, body="Kept text").text


def test_the_tuning_shown_is_accepted(tmp_path: Path) -> None:
    app = Flask("tuned", instance_path=str(tmp_path / "tuned"))
    app.config["SECRET_KEY"] = f"s{secrets.token_hex()}"
    exec(TUNING, {"app": app})  # noqa: S102 - that is the point
    CaptchaGuard(app)


# In its own folder, with the printed commands


@pytest.fixture
def address(folder: Path, secret: str) -> Iterator[str]:
    """Serve the first program with ``flask run``."""
    port = free_port()
    (folder / "app.py").write_text(FIRST)
    environ = {**os.environ, "FLASK_RUN_PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-m", "flask", "run"], cwd=folder, env=environ, stderr=subprocess.PIPE
    ) as run:
        try:
            wait_for_port(port)
            yield f"http://127.0.0.1:{port}/"
        finally:
            run.terminate()
            run.communicate()


def test_a_comment_at_the_address_of_flask_run_is_shown(address: str, folder: Path) -> None:
    page = read(address)
    program = Program(folder, FIRST)  # has the same secret, so it can solve the code
    answer = read(address, {"body": "The first comment.", **solved_form(program.app, page)})
    assert "<p>The first comment.</p>" in answer
    assert "<form" in answer
    assert "<p>The first comment.</p>" in read(address)


def read(address: str, form: Mapping[str, str] | None = None) -> str:
    with urlopen(address, urlencode(form).encode() if form else None) as answer:  # noqa: S310 - our own address
        return unescape(answer.read().decode())


def test_the_readmes_own_test_passes_however_often_it_is_run(folder: Path) -> None:
    (folder / "app.py").write_text(FIRST)
    (folder / "test_app.py").write_text(TEST)
    for _ in range(3):
        assert run_tests(folder).startswith("1 passed")
    assert not (folder / "instance").exists()


def test_many_such_tests_in_one_file_pass_with_the_same_comment_and_with_others(folder: Path) -> None:
    head, _, body = TEST.partition("def test_a_reader_can_comment(client):\n")
    tests = [f"def test_a_reader_can_comment_{number}(client):\n{body}" for number in range(4)]
    many = body.replace('"Thank you."', '"Thank you for part " + "I" * number').replace("\n    ", "\n        ")
    tests.append(f"def test_six_comments(client):\n    for number in range(6):\n    {many}")
    (folder / "app.py").write_text(FIRST)
    (folder / "test_app.py").write_text("\n\n".join([head, *tests]))
    assert run_tests(folder).startswith("5 passed")


def test_without_relax_the_second_run_finds_the_data_of_the_first(folder: Path) -> None:
    (folder / "app.py").write_text(FIRST)
    (folder / "test_app.py").write_text(TEST.replace("    relax(app)", "    # relax(app)"))
    assert run_tests(folder).startswith("1 passed")
    assert run_tests(folder).startswith("1 failed")


@pytest.mark.parametrize("block", [TEN_LINES, FIRST, NOTES])
def test_wrapping_a_route_takes_under_ten_lines(block: str) -> None:
    wrapping = block.partition("@app.")[2]
    assert len([line for line in wrapping.splitlines() if line.strip()]) < 10
