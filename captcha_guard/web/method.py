"""Distinguishes requests that only fetch a page from requests that send data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from flask import Request
from werkzeug.exceptions import HTTPException

#: Methods that only fetch a page. All others count as sending, including OPTIONS and TRACE if a view answers them.
FETCHING: Final = frozenset({"GET", "HEAD"})

#: The most bytes to read from a body of unknown length in order to see whether it is empty.
LARGEST_UNKNOWN: Final = 500_000


def only_fetches(request: Request) -> bool:
    """Return whether a request fetches a page and has no body that a view could store."""
    return request.method in FETCHING and not _has_body(request)


@contextmanager
def head_as_get(request: Request) -> Iterator[None]:
    """Set the method of a HEAD request to GET inside the ``with`` block.

    A view that compares the method with ``"GET"`` would otherwise treat HEAD as a POST. The server still sends no
    body, because it reads the method from the WSGI environment.
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
        return request.get_data() != b"" or bool(request.form or request.files)  # not empty if it was already parsed
    except HTTPException:  # too large, or the connection broke
        return True
