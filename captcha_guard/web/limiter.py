"""Chooses the counters' storage: that of the host's Flask-Limiter, or of the guard's own limiter."""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from limits.storage import MovingWindowSupport, SlidingWindowCounterSupport, Storage

from ..counters.client import SHARED
from ..counters.store import refusing, storage_arguments
from ..errors import ConfigError
from .state import NAME


def storage_for(uri: str, limiter: Limiter | None) -> Storage:
    """Return the storage of the host's ``limiter``, or else of a new limiter for ``uri``.

    A limiter that the host has disabled has no storage, so it is treated as missing. Raises ``ConfigError`` when the
    storage can't be opened.
    """
    if limiter is None or not limiter.enabled:
        with refusing(uri):
            return _own_limiter(uri).storage
    if not limiter.initialized:
        raise ConfigError("the limiter passed to CaptchaGuard isn't set up: call limiter.init_app(app) first")
    return limiter.storage


def strategy_of(storage: Storage) -> str:
    """Return the name of the most exact counting strategy that a storage supports."""
    if isinstance(storage, MovingWindowSupport):
        return "moving-window"
    return "sliding-window-counter" if isinstance(storage, SlidingWindowCounterSupport) else "fixed-window"


def _own_limiter(uri: str) -> Limiter:
    """Return a limiter in a separate application, which doesn't have the host's ``RATELIMIT_`` settings.

    So the host's settings don't change our storage, ours don't change the host's limits, and
    ``app.extensions["limiter"]`` contains only the host's limiters.
    """
    address, options = storage_arguments(uri)
    return Limiter(
        lambda: SHARED,
        app=Flask(NAME, static_folder=None),
        storage_uri=address,
        storage_options=options,
        strategy="sliding-window-counter" if uri.startswith("memcached") else "moving-window",
        key_prefix=NAME,
    )
