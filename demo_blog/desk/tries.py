"""Limits failed log-ins for each name, beside the guard's limits for each client.

A stranger's failed tries lock a name for strangers only. A browser in which the owner has logged in before has a signed
cookie, and its tries are counted apart. So an attacker who knows the name can't keep the owner out of that browser. In
any other browser, the owner can use a log-in link.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from pathlib import Path

from flask import Flask, Response, current_app, request
from itsdangerous import BadSignature
from limits import RateLimitItem, RateLimitItemPerHour
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from demo_blog.signing import serializer

MOST_TRIES: RateLimitItem = RateLimitItemPerHour(10)
"""How many log-ins with one name may fail, from all clients together."""

COOKIE = "journal_browser"
PURPOSE = "browser in which an owner has logged in"
COOKIE_SECONDS = 365 * 24 * 60 * 60

_EXTENSION = "journal_log_in_tries"

logger = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Count in the guard's store if one is configured, otherwise in a SQLite file in the instance folder."""
    file = Path(app.instance_path) / "log_ins.sqlite3"
    address = str(app.config.get("CAPTCHA_GUARD_STORAGE_URI") or f"sqlite:///{file}")
    app.extensions[_EXTENSION] = FixedWindowRateLimiter(storage_from_string(address, wrap_exceptions=True))


def wait_for(name: str) -> int:
    """Count a try with this name. Returns 0 if it is allowed, otherwise the seconds to wait.

    Names without an owner are counted in the same way, so that the answer doesn't show which names exist.
    """
    limiter, key = _limiter(), _key(name)
    try:
        if limiter.hit(MOST_TRIES, key):
            return 0
        return max(1, round(limiter.get_window_stats(MOST_TRIES, key).reset_time - time.time()))
    except StorageError:
        logger.exception("The log-in limits can't be counted. Only the guard's limits apply to this log-in.")
        return 0


def succeeded(name: str) -> None:
    """Reset the count of this name after a log-in."""
    try:
        _limiter().clear(MOST_TRIES, _key(name))
    except StorageError:
        logger.exception("The log-in limits can't be reset.")


def remember_browser(response: Response, name: str) -> None:
    """Mark this browser as one in which ``name`` has logged in."""
    value = serializer(PURPOSE).dumps([name, secrets.token_urlsafe(12)])
    response.set_cookie(
        COOKIE,
        value,
        max_age=COOKIE_SECONDS,
        path=request.script_root + "/desk",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def _key(name: str) -> str:
    """Return what is counted: the browser if the owner has used it before, otherwise the name, as a hash."""
    counted = name.casefold()
    try:
        known, browser = serializer(PURPOSE).loads(request.cookies.get(COOKIE, ""))
        if known.casefold() == counted:
            counted = f"{counted} in {browser}"
    except (BadSignature, TypeError, ValueError, AttributeError):
        pass
    return hashlib.sha256(counted.encode("utf-8", "surrogatepass")).hexdigest()


def _limiter() -> FixedWindowRateLimiter:
    limiter: FixedWindowRateLimiter = current_app.extensions[_EXTENSION]
    return limiter
