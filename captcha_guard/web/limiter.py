"""The application's Flask-Limiter, whose storage is the counters' one store."""

from __future__ import annotations

from flask import Flask, request
from flask_limiter import Limiter
from limits.storage import MovingWindowSupport, SlidingWindowCounterSupport, Storage

from ..counters.store import open_storage, refusing, storage_arguments
from ..errors import ConfigError
from .shown_limits import show_limits
from .state import NAME


class _StorageLimiter(Limiter):
    """A limiter that is there for its storage and its command line, and spares every request its own checks."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:  # noqa: FBT001, FBT002
        """Let the request pass."""


def storage_for(app: Flask, uri: str, limiter: Limiter | None) -> Storage:
    """Return the store to count in: that of the host's ``limiter``, or of one made here for ``uri``.

    The one made here is there for its storage and its command line: it lets every request pass, for limits in the
    host's configuration are the host's own limiter's. ``RATELIMIT_ENABLED`` switches Flask-Limiter off, not the guard.
    Raises ``ConfigError`` when there can be no such store.
    """
    with refusing(uri):
        if limiter is None:
            address, options = storage_arguments(uri)
            limiter = _StorageLimiter(
                lambda: request.remote_addr or "shared",
                storage_uri=address,
                storage_options=options,
                strategy="sliding-window-counter" if uri.startswith("memcached") else "moving-window",
                key_prefix=NAME,
            )
            limiter.request_filter(lambda: True)  # what lets every request pass; the subclass only spares the time
            limiter.init_app(app)
        if not limiter.enabled:
            return open_storage(uri)
    if not limiter.initialized:
        raise ConfigError("the limiter handed to CaptchaGuard is not set up: call limiter.init_app(app) first")
    show_limits(limiter)
    return limiter.storage


def strategy_of(storage: Storage) -> str:
    """Return the most exact way of counting that a storage has."""
    if isinstance(storage, MovingWindowSupport):
        return "moving-window"
    return "sliding-window-counter" if isinstance(storage, SlidingWindowCounterSupport) else "fixed-window"
