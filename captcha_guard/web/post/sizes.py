"""How much of a request is read at all, decided before anything parses it."""

from __future__ import annotations

from typing import Final

from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

#: Fields that a request may have, those of its query string included; so many texts, keys and lists in JSON.
MOST_FIELDS: Final = 2000

#: Bytes of a JSON body, and of a form's texts where the host has set no limit (Flask's MAX_FORM_MEMORY_SIZE).
LARGEST_BODY: Final = 500_000

URLENCODED: Final = "application/x-www-form-urlencoded"


def cap_size(request: Request) -> None:
    """Raise ``RequestEntityTooLarge`` for a form that is too long or has too many fields, without parsing it.

    The fields of a multipart form are counted by Werkzeug (``MAX_FORM_PARTS``), those of JSON when it is read.
    """
    if (separators := request.query_string.count(b"&")) >= MOST_FIELDS:
        raise RequestEntityTooLarge
    if request.mimetype != URLENCODED or "form" in vars(request):
        return
    most = 3 * largest_text(request)  # URL encoding writes up to three bytes for one
    request.max_content_length = min(most, request.max_content_length or most)
    try:
        body = request.get_data(cache=True)
    except RequestEntityTooLarge:
        raise
    except HTTPException:
        return  # the client has gone, or sent less than it said: whatever parses the form meets that again
    if separators + body.count(b"&") >= MOST_FIELDS:
        raise RequestEntityTooLarge


def largest_text(request: Request) -> int:
    """Return how many bytes all texts of this request may have together."""
    most = None if request.is_json else request.max_form_memory_size
    return LARGEST_BODY if most is None else most
