"""The Flask-Limiter whose storage is the counters' one store: the host's, or one of the guard's own."""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from limits.storage import MovingWindowSupport, SlidingWindowCounterSupport, Storage

from ..counters.client import SHARED
from ..counters.store import refusing, storage_arguments
from ..errors import ConfigError
from .state import NAME


def storage_for(uri: str, limiter: Limiter | None) -> Storage:
    """Return the store to count in: that of the host's ``limiter``, or of a limiter made here for ``uri``.

    A limiter that the host has switched off has no store, so it counts like none. Raises ``ConfigError`` when the store
    can't be opened.
    """
    if limiter is None or not limiter.enabled:
        with refusing(uri):
            return _own_limiter(uri).storage
    if not limiter.initialized:
        raise ConfigError("the limiter handed to CaptchaGuard is not set up: call limiter.init_app(app) first")
    return limiter.storage


def strategy_of(storage: Storage) -> str:
    """Return the most exact way of counting that a storage has."""
    if isinstance(storage, MovingWindowSupport):
        return "moving-window"
    return "sliding-window-counter" if isinstance(storage, SlidingWindowCounterSupport) else "fixed-window"


def _own_limiter(uri: str) -> Limiter:
    """Set up a limiter on an application of its own, which has none of the host's ``RATELIMIT_`` settings.

    So those reach no store of ours, ours switch nothing on or off for the host, and ``app.extensions["limiter"]``
    holds the host's limiters only.
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
