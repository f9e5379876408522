"""Caching: what browsers and shared caches may store, and for how long.

Pages that look the same to everybody are marked with :func:`public`. Files in ``static/`` have addresses with a version
and may be stored for a year. Everything else is private, because most pages contain a form with a CSRF token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import ParamSpec

from flask import Flask, Response, current_app, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.security import safe_join

PAGE_SECONDS = 60
FEED_SECONDS = 300
YEAR_SECONDS = 365 * 24 * 60 * 60

VERSION = "v"
"""The parameter in the address of a static file."""

P = ParamSpec("P")


def init_app(app: Flask) -> None:
    """Add versions to the addresses of static files, and a ``Cache-Control`` header to every response."""
    app.url_defaults(_add_version)
    app.after_request(_limit_caching)


def public(seconds: int) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, Response]]:
    """Let every cache store a view's page for ``seconds``. After that, the status is 304 if it hasn't changed.

    A visitor with a session, such as the author of a comment, always gets the newest version, and only the visitor's
    browser stores it: the response may renew the session's cookie.
    """

    def decorate(view: Callable[P, ResponseReturnValue]) -> Callable[P, Response]:
        @wraps(view)
        def cached(*args: P.args, **kwargs: P.kwargs) -> Response:
            response = make_response(view(*args, **kwargs))
            if response.status_code == 200:
                if current_app.config["SESSION_COOKIE_NAME"] in request.cookies:
                    response.headers["Cache-Control"] = "private, no-cache"
                else:
                    response.headers["Cache-Control"] = f"public, max-age={seconds}"
                response.add_etag()
                response.make_conditional(request)
            return response

        return cached

    return decorate


def _limit_caching(response: Response) -> Response:
    control = response.cache_control
    if request.endpoint == "static" and response.status_code in {200, 206, 304}:
        if request.args.get(VERSION) == _version_of((request.view_args or {}).get("filename", "")):
            response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    elif control.max_age is None and not control.no_store and not control.no_cache:
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def _add_version(endpoint: str, values: dict[str, object]) -> None:
    if endpoint == "static" and (version := _version_of(str(values.get("filename", "")))):
        values.setdefault(VERSION, version)


def _version_of(name: str) -> str | None:
    """Return a part of the SHA-256 of a static file, or ``None`` if there is no such file."""
    joined = safe_join(str(current_app.static_folder), name)
    if joined is None:
        return None
    path = Path(joined)
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return _hash(path, status.st_mtime_ns, status.st_size) if path.is_file() else None


@lru_cache(maxsize=256)
def _hash(path: Path, _modified: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
