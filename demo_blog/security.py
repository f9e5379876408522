"""Security headers for every response, the session cookie, and protection against cross-site request forgery (CSRF)."""

from __future__ import annotations

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect, validate_csrf
from wtforms import ValidationError

from demo_blog.signing import keys

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
    # Not no-referrer: over https the CSRF check reads the referrer of the journal's own pages.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

MAX_CSRF_TOKEN_AGE = 7 * 24 * 60 * 60
"""Seconds. A form whose CSRF token has expired is shown again, ready to be sent, if the token is younger than this."""

csrf = CSRFProtect()


class SessionCookie(SecureCookieSessionInterface):
    """A session cookie that browsers send over https only, if they got it over https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return whether the cookie gets the attribute ``Secure``."""
        return super().get_cookie_secure(app) or request.is_secure


def init_app(app: Flask) -> None:
    """Set up the session cookie and the headers, and require a CSRF token in every unsafe request."""
    app.session_interface = SessionCookie()
    # Flask-WTF itself ignores SECRET_KEY_FALLBACKS, so every open form would be refused after a change of the key.
    app.config.setdefault("WTF_CSRF_SECRET_KEY", keys(app))
    csrf.init_app(app)
    app.after_request(_add_headers)


def csrf_token_only_expired() -> bool:
    """Whether the request's CSRF token belongs to this session and is younger than ``MAX_CSRF_TOKEN_AGE``."""
    try:
        validate_csrf(request.form.get("csrf_token"), time_limit=MAX_CSRF_TOKEN_AGE)
    except ValidationError:
        return False
    return True


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
