"""Keeps other sites from framing our pages. A frame could trick visitors into solving codes for something unseen."""

from __future__ import annotations

from flask import Flask, Response

from ..request_state import current_request_state

POLICY = "Content-Security-Policy"


def init_frames(app: Flask) -> None:
    """Register ``forbid_frames`` to run after every other ``after_request`` function.

    Flask runs the first function in the list last. If our header were set earlier, a host that sets its own policy with
    ``headers.setdefault`` would find ours there, and a host that assigns the header would overwrite ours.
    """
    app.after_request_funcs.setdefault(None, []).insert(0, forbid_frames)


def forbid_frames(response: Response) -> Response:
    """Add ``frame-ancestors 'self'`` to a page of ours, unless the host's own headers already limit framing."""
    # frame-ancestors would override X-Frame-Options.
    denied = response.headers.get("X-Frame-Options", "").strip().lower() == "deny"
    if not current_request_state().own_page or denied:
        return response
    policies = response.headers.getlist(POLICY)
    directives = [directive.split() for policy in policies for directive in policy.replace(",", ";").split(";")]
    if not any(words and words[0].lower() == "frame-ancestors" for words in directives):
        *others, last = policies or [""]
        stripped = last.strip().rstrip(";")
        added = f"{stripped}; frame-ancestors 'self'" if stripped else "frame-ancestors 'self'"
        response.headers.setlist(POLICY, [*others, added])
    return response
