"""The journal's only stylesheet, joined from the files in ``styles/``. Every page loads it, the desk's as well."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, request, url_for
from flask.typing import ResponseReturnValue

from demo_blog.caching import VERSION, YEAR_SECONDS

bp = Blueprint("stylesheet", __name__)

FOLDER = Path(__file__).parent / "styles"
PARTS = ("journal", "article", "code", "comments", "desk", "charts", "print")
"""The files without ``.css``. A later one overrules an earlier one."""


def init_app(app: Flask) -> None:
    """Add ``stylesheet_url()`` to the templates."""
    app.jinja_env.globals["stylesheet_url"] = address


def address() -> str:
    """Return the stylesheet's address, with a version that changes with its text."""
    version: Any = {VERSION: _joined()[1]}
    return url_for("stylesheet.show", **version)


@bp.get("/journal.css")
def show() -> ResponseReturnValue:
    """Return the stylesheet. Under its version, caches may store it for a year."""
    text, version = _joined()
    response = Response(text, mimetype="text/css")
    if request.args.get(VERSION) == version:
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    response.add_etag()
    return response.make_conditional(request)


def _joined() -> tuple[str, str]:
    files = [FOLDER / f"{part}.css" for part in PARTS]
    return _read(tuple((file, file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=2)
def _read(files: tuple[tuple[Path, int], ...]) -> tuple[str, str]:
    """Return the joined text and its version. Files are read again after a change."""
    text = "\n".join(file.read_text("utf-8") for file, _ in files)
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]
