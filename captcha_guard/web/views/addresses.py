"""Addresses of pages: paths on the host that was asked, whatever hosts and sub-paths the application serves."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from flask import request

from ..post.posted import RELOAD
from ..state import current_state

#: Signs that stand in a query string as they are; "%" begins what the browser has encoded itself.
IN_QUERY: Final = "%!$&'()*+,/:;=?@[]"

#: Bytes of a query that a form repeats. Servers take request lines of some 4 (gunicorn) or 8 KiB (nginx) as a rule.
LONGEST_QUERY: Final = 4_096


def own_path(name: str) -> str:
    """Return the path of a picture, a file or another page of the guard's; ``name`` is what follows the prefix."""
    return f"{_path(request.script_root)}{current_state().settings.url_prefix}/{name}"


def asked_address() -> str:
    """Return path and query of this request, so that a form can be sent there once more.

    It is empty for a query that is longer than most servers take: an empty address in a form means the page's own, and
    a page needn't be as large as what was asked for.
    """
    if len(request.query_string) > LONGEST_QUERY:
        return ""
    query = quote(request.query_string, safe=IN_QUERY)
    return f"{_asked_path()}?{query}" if query else _asked_path()


def renewed_address(mark: str) -> str:
    """Return the address of this page as a link that loads it anew: without a new ``mark`` the browser only scrolls."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != RELOAD]
    return f"{_asked_path()}?{urlencode([*query, (RELOAD, mark)])}"


def _asked_path() -> str:
    return _path(f"{request.script_root}{request.path}") or "/"


def _path(decoded: str) -> str:
    """Return a path URL-encoded and with one slash in front: two would make its first part another host's name."""
    stripped = decoded.lstrip("/")
    return f"/{quote(stripped)}" if stripped else ""
