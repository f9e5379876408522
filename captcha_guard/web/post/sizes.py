"""Limits the size of a request before anything parses it."""

from __future__ import annotations

from typing import Final

from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

#: The most fields of a request, including its query string; in JSON the most texts, keys, lists and objects.
MOST_FIELDS: Final = 2000

#: The most bytes of a JSON body, and of a form's texts if the host has set no limit (Flask's MAX_FORM_MEMORY_SIZE).
LARGEST_BODY: Final = 500_000

URLENCODED: Final = "application/x-www-form-urlencoded"


def cap_size(request: Request) -> None:
    """Raise ``RequestEntityTooLarge`` for a form that is too long or has too many fields, without parsing it.

    Werkzeug counts the fields of a multipart form (``MAX_FORM_PARTS``). The fields of JSON are counted when it's read.
    """
    if (separators := request.query_string.count(b"&")) >= MOST_FIELDS:
        raise RequestEntityTooLarge
    if request.mimetype != URLENCODED or "form" in vars(request):
        return
    most = 3 * largest_text(request)  # URL encoding turns one byte into up to three
    request.max_content_length = min(most, request.max_content_length or most)
    try:
        body = request.get_data(cache=True)
    except RequestEntityTooLarge:
        raise
    except HTTPException:
        return  # the client has gone, or sent too little; parsing the form will raise this again
    if separators + body.count(b"&") >= MOST_FIELDS:
        raise RequestEntityTooLarge


def largest_text(request: Request) -> int:
    """Return the most bytes that all texts of this request may have together."""
    most = None if request.is_json else request.max_form_memory_size
    return LARGEST_BODY if most is None else most
