"""Remembers an author's name, e-mail address and web address in a signed cookie, only if the author agrees to it."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadSignature

from demo_blog.comment_form import MAX_LENGTHS, CommentForm
from demo_blog.signing import serializer

COOKIE = "commenter"
MAX_AGE = 180 * 24 * 60 * 60
"""Seconds for which the browser keeps the cookie after the last comment."""

_FIELDS = ("author", "email", "url")


MAX_COOKIE = 3500
"""Characters of the longest cookie that is stored. Browsers drop those above 4 KB."""


def form() -> CommentForm:
    """Return the form for a new comment, filled in if the author has agreed to be remembered."""
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return CommentForm()
    try:
        values = serializer("remembered author").loads(cookie)
    except BadSignature:
        return CommentForm()
    known = {name: str(values.get(name, ""))[: MAX_LENGTHS[name]] for name in _FIELDS}
    return CommentForm.from_form(known | {"remember": "1"})


def store(response: Response, form: CommentForm) -> Response:
    """Store the author in the cookie if the form says so, or delete the cookie. Returns the response."""
    value = str(serializer("remembered author").dumps({name: getattr(form, name) for name in _FIELDS}))
    if form.remember and len(value) <= MAX_COOKIE:
        response.set_cookie(COOKIE, value, max_age=MAX_AGE, **_attributes())
    elif COOKIE in request.cookies:
        response.delete_cookie(COOKIE, **_attributes())
    return response


def _attributes() -> dict[str, Any]:
    """Return the cookie's attributes. Its path and security are those of the session cookie."""
    sessions = current_app.session_interface
    return {
        "path": sessions.get_cookie_path(current_app),
        "secure": sessions.get_cookie_secure(current_app) or request.is_secure,
        "httponly": True,
        "samesite": "Lax",
    }
