"""``python -m tests.before_migration``: runs the first programs of docs/migration/ with the packages that they use.

It also checks what the tables of these pages say about those packages. They aren't in the environment of the tests.
Install them in another one, beside Flask and this checkout::

    pip install flask-simple-captcha==5.5.5 flask-session-captcha==1.5.0 flask-session==0.8.0 cachelib
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import subprocess
import sys
import tempfile
from html import unescape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask import Flask, session
from flask.testing import FlaskClient

from tests.integration.snippets import Program, python_of

TYPED = "A word about lists."


def main() -> None:
    """Check both packages in a folder of its own. An assertion fails if a page isn't right."""
    os.environ["FLASK_SECRET_KEY"] = secrets.token_hex()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # the sessions are files in the working folder
        check_simple(Path(folder))
        check_session(Path(folder))


def before(page: str, folder: Path) -> Program:
    """Return the first program of a page."""
    return Program(folder, python_of(f"docs/migration/{page}.md")[0])


def check_simple(folder: Path) -> None:
    """Check flask-simple-captcha."""
    program = before("flask-simple-captcha", folder)
    client, captcha = program.client(), program.names["SIMPLE_CAPTCHA"]
    page = client.get("/").text
    assert "data:image" in page
    token = re.findall(r'name="captcha-hash" value="([^"]+)"', page)[0]
    assert "That was not the code." in posted(client, {"captcha-text": "wrong", "captcha-hash": token})

    made = captcha.create()
    typed = {"captcha-text": made["text"], "captcha-hash": made["hash"]}
    for _ in range(20):
        assert not captcha.verify("WRONG", made["hash"])
    assert not captcha.verify(made["text"].lower(), made["hash"])
    assert f"<p>{TYPED}</p>" in posted(client, typed)  # wrong tries haven't used the code up
    assert not captcha.verify(made["text"], made["hash"])
    other_process = [sys.executable, "-c", _VERIFY, captcha.secret, made["text"], made["hash"]]
    assert subprocess.run(other_process, check=True, capture_output=True, text=True).stdout == "True\n"
    report("flask-simple-captcha")


_VERIFY = """
import sys
from flask_simple_captcha import CAPTCHA
print(CAPTCHA(config={"SECRET_CAPTCHA_KEY": sys.argv[1]}).verify(*sys.argv[2:]))
"""


def check_session(folder: Path) -> None:
    """Check flask-session-captcha."""
    program = before("flask-session-captcha", folder)
    app, captcha = program.app, program.names["captcha"]
    client = app.test_client()
    page = client.get("/").text
    assert "data:image" in page
    assert "alt=" not in page
    first = answer_of(client)
    assert f"<p>{TYPED}</p>" in posted(client, {"captcha": first})

    client.get("/")
    older = answer_of(client)
    client.get("/")  # a second tab
    assert older != answer_of(client)
    assert "That was not the code." in posted(client, {"captcha": older})

    plain = Flask("plain")
    plain.config.update(SECRET_KEY=secrets.token_hex(), CAPTCHA_WIDTH=200, CAPTCHA_HEIGHT=80)
    type(captcha)(plain)

    @plain.get("/")
    def show() -> str:
        captcha.generate()
        return str(session[captcha.session_key])

    response = plain.test_client().get("/")
    cookie = response.headers["Set-Cookie"].partition("=")[2].partition(".")[0]
    assert response.text in _decoded(cookie)
    captcha.include_alphabet, captcha.include_numeric = True, False
    client.get("/")
    assert "That was not the code." in posted(client, {"captcha": answer_of(client).upper()})
    report("flask-session-captcha")


def _decoded(payload: str) -> str:
    """Return the content of a cookie's first part, which can be read without the key."""
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()


def answer_of(client: FlaskClient) -> str:
    """Return the answer in the session of a client."""
    with client.session_transaction() as kept:
        answer: Any = kept["captcha_answer"]
    return str(answer)


def posted(client: FlaskClient, fields: dict[str, str]) -> str:
    """Post a comment, and return the text of the page that follows."""
    return unescape(client.post("/", data={"body": TYPED, **fields}, follow_redirects=True).text)


def report(package: str) -> None:
    """Print that a package was checked."""
    print(f"{package} {version(package.replace('-', '_'))}: as the page says.")


if __name__ == "__main__":
    main()
