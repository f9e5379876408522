"""Reports a guarded route whose POSTs have nothing that looks like a comment's body."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Request

    from ..protection import Protection
    from ..state import State
    from .posted import Posted

logger = logging.getLogger("captcha_guard")

#: Names of fields that a log line lists, and characters of each.
LISTED = (8, 40)


def tell_of_missing_body(request: Request, state: State, protection: Protection, posted: Posted) -> None:
    """Log, once per route in a process, that a POST had no body, and how to name its field."""
    endpoint = request.endpoint or ""
    if posted.has_body or endpoint in state.bodiless:
        return
    state.bodiless.add(endpoint)
    most, longest = LISTED
    names = ", ".join(repr(name[:longest]) for name, _ in posted.values[:most])
    logger.warning(
        "captcha_guard: a POST to the route %r has nothing that looks like a comment's body. %s%s %s",
        endpoint,
        wanted_body(protection),
        f" The form sent {names}." if names else "",
        HOW_TO_NAME_IT,
    )


#: What to do about it.
HOW_TO_NAME_IT = (
    "Name the field that holds the text, fields={'body': '...'}, or those that hold no visitor's text, ignore=('...',)."
)


def wanted_body(protection: Protection) -> str:
    """Return a sentence about the field that the guard takes for the body."""
    names = " or ".join(repr(name) for name in protection.names_of("body"))
    if "body" in protection.fields:
        return f"fields={{'body': {protection.fields['body']!r}}} names a field that isn't there."
    return f"The guard looks for {names}."
