"""The one store behind limits and spent nonces: how it is opened, and what it raises when it fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage, storage_from_string

from captcha_guard.errors import ConfigError

from .memory import LockedMemoryStorage
from .sqlite import SQLiteStorage  # noqa: F401 (its import makes sqlite:// known)

#: Seconds a store on the network may take, to connect and to answer, before it counts as failed.
NETWORK_TIMEOUT = 0.25

_EXAMPLES = {
    "memory": "memory://",
    "sqlite": "sqlite:////var/lib/blog/counters.sqlite3",
    **dict.fromkeys(("redis", "rediss", "valkey", "valkeys"), "{scheme}://host:6379/0"),
    **dict.fromkeys(("redis+unix", "valkey+unix"), "{scheme}:///run/redis/redis.sock"),
    **dict.fromkeys(("redis+sentinel", "valkey+sentinel"), "{scheme}://host:26379/service"),
    **dict.fromkeys(("redis+cluster", "valkey+cluster"), "{scheme}://host:7000,other:7000"),
    "memcached": "memcached://host:11211",
    **dict.fromkeys(("mongodb", "mongodb+srv"), "{scheme}://host/"),
}


def open_storage(uri: str) -> Storage:
    """Open a store that ``limits`` knows, ``sqlite:///`` included; most connect on first use only.

    Redis and Valkey get 0.25 s to answer and no second try: an increment that is repeated after a lost answer would
    read as a nonce already spent.

    :raises ConfigError: an unknown scheme, a missing driver or a malformed URI; the password is never shown.
    """
    with refusing(uri):
        address, options = storage_arguments(uri)
        return cast("Storage", storage_from_string(address, **options))


def storage_arguments(uri: str) -> tuple[str, dict[str, Any]]:
    """Return the URI and the options by which ``limits`` (or Flask-Limiter) opens the store the guard wants.

    :raises ConfigError: an unknown scheme.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in _EXAMPLES:
        known = ", ".join(f"{name}://" for name in _EXAMPLES)
        raise ConfigError(f"storage {_shown(uri)!r} is of no known kind; use one of {known}")
    if scheme == "memory":
        return f"{LockedMemoryStorage.STORAGE_SCHEME[0]}://{rest}", {}
    return uri, _network_options(scheme)


@contextmanager
def refusing(uri: str) -> Iterator[None]:
    """Turn what opening a store raises into a ``ConfigError`` that tells how to mend it."""
    try:
        yield
    except (ConfigurationError, ImportError, ValueError) as error:  # not chained: they may quote the password
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(_refusal(uri, uri.partition("://")[0], error)) from None


def faults_of(storage: Storage) -> tuple[type[Exception], ...]:
    """List what a store raises when it can't be reached or used."""
    own = storage.base_exceptions
    return (*(own if isinstance(own, tuple) else (own,)), StorageError, OSError)


def _network_options(scheme: str) -> dict[str, Any]:
    """Give the options by which a Redis or Valkey client fails fast, and once."""
    family = re.match(r"redis|valkey", scheme)
    if family is None:
        return {}
    waits: dict[str, Any] = {"socket_timeout": NETWORK_TIMEOUT, "socket_connect_timeout": NETWORK_TIMEOUT}
    backoff, retry = import_module(f"{family[0]}.backoff"), import_module(f"{family[0]}.retry")
    options = waits | {"retry": retry.Retry(backoff.NoBackoff(), 0)}
    return options | {"sentinel_kwargs": waits} if scheme.endswith("+sentinel") else options


def _refusal(uri: str, scheme: str, error: Exception) -> str:
    if isinstance(error, ImportError) or "prerequisite not available" in str(error):
        extra = next(name for name in ("redis", "valkey", "memcached", "mongodb") if scheme.startswith(name))
        return f"storage {_shown(uri)!r} needs a driver that is missing; run: pip install 'limits[{extra}]'"
    if scheme == "sqlite":
        return f"storage {error}"
    example = _EXAMPLES[scheme].format(scheme=scheme)
    return f"storage {_shown(uri)!r} is malformed; write it like {example!r}"


def _shown(uri: str) -> str:
    return re.sub(r"//.*@", "//***@", uri.partition("?")[0])
