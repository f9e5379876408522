"""Opens the store behind limits and spent nonces, and knows the errors it raises when it fails."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, cast

from limits.errors import ConfigurationError, StorageError
from limits.storage import RedisClusterStorage, Storage, storage_from_string

from ..config.validators import without_password
from ..errors import ConfigError
from ..health import Health, Trial
from .storages import memcached, redis
from .storages.memory import LockedMemoryStorage
from .storages.network import NETWORK_TIMEOUT, network_options
from .storages.sqlite import SQLiteStorage  # noqa: F401 (its import makes sqlite:// known)
from .storages.tls_hints import advice

__all__ = ["NETWORK_TIMEOUT", "faults_of", "health_of", "open_storage", "refusing", "storage_arguments", "trial_of"]

#: Seconds for which a store keeps a value that is only written to test whether writing works.
TRIAL_LIFE: Final = 60


class _Kind(NamedTuple):
    """An example of a scheme's URI, and the prefix that selects the guard's own storage for it."""

    example: str
    prefix: str = ""


_KINDS = {
    "memory": _Kind("memory://"),
    "sqlite": _Kind("sqlite:////var/lib/blog/counters.sqlite3"),
    **dict.fromkeys(("redis", "rediss", "valkey", "valkeys"), _Kind("{scheme}://host:6379/0", redis.PREFIX)),
    **dict.fromkeys(("redis+unix", "valkey+unix"), _Kind("{scheme}:///run/redis/redis.sock", redis.PREFIX)),
    **dict.fromkeys(("redis+sentinel", "valkey+sentinel"), _Kind("{scheme}://host:26379/service", redis.PREFIX)),
    **dict.fromkeys(("redis+cluster", "valkey+cluster"), _Kind("{scheme}://host:7000,other:7000", redis.PREFIX)),
    "memcached": _Kind("memcached://host:11211", memcached.PREFIX),
    **dict.fromkeys(("mongodb", "mongodb+srv"), _Kind("{scheme}://host/")),
}


def open_storage(uri: str) -> Storage:
    """Return the store at a URI that ``limits`` knows, or at ``sqlite:///``. It connects on first use.

    A store on the network has 0.25 s to connect and 0.25 s to answer, and isn't asked again: if the answer to an
    increment were lost, repeating it would make a fresh nonce look spent. The URI's query can change these options.

    :raises ConfigError: the scheme or an option is unknown, a driver is missing, or the URI is malformed. The message
        never shows the password.
    """
    with refusing(uri):
        address, options = storage_arguments(uri)
        return cast("Storage", storage_from_string(address, **options))


def storage_arguments(uri: str) -> tuple[str, dict[str, Any]]:
    """Return the URI and the options with which ``limits`` (or Flask-Limiter) opens the guard's store.

    :raises ConfigError: the scheme or an option is unknown.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in _KINDS:
        known = ", ".join(f"{name}://" for name in _KINDS)
        raise ConfigError(f"storage {without_password(uri)!r} has an unknown scheme; use one of {known}")
    if scheme == "memory":
        return f"{LockedMemoryStorage.STORAGE_SCHEME[0]}://{rest}", {}
    if scheme == "sqlite":
        return uri, {}
    try:
        address, options = network_options(uri)
    except ConfigError as error:
        raise ConfigError(f"storage {without_password(uri)!r}: {error}") from None
    return _KINDS[scheme].prefix + address, options


@contextmanager
def refusing(uri: str) -> Iterator[None]:
    """Turn the errors of opening a store into a ``ConfigError`` whose message says how to fix it."""
    try:
        yield
    except (ConfigurationError, ImportError, ValueError) as error:  # not chained: they may quote the password
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(_refusal(uri, uri.partition("://")[0], error)) from None


def faults_of(storage: Storage) -> tuple[type[Exception], ...]:
    """Return the exceptions that a store raises when it can't be reached or used."""
    own = storage.base_exceptions
    if isinstance(storage, RedisClusterStorage):
        own = redis.cluster_faults(storage)
    return (*(own if isinstance(own, tuple) else (own,)), StorageError, OSError)


def health_of(storage: Storage, told: Callable[[Exception | None], None] = lambda _: None) -> Health:
    """Return the health of the counters' store. ``told`` is :class:`~captcha_guard.health.Health`'s ``on_change``."""
    meanwhile = "each process counts by itself with stricter limits, and codes can't be verified"
    name, trial = "The counters' store", trial_of(storage)
    return Health(faults_of(storage), name=name, meanwhile=meanwhile, advice=advice, trial=trial, on_change=told)


def trial_of(storage: Storage) -> Trial:
    """Return the trial of a storage. It writes a new key each time, because a full disk may still change an old one."""
    key = "captcha_guard/trial/{}".format
    return Trial(lambda: storage.get(key("")), lambda: storage.incr(key(secrets.token_hex(8)), TRIAL_LIFE))


def _refusal(uri: str, scheme: str, error: Exception) -> str:
    if isinstance(error, ImportError) or "prerequisite not available" in str(error):
        extra = next(name for name in ("redis", "valkey", "memcached", "mongodb") if scheme.startswith(name))
        return f"storage {without_password(uri)!r} needs a driver that is missing; run: pip install 'limits[{extra}]'"
    if scheme == "sqlite":
        return f"storage {error}"
    example = _KINDS[scheme].example.format(scheme=scheme)
    return f"storage {without_password(uri)!r} is malformed; write it like {example!r}"
