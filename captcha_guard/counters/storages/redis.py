"""Storages for ``limits`` on Redis and Valkey that enter, or look at, many moving windows in one round trip.

They are those of ``limits`` with two scripts more, under schemes of their own: ``batched+redis://`` and so on. A window
is the same list as theirs, so both can count in one store. What differs is the clock: the scripts take the time from
the server, so that hosts whose clocks disagree still agree on who was there in the last minute, and the answers speak
of the caller's clock, so that a ``reset_time`` is as far away as it says. Redis 5 or any Valkey is needed for that.
"""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from limits.errors import ConfigurationError, StorageError
from limits.storage import RedisClusterStorage, RedisSentinelStorage, RedisStorage

from .data_loss import Remembering, RememberingInBuckets
from .lua import NOW, Script
from .network import locations

PREFIX = "batched+"

_Said = TypeVar("_Said")

#: A limit's key as ``limits`` writes it: namespace, identifiers, amount, multiples, the granularity's name. Whose it is
#: stands first among the identifiers.
_LIMIT = re.compile(r"^([^/{}]+)/([^/{}]+)((?:/.*)?/\d+/\d+/[a-z]+)$")

#: One key for each window; limit, expiry in seconds and amount for each. Empty when all were entered, else the seconds
#: until there is room in all of them, and nothing has changed.
_ACQUIRE_ENTRIES = Script(f"""{NOW}
local longest = -1
for i, key in ipairs(KEYS) do
    local limit, expiry, amount = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    if amount > limit then
        longest = math.huge
    else
        local entered = redis.call('LINDEX', key, limit - amount)
        if entered and tonumber(entered) >= now - expiry then
            longest = math.max(longest, tonumber(entered) + expiry - now)
        end
    end
end
if longest >= 0 then
    return string.format('%.6f', longest)
end
local stamp = string.format('%.6f', now)
for i, key in ipairs(KEYS) do
    local limit, expiry, amount = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    for _ = 1, amount do
        redis.call('LPUSH', key, stamp)
    end
    redis.call('LTRIM', key, 0, limit - 1)
    redis.call('EXPIRE', key, expiry)
end
return ''
""")

#: One key for each window; limit and expiry in seconds for each. For each: the age of its oldest entry that still
#: counts, in seconds, and how many count. A list is sorted from the newest to the oldest.
_MOVING_WINDOWS = Script(f"""{NOW}
local found = {{}}
for i, key in ipairs(KEYS) do
    local low, high = 0, math.min(tonumber(ARGV[2 * i - 1]), redis.call('LLEN', key))
    local start = now - tonumber(ARGV[2 * i])
    while low < high do
        local middle = math.floor((low + high) / 2)
        if tonumber(redis.call('LINDEX', key, middle)) >= start then
            low = middle + 1
        else
            high = middle
        end
    end
    local age = 0
    if low > 0 then
        age = now - tonumber(redis.call('LINDEX', key, low - 1))
    end
    found[2 * i - 1], found[2 * i] = string.format('%.6f', age), low
end
return found
""")


class _Batches:
    """What the three storages have in common."""

    wrap_exceptions: bool
    base_exceptions: Any
    get_connection: Callable[..., Any]
    prefixed_key: Callable[[str], str]
    target_server: Any
    dependencies: Any

    def acquire_entries(self, entries: Sequence[tuple[str, int, int, int]]) -> float | None:
        """Enter several moving windows in one round trip: all of them, or none when one has no room.

        :param entries: (key, limit, expiry in seconds, amount) each, no key twice.
        :returns: None when all were entered, else the seconds until there is room, infinite for ``amount > limit``.
        """
        for group in self._together(entries):
            keys = [self.prefixed_key(key) for key, *_ in group]
            wait = self._run(_ACQUIRE_ENTRIES, keys, [part for _, *rest in group for part in rest])
            if wait:
                return float(wait)
        return None

    def get_moving_windows(self, windows: Sequence[tuple[str, int, int]]) -> list[tuple[float, int]]:
        """Look at several moving windows in one round trip.

        :param windows: (key, limit, expiry in seconds) each, no key twice.
        :returns: for each, when its oldest entry that counts was made (now when there is none) and how many count.
        """
        known: dict[str, tuple[float, int]] = {}
        for group in self._together(windows):
            keys = [self.prefixed_key(key) for key, *_ in group]
            found = self._run(_MOVING_WINDOWS, keys, [part for _, *rest in group for part in rest])
            now = time.time()
            for (key, *_), age, count in zip(group, found[::2], found[1::2], strict=True):
                known[key] = now - float(age), int(count)
        return [known[key] for key, *_ in windows]

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Enter a moving window ``amount`` times if it has room for all of them."""
        return self.acquire_entries([(key, limit, expiry, amount)]) is None

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Tell when the oldest entry in the window was made (now when there is none), and how many there are."""
        [window] = self.get_moving_windows([(key, limit, expiry)])
        return window

    def _together(self, windows: Sequence[Any]) -> list[Sequence[Any]]:
        """Part windows into groups that one script may touch."""
        return [windows] if windows else []

    def _run(self, script: Script, keys: Sequence[str], arguments: Sequence[object]) -> Any:
        with self._wrapping():
            return script.run(self.get_connection(), keys, arguments, self._unknown_script)

    @property
    def _unknown_script(self) -> type[Exception]:
        errors: Any = self.dependencies[self.target_server].module.exceptions
        return cast("type[Exception]", errors.NoScriptError)

    @contextmanager
    def _wrapping(self) -> Iterator[None]:
        try:
            yield
        except self.base_exceptions as error:
            if self.wrap_exceptions:
                raise StorageError(error) from error
            raise


class BatchedRedisStorage(_Batches, Remembering, RedisStorage):
    """One server. A batch is one script: atomic, and one round trip."""

    STORAGE_SCHEME = [PREFIX + scheme for scheme in RedisStorage.STORAGE_SCHEME]  # noqa: RUF012 (declared so by the base class)

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri.removeprefix(PREFIX), **options)


class BatchedRedisSentinelStorage(_Batches, Remembering, RedisSentinelStorage):
    """A server that sentinels watch. Unless told otherwise all is read from the primary: replicas may lag, or hang."""

    STORAGE_SCHEME = [PREFIX + scheme for scheme in RedisSentinelStorage.STORAGE_SCHEME]  # noqa: RUF012 (declared so by the base class)

    def __init__(
        self,
        uri: str,
        service_name: str | None = None,
        use_replicas: bool = False,  # noqa: FBT001, FBT002 (the signature of the base class)
        **options: Any,
    ) -> None:
        super().__init__(uri.removeprefix(PREFIX), service_name, use_replicas, **options)


class BatchedRedisClusterStorage(_Batches, RememberingInBuckets, RedisClusterStorage):
    """A cluster, connected to when it is first used.

    A script may touch keys of one slot only. All limits with the same first identifier, which is whose they are, are
    given it as their hash tag, and so one slot. A batch over several of them is one script for each, in the order of
    the keys; when a later one has no room, what the earlier ones entered stays. All other keys go into buckets, which
    remember each for itself.
    """

    STORAGE_SCHEME = [PREFIX + scheme for scheme in RedisClusterStorage.STORAGE_SCHEME]  # noqa: RUF012 (declared so by the base class)

    def __init__(
        self,
        uri: str,
        key_prefix: str = RedisStorage.PREFIX,
        wrap_exceptions: bool = False,  # noqa: FBT001, FBT002 (the signature of every storage)
        **options: Any,
    ) -> None:
        uri = uri.removeprefix(PREFIX)
        if not all(node.hostname and node.port for node in locations(uri)):
            raise ConfigurationError("each node of a cluster needs a host and a port")
        self.key_prefix = key_prefix
        self.wrap_exceptions = wrap_exceptions
        self.target_server = "valkey" if uri.startswith("valkey") else "redis"
        self.dependency = self.dependencies[self.target_server].module
        self._connecting = threading.Lock()
        self._connect: Callable[[], RedisClusterStorage] = lambda: RedisClusterStorage(
            uri, key_prefix, wrap_exceptions, **options
        )

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What a cluster raises that can't be reached or is not whole."""
        return cluster_faults(self)

    def __getattr__(self, name: str) -> Any:
        """Connect to the cluster when something is first asked of it."""
        if name != "storage" and not name.startswith("lua_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        with self._connecting:
            if name not in self.__dict__:
                self.__dict__.update(vars(self._connect()))
        return self.__dict__[name]

    def prefixed_key(self, key: str) -> str:
        """Return the key in the store, with the hash tag of whom it limits, or else of its bucket."""
        limit = _LIMIT.sub(r"\1/{\2}\3", key)
        return super().prefixed_key(limit) if "{" in limit else self.with_bucket(key)

    def get_moving_windows(self, windows: Sequence[tuple[str, int, int]]) -> list[tuple[float, int]]:
        """Look at several moving windows, in one round trip for each slot."""
        return self._asked_twice(lambda: super(BatchedRedisClusterStorage, self).get_moving_windows(windows))

    def remember(self) -> None:
        """Begin to remember in every bucket, where that has not begun; one round trip for each node."""
        self._asked_twice(super().remember)

    def reset(self) -> int | None:
        """Forget every key, one after the other; returns how many there were."""
        cluster: Any = self.get_connection()
        return int(sum(cluster.delete(key) for key in list(cluster.scan_iter(match=super().prefixed_key("*")))))

    def _asked_twice(self, ask: Callable[[], _Said]) -> _Said:
        """Ask what may be asked twice again when a node can't be reached: the client knows then who replaced it."""
        errors: Any = self.dependency.exceptions
        try:
            return ask()
        except (errors.ConnectionError, StorageError):
            return ask()

    def _together(self, windows: Sequence[Any]) -> list[Sequence[Any]]:
        with self._wrapping():
            cluster: Any = self.get_connection()
        groups: dict[int, list[Any]] = defaultdict(list)
        for window in windows:
            groups[cluster.keyslot(self.prefixed_key(window[0]))].append(window)
        return list(groups.values())


def cluster_faults(storage: RedisClusterStorage) -> tuple[type[Exception], ...]:
    """List what the client of a cluster raises; one of them is no error of Redis by its class."""
    name = "RedisClusterException" if storage.target_server == "redis" else "ValkeyClusterException"
    errors: Any = storage.dependency.exceptions
    return (errors.RedisError if storage.target_server == "redis" else errors.ValkeyError), getattr(errors, name)
