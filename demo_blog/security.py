"""What every response says to the browser, and the guard against forged requests."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect, validate_csrf
from wtforms import ValidationError

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "media-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: over https the check against forged requests reads the referrer of our own pages.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

RENEWED_FOR = 7 * 24 * 60 * 60
"""Seconds for which a form that was open too long is shown again, ready to be sent."""

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Send the headers with every response, and ask every unsafe request for its token."""
    csrf.init_app(app)
    app.after_request(_add_headers)


def is_only_late() -> bool:
    """Whether the request's token against forgery is this reader's own, and merely older than it should be."""
    try:
        validate_csrf(request.form.get("csrf_token"), time_limit=RENEWED_FOR)
    except ValidationError:
        return False
    return True


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
