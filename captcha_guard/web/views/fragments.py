"""Answers for scripts that put them into a page: htmx takes a fragment, a Turbo Frame an element with its own id."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from ..state import NAME

#: The header that tells our script what an answer to htmx is: ``code`` has a field to solve; ``refused`` has none, and
#: the code is spent; ``again`` leaves the code as it was; ``host`` is the host's own page for a refusal; ``spent`` is
#: the view's answer, after which the form in the page needs a new code.
MARK: Final = "Captcha-Guard"

#: Characters of a Turbo Frame's id that an answer repeats.
LONGEST_FRAME: Final = 200


def is_htmx() -> bool:
    """Say whether htmx sent this request, also for a form or link that it has boosted."""
    return request.headers.get("HX-Request") == "true"


def mark(response: Response, what: str) -> None:
    """Say in an answer to htmx what it is. One of our own doesn't change the address that the browser shows."""
    if is_htmx():
        response.headers[MARK] = what
        if what not in ("host", "spent"):
            response.headers["HX-Push-Url"] = "false"


def layout() -> dict[str, str | bool]:
    """Return what our templates need to know: which ``layout`` they extend, and the ``frame`` that waits for them.

    A form is sent past Turbo unless it stays in its frame: a view may answer Turbo with a stream of changes to a page
    that ours has replaced.
    """
    frame = request.headers.get("Turbo-Frame", "")[: LONGEST_FRAME + 1]
    if is_htmx() or len(frame) > LONGEST_FRAME:
        frame = ""
    whole = not frame and (not is_htmx() or request.headers.get("HX-Boosted") == "true")
    return {"layout": f"{NAME}/{'layout' if whole else 'fragment'}.html", "whole": whole, "frame": frame}
