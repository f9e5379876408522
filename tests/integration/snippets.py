"""Runs the code of documents as a new user would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from captcha_guard.testing import solved_form

ROOT = Path(__file__).parents[2]


def python_of(document: str) -> list[str]:
    """Return the Python blocks of one document, in order."""
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


class Program:
    """The blocks of one program, in a file of a folder."""

    def __init__(self, folder: Path, *blocks: str) -> None:
        self.names: dict[str, Any] = {"__name__": "app", "__file__": str(folder / "app.py")}
        for block in blocks:
            (folder / "app.py").write_text(block)
            exec(compile(block, folder / "app.py", "exec"), self.names)  # noqa: S102 - that is the point

    @property
    def app(self) -> Flask:
        app: Flask = self.names["app"]
        return app

    def client(self) -> FlaskClient:
        return self.app.test_client()


def posted(client: FlaskClient, url: str, page: str, **fields: str) -> TestResponse:
    """Post the form in ``page`` with the right code, and follow the redirect."""
    return client.post(url, data={**hidden(page), **fields, **solved_form(client, page)}, follow_redirects=True)


def hidden(page: str) -> dict[str, str]:
    """Return Flask-WTF's token in a page, if there is one."""
    found = re.findall(r'<input[^>]*name="csrf_token"[^>]*value="([^"]+)"', page)
    return {"csrf_token": found[0]} if found else {}


def run_tests(folder: Path) -> str:
    """Run pytest in ``folder`` as a new user does. Returns its last line."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # a new user has none
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1].strip("= ")
