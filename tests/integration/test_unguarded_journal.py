"""The journal without a guard, which the load benchmark compares with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.crowd.journal import environment, make_journal

POST = """
import re, sys
from tests.crowd.journal import create_app
client, page = create_app().test_client(), sys.argv[1]
token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)[1]
comment = {"csrf_token": token, "author": "Ada", "body": "A bucket stays full.", "email": "", "url": ""}
print(client.post(f"{page}/comments", data=comment).status_code, "A bucket stays full." in client.get(page).text)
"""


def test_the_journal_without_a_guard_publishes_comments(tmp_path: Path) -> None:
    [page, *_] = make_journal(tmp_path)
    variables = {**os.environ, **environment(tmp_path, {}, guarded=False)}
    program = [sys.executable, "-c", POST, page]
    posted = subprocess.run(program, env=variables, capture_output=True, text=True, check=True)
    assert posted.stdout.split() == ["303", "True"]
