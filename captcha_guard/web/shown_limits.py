"""The guard's limits as ``flask limiter limits`` shows them, and ``flask limiter clear --key ADDRESS`` forgets them.

Flask-Limiter's commands ask a limiter's ``limit_manager`` for the limits of each endpoint, and its strategy for the
standing of each under a key. So the manager names the guard's limits where a command asks, and to nobody else: the
guard charges them by itself. Their keys are made of the address that is typed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import click
from flask import Flask
from flask_limiter._limits import RuntimeLimit
from flask_limiter._manager import LimitManager
from limits import RateLimitItem

from ..counters.client import NOBODY, SHARED, SITE, WIDE, Client, Level, client_named, client_of
from ..counters.policy import Policy, name_at
from .identity import client_here
from .registry import guarded_routes
from .state import NAME, current_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask_limiter import Limiter


class ShownLimit(RateLimitItem):
    """One window of a policy, under the key of whoever is asked for.

    ``level`` is the network that is counted, or ``None``; ``newest`` stands for the key of today where yesterday's
    still binds.
    """

    __slots__ = ["GRANULARITY", "_level", "_limit", "_name", "_newest"]

    def __init__(self, limit: RateLimitItem, name: str, *, level: Level | None, newest: bool) -> None:
        super().__init__(limit.amount, limit.multiples, limit.namespace)
        self.GRANULARITY = limit.GRANULARITY  # type: ignore[misc]  # the base class has one for each of its classes
        self._limit, self._name, self._level, self._newest = limit, name, level, newest

    def key_for(self, *identifiers: bytes | str | float) -> str:
        """Return the key under which the guard counts this window of the client that the first word names.

        In a network that the client is not in, nothing is ever counted under it.
        """
        client = _client(str(identifiers[0]))
        keys = client.daily(self.get_expiry(), time.time(), self._level) or ("none",)
        return self._limit.key_for(keys[-1] if self._newest else keys[0], name_at(self._name, self._level))

    def __repr__(self) -> str:
        whose = _WHOSE[self._level]
        since = ", since midnight" if self._newest else ""
        return f"{self._name}: {self._limit!r}{whose}{since}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShownLimit) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


_WHOSE: Final = {None: "", SITE: ", of its /56 (IPv6)", WIDE: ", of its network (/24, /48)"}


class _Manager(LimitManager):
    """What a limiter knows of the limits of its application, and the guard's besides where a command asks."""

    def resolve_limits(
        self,
        app: Flask,
        endpoint: str | None = None,
        blueprint: str | None = None,
        callable_name: str | None = None,
        *rest: Any,
        **named: Any,
    ) -> tuple[list[RuntimeLimit], ...]:
        """Return the limits of an endpoint; a request, which names the function too, gets those of the limiter only."""
        known, decorated = super().resolve_limits(app, endpoint, blueprint, callable_name, *rest, **named)
        if callable_name is not None or rest or named or endpoint is None:
            return known, decorated
        return known, [*decorated, *_limits_of(endpoint)]


def show_limits(limiter: Limiter) -> None:
    """Let Flask-Limiter's commands see the guard's limits in this limiter."""
    manager = _Manager.__new__(_Manager)
    vars(manager).update(vars(limiter.limit_manager))  # the same lists, to which the host may still add
    limiter.limit_manager = manager


def _limits_of(endpoint: str) -> Iterator[RuntimeLimit]:
    state = current_state()
    own = {f"{NAME}.picture": "pictures", f"{NAME}.picture_2x": "pictures", f"{NAME}.challenge": "challenges"}
    if endpoint in own:
        yield from _windows_of(state.limits.policy(own[endpoint]))
    elif (protection := guarded_routes().get(endpoint)) is not None:
        for policy in (protection.limits or "comments", "wrong"):
            yield from _windows_of(state.limits.policy(policy))


def _windows_of(policy: Policy) -> Iterator[RuntimeLimit]:
    someone, now = Client("someone", ((SITE, "house"), (WIDE, "street"))), time.time()
    levels = {name_at(policy.name, level): level for level in _WHOSE}
    for charge in policy.charges(someone, prefix=NAME, now=now):
        key, name = charge.identifiers
        level = levels[name]
        keys = someone.daily(charge.item.get_expiry(), now, level)
        shown = ShownLimit(charge.item, policy.name, level=level, newest=key != keys[0])
        yield RuntimeLimit(shown, _key_here, scope=policy.name, shared=True)


def _key_here() -> str:
    return client_here().key


def _client(word: str) -> Client:
    """Return the client that somebody at the command line means; a word that means none is refused, not ``shared``."""
    state = current_state()
    if word == SHARED:
        return NOBODY
    if state.settings.client_key is not None and word.strip():
        return client_named(word, secret=state.secret)
    if (client := client_of(word, secret=state.secret)) == NOBODY:
        raise click.BadParameter(f"{word!r} is no address; {SHARED!r} means all who have none", param_hint="--key")
    return client
