"""The script and the stylesheet: small, cached for as long as their names allow, and free of sentences."""

from __future__ import annotations

import gzip
import re

import pytest
from flask.testing import FlaskClient

from captcha_guard.web.views.assets import FOLDER, hashed_name
from tests.integration.host_blog import Page

STATIC = "/captcha-guard/static"
NAMES = ("captcha_guard.css", "captcha_guard.js")


def test_pages_load_both_files_under_names_that_browsers_may_keep_for_a_year(client: FlaskClient) -> None:
    tags = Page(client.get("/posts/one").text).tags
    loaded = [given.get("src") or given["href"] for tag, given in tags if tag in ("script", "link")]
    assert loaded == [f"{STATIC}/{hashed_name(name)}" for name in NAMES]
    for address, name in zip(loaded, NAMES, strict=True):
        answer = client.get(address, buffered=True)
        assert answer.data == (FOLDER / name).read_bytes()
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Expires" not in answer.headers


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_name_is_kept_for_ten_minutes(client: FlaskClient, name: str) -> None:
    answer = client.get(f"{STATIC}/{name}", buffered=True)
    assert answer.data == (FOLDER / name).read_bytes()
    assert answer.headers["Cache-Control"] == "public, max-age=600"


@pytest.mark.parametrize("name", NAMES)
def test_another_hash_is_not_found(client: FlaskClient, name: str) -> None:
    hashed = hashed_name(name)
    wrong = hashed.replace(hashed[14:30], "0" * 16)
    assert client.get(f"{STATIC}/{wrong}").status_code == 404
    assert client.get(f"{STATIC}/{hashed.replace('captcha_guard', 'other')}").status_code == 404


def test_the_script_is_small() -> None:
    assert len(gzip.compress((FOLDER / "captcha_guard.js").read_bytes(), 9)) < 6 * 1024


def test_the_script_has_no_sentence_because_its_texts_come_from_the_page() -> None:
    code = re.sub(r"^\s*//.*$|\s//.*$", "", (FOLDER / "captcha_guard.js").read_text(), flags=re.MULTILINE)
    assert re.findall(r"""["'`][A-Z][a-z]+ [^"'`]*["'`]""", code) == []
