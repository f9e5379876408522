"""Keeps other sites from framing our pages: visitors could be made to type a code without seeing what for."""

from __future__ import annotations

from flask import Flask, Response

from ..request_state import current_request_state

POLICY = "Content-Security-Policy"


def init_frames(app: Flask) -> None:
    """Let ``forbid_frames`` run after every other ``after_request`` function.

    Flask runs the first one last. Set any earlier, our header would keep a host out that sets its own policy by
    ``headers.setdefault``, and be lost to one that just sets it.
    """
    app.after_request_funcs.setdefault(None, []).insert(0, forbid_frames)


def forbid_frames(response: Response) -> Response:
    """Add ``frame-ancestors 'self'`` to a page of ours, unless the host says itself who may frame it."""
    denied = response.headers.get("X-Frame-Options", "").strip().lower() == "deny"  # which frame-ancestors overrides
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
