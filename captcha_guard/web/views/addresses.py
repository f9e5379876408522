"""Addresses of pages, as paths on the requested host. They work for every host and sub-path of the application."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from flask import request

from ..post.origin import is_same_place
from ..state import current_state

#: Characters that a query string keeps unchanged. "%" begins what the browser has already encoded.
IN_QUERY: Final = "%!$&'()*+,/:;=?@[]"

#: The most bytes of a query that a form repeats. Usual limits for request lines are 4 KiB (gunicorn) and 8 KiB (nginx).
LONGEST_QUERY: Final = 4_096


def own_path(name: str) -> str:
    """Return the path of a picture, a file or another page of the guard. ``name`` follows the prefix."""
    return f"{_path(request.script_root)}{current_state().settings.url_prefix}/{name}"


def own_address(name: str) -> str:
    """Return the path as ``own_path`` does, but with scheme and host if a script on a page of another origin asks."""
    origin = request.headers.get("Origin", "")
    path = own_path(name)
    return path if not origin or is_same_place(origin, request.host) else f"{request.scheme}://{request.host}{path}"


def request_address() -> str:
    """Return the path and query of this request, so that a form can be sent there again.

    Returns "" if the query is longer than ``LONGEST_QUERY``, to keep the page small. A form with an empty address is
    sent to the page's own address.
    """
    if len(request.query_string) > LONGEST_QUERY:
        return ""
    query = quote(request.query_string, safe=IN_QUERY)
    return f"{_request_path()}?{query}" if query else _request_path()


def _request_path() -> str:
    return _path(f"{request.script_root}{request.path}") or "/"


def _path(decoded: str) -> str:
    """Return a path, URL-encoded, with one leading slash. With two, browsers would read its first part as a host."""
    stripped = decoded.lstrip("/")
    return f"/{quote(stripped)}" if stripped else ""
