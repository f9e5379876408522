"""The programs and commands of docs/migration/, run as an owner who moves to captcha_guard would.

The packages of the first two pages aren't installed here. ``python -m tests.before_migration`` runs their programs.
"""

from __future__ import annotations

import json
import re
import secrets
import shlex
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask import Flask
from sqlalchemy import func, select

from captcha_guard.config.settings import Settings
from captcha_guard.testing import relax, solved_form
from demo_blog.database import db
from demo_blog.models import Comment, CommentState, Post
from tests.integration.journal_fixtures import Reader, journal, printed_journal, reader
from tests.integration.snippets import ROOT, Program, hidden, posted, python_of

__all__ = ["journal", "printed_journal", "reader"]

PAGES = ["flask-simple-captcha", "flask-session-captcha", "flask-wtf-recaptcha"]
EXPORT = ROOT / "tests/data/wordpress/quill.000.xml"
TYPED = "A word about lists."

#: What a form of the old program sends beside the comment. The hash is as long as a real one.
OLD_FIELDS = {
    "flask-simple-captcha": {
        "captcha-text": "KWXYPT",
        "captcha-hash": f"{'eyJhbGci' * 4}.{'eyJoYXNo' * 45}.{'Kq3-_x' * 7}",
    },
    "flask-session-captcha": {"captcha": "48151"},
    "flask-wtf-recaptcha": {"g-recaptcha-response": "03AFcWeA5" * 60},
}


def programs(page: str) -> tuple[str, str]:
    """Return the program before and the program after."""
    before, after = python_of(f"docs/migration/{page}.md")
    return before, after


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLASK_SECRET_KEY", f"s{secrets.token_hex()}")
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_the_program_after_accepts_a_solved_comment_and_keeps_the_text_of_others(page: str, folder: Path) -> None:
    program = Program(folder, programs(page)[1])
    relax(program.app)
    client = program.client()
    form = client.get("/").text
    assert "Enter Security Code" in form
    typed = {**hidden(form), "body": TYPED, **solved_form(client, form), "captcha_answer": "wrong"}
    wrong = client.post("/", data=typed)
    assert wrong.status_code == 422
    assert TYPED in wrong.text
    assert f"<p>{TYPED}</p>" in posted(client, "/", wrong.text, body=TYPED).text


@pytest.mark.parametrize("page", PAGES)
def test_a_form_of_the_program_before_loses_nothing(page: str, folder: Path) -> None:
    program = Program(folder, programs(page)[1])
    client = program.client()
    old_form = {**hidden(client.get("/").text), "body": TYPED, **OLD_FIELDS[page]}
    asked = client.post("/", data=old_form)
    assert asked.status_code == 422
    assert TYPED in asked.text
    assert f"<p>{TYPED}</p>" in posted(client, "/", asked.text, body=TYPED).text


@pytest.mark.parametrize("page", [*PAGES, "wordpress"])
def test_every_setting_on_a_page_exists(page: str) -> None:
    named = set(re.findall(r"CAPTCHA_GUARD_(\w+)", (ROOT / f"docs/migration/{page}.md").read_text()))
    assert named
    assert {name for name in named if not hasattr(Settings(), name.lower())} == set()


# Flask-WTF's reCAPTCHA, with a server in Google's place


class Verifier(BaseHTTPRequestHandler):
    """Answers that the response ``solved`` is right. Keeps what it was sent."""

    sent: list[dict[str, list[str]]]

    def do_POST(self) -> None:
        query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.sent.append(query)
        answer = json.dumps({"success": query["response"] == ["solved"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def verifier() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """Return the address of a server that verifies, and what it is sent."""
    handler = type("Handler", (Verifier,), {"sent": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", handler.sent  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def test_the_program_with_recaptcha_sends_the_visitors_address_away(
    folder: Path, verifier: tuple[str, list[dict[str, list[str]]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, sent = verifier
    monkeypatch.setenv("FLASK_RECAPTCHA_PUBLIC_KEY", "public")
    monkeypatch.setenv("FLASK_RECAPTCHA_PRIVATE_KEY", "private")
    program = Program(folder, programs("flask-wtf-recaptcha")[0])
    program.app.config["RECAPTCHA_VERIFY_SERVER"] = address
    client = program.client()
    form = client.get("/").text
    assert "https://www.google.com/recaptcha/api.js" in form
    for response, stored in (("guessed", False), ("solved", True)):
        data = {**hidden(form), "body": TYPED, "g-recaptcha-response": response}
        answer = client.post("/", data=data, follow_redirects=True)
        assert (f"<p>{TYPED}</p>" in answer.text) is stored
    assert [query["remoteip"] for query in sent] == [["127.0.0.1"]] * 2
    assert "<p>Without</p>" not in client.post("/", data={**hidden(form), "body": "Without"}).text


# WordPress


def commands() -> list[list[str]]:
    """Return the arguments of the journal's commands on the page, in order."""
    page = (ROOT / "docs/migration/wordpress.md").read_text()
    blocks = re.findall(r"^ *```sh\n(.*?)```", page, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[3:] for line in lines if line.startswith("flask --app demo_blog ")]


@pytest.mark.parametrize("journal", ["sqlite"], indirect=True)
def test_the_commands_of_the_page_move_a_wordpress_blog(
    journal: Flask, reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(EXPORT, tmp_path / "export.xml")
    monkeypatch.chdir(tmp_path)
    assert [" ".join(command[:2]) for command in commands()] == [
        "journal init",
        "journal create-owner",
        "journal import-wordpress",
        "journal import-wordpress",
        "journal drafts",
    ]
    printed = []
    for command in commands():
        password = "a long password for otto\n" * 2 if "create-owner" in command else None
        result = journal.test_cli_runner().invoke(args=command, input=password)
        assert result.exit_code == 0, result.output
        printed.append(result.output)
    assert "Drafts: " in printed[-1]
    with journal.app_context():
        moved = select(func.count()).where(Comment.imported_from.is_not(None), Comment.state == CommentState.PUBLISHED)
        assert (db.session.scalar(moved) or 0) > 0
        post = db.session.scalars(select(Post).where(Post.imported_from == "quill.example/blog/?p=11")).one()
    answer = reader.client.get("/?p=11")
    assert (answer.status_code, answer.location) == (301, f"/posts/{post.slug}")


def test_the_factory_of_the_page_takes_the_settings(
    printed_journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("journal.sqlite3", "secret_key"):
        shutil.copy(printed_journal / name, tmp_path)
    monkeypatch.setenv("DEMO_BLOG_INSTANCE", str(tmp_path))
    [wsgi] = python_of("docs/migration/wordpress.md")
    names: dict[str, Any] = {}
    exec(wsgi, names)  # noqa: S102 - that is the point
    app = names["app"]
    page = Reader(app.test_client()).open()
    assert page.response.status_code == 200
    state = app.extensions["captcha_guard"]
    assert (state.settings.length, state.settings.max_links, state.settings.first_comment) == ((4, 5), 3, "hold")
    with app.app_context():
        db.engine.dispose()
