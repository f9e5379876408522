"""Identifies the client of this request, by its address or by the host's name for it. Also finds exempt clients."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from flask import current_app, has_request_context, request

from ..counters.client import UNKNOWN_CLIENT, Client, address_of, client_named, client_of
from .request_state import current_request_state
from .state import State, current_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .protection import Protection

logger = logging.getLogger("captcha_guard")


def client_here() -> Client:
    """Return the client that sent this request. The result is cached for the rest of the request.

    Only ``request.remote_addr`` is read, because ProxyFix decides which proxy to trust. With
    ``CAPTCHA_GUARD_CLIENT_KEY`` the host names the client. All clients that it can't name share one client's limits.
    """
    request_state = current_request_state()
    if request_state.client is None:
        state = current_state()
        request_state.client = _client_under(state.secret, state)
    return request_state.client


def sender_keys() -> Iterator[str]:
    """Yield the key of the client that sent this request, then its keys under each older secret."""
    yield client_here().key
    state = current_state()
    for secret in state.secrets[1:]:
        yield _client_under(secret, state).key


def older_keys(client: str) -> Iterator[str]:
    """Yield the keys of a client under each older secret, if it is the client that sent this request."""
    if has_request_context() and current_state().secrets[1:] and client_here().key == client:
        keys = sender_keys()
        next(keys)
        yield from keys


def _client_under(secret: bytes, state: State) -> Client:
    named = state.settings.client_key
    if named is None:
        return client_of(request.remote_addr, secret=secret)
    return _named(state, cast("Callable[[], object]", named), secret)


def address_here() -> str:
    """Return the address that sent this request, without port, brackets and zone id. Returns "" if it isn't known."""
    return str(address_of(request.remote_addr) or "")


def is_exempt(protection: Protection) -> bool:
    """Return whether the host exempts the client of this request, for the whole site or for this route."""
    return any(
        _returns_true(function) for function in (current_state().exempt_when, protection.exempt_when) if function
    )


def _named(state: State, function: Callable[[], object], secret: bytes) -> Client:
    try:
        name = current_app.ensure_sync(function)()
    except Exception as error:
        return _unnamed(state, f"raised {type(error).__name__}: {error}")
    if not isinstance(name, str) or not name.strip():
        return _unnamed(state, f"returned {name!r}")
    if (seconds := state.naming.ends(state.clock())) is not None:
        logger.warning("CAPTCHA_GUARD_CLIENT_KEY names clients again, after %.1f s.", seconds)
    return client_named(name, secret=secret)


def _unnamed(state: State, problem: str) -> Client:
    if state.naming.begins(state.clock()):
        logger.warning("CAPTCHA_GUARD_CLIENT_KEY %s; all clients without a name share one client's limits.", problem)
    return UNKNOWN_CLIENT


def _returns_true(function: Callable[[], object]) -> bool:
    """Return whether the host's function returns True. If it fails, the client isn't exempt."""
    try:
        return current_app.ensure_sync(function)() is True
    except Exception:
        logger.exception("captcha_guard: exempt_when failed, so it exempts no client")
        return False
