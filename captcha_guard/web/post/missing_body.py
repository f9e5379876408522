"""Reports a guarded route whose POSTs have no field that looks like a comment's body."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Request

    from ..protection import Protection
    from ..state import State
    from .posted import Posted

logger = logging.getLogger("captcha_guard")

#: How many field names a log line lists, and how many characters of each.
LISTED = (8, 40)


def report_missing_body(request: Request, state: State, protection: Protection, posted: Posted) -> None:
    """Log, once per route and process, that a POST had no body, and how to name the body's field."""
    endpoint = request.endpoint or ""
    if posted.has_body or endpoint in state.bodiless:
        return
    state.bodiless.add(endpoint)
    most, longest = LISTED
    names = ", ".join(repr(name[:longest]) for name, _ in posted.values[:most])
    logger.warning(
        "captcha_guard: a POST to the route %r has no field that looks like a comment's body. %s%s %s",
        endpoint,
        wanted_body(protection),
        f" The form sent {names}." if names else "",
        HOW_TO_NAME_IT,
    )


#: How to fix a missing body.
HOW_TO_NAME_IT = (
    "Name the field that holds the text, fields={'body': '...'}, or the fields without a visitor's text, "
    "ignore=('...',)."
)


def wanted_body(protection: Protection) -> str:
    """Return a sentence that names the fields in which the guard looks for the body."""
    names = " or ".join(repr(name) for name in protection.names_of("body"))
    if "body" in protection.fields:
        return f"fields={{'body': {protection.fields['body']!r}}} names a field that isn't there."
    return f"The guard looks for {names}."
