"""Answers that scripts insert into a page. htmx needs a fragment, and a Turbo Frame needs an element with its id."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from ..language import template_texts
from ..state import NAME

#: The header that describes an answer to htmx for our script. ``code``: it has a field with a code. ``refused``: it has
#: no field, and the code is spent. ``again``: the code can be sent again. ``host``: it's the host's own page for a
#: refusal. ``spent``: it's the view's answer, and the form in the page needs a new code.
MARK: Final = "Captcha-Guard"

#: The most characters of a Turbo Frame's id that an answer repeats.
LONGEST_FRAME: Final = 200


def is_htmx() -> bool:
    """Return whether htmx sent this request, including requests from boosted forms and links."""
    return request.headers.get("HX-Request") == "true"


def mark(response: Response, value: str) -> None:
    """Set the header that describes an answer to htmx. Our own answers don't change the address in the browser."""
    if is_htmx():
        response.headers[MARK] = value
        if value not in ("host", "spent"):
            response.headers["HX-Push-Url"] = "false"


def layout() -> dict[str, object]:
    """Return the template variables ``layout`` (template to extend), ``whole`` (page), ``frame`` (its id), and texts.

    A form on a whole page is sent without Turbo. Otherwise a view could answer with a stream of changes to the
    visitor's page, which our page has replaced.
    """
    frame = request.headers.get("Turbo-Frame", "")[: LONGEST_FRAME + 1]
    if is_htmx() or len(frame) > LONGEST_FRAME:
        frame = ""
    whole = not frame and (not is_htmx() or request.headers.get("HX-Boosted") == "true")
    return {
        "layout": f"{NAME}/{'layout' if whole else 'fragment'}.html",
        "whole": whole,
        "frame": frame,
    } | template_texts()
