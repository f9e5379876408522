"""What a request does by its method: it only shows something, or it brings something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from flask import Request
from werkzeug.exceptions import HTTPException

#: Methods that show a page. All others bring something: OPTIONS and TRACE too, where Flask lets a view answer them.
SHOWING: Final = frozenset({"GET", "HEAD"})

#: Bytes that are read at most of a body whose length nothing tells, to find out whether there is one.
LARGEST_UNKNOWN: Final = 500_000


def only_shows(request: Request) -> bool:
    """Say whether a request fetches a page and brings no body along that a view could store."""
    return request.method in SHOWING and not _has_body(request)


@contextmanager
def head_as_get(request: Request) -> Iterator[None]:
    """Let HEAD be GET meanwhile, as HTTP has it: a view that asks only for ``"GET"`` would take it for a POST.

    The server still sends no body, because it goes by the environment.
    """
    method = request.method
    if method != "HEAD":
        yield
        return
    request.method = "GET"
    try:
        yield
    finally:
        request.method = method


def _has_body(request: Request) -> bool:
    environ = request.environ
    if environ.get("HTTP_TRANSFER_ENCODING") or environ.get("CONTENT_LENGTH", "").strip() not in ("", "0"):
        return True
    if "wsgi.input_terminated" not in environ:  # then Werkzeug reads nothing without a length
        return False
    request.max_content_length = min(LARGEST_UNKNOWN, request.max_content_length or LARGEST_UNKNOWN)
    try:
        return request.get_data() != b"" or bool(request.form or request.files)  # or parsed by somebody before us
    except HTTPException:  # too large, or broken off
        return True
