"""Storages for ``limits`` on Redis and Valkey that change or read several moving windows in one round trip.

They extend the storages of ``limits`` with two scripts, under schemes of their own: ``batched+redis://`` and so on. A
window is the same list as in ``limits``, so both can count in one store. The clock differs: the scripts use the
server's time, so that hosts whose clocks disagree still count the same last minute. Results are converted to the
caller's clock, so that a ``reset_time`` is right for the caller. This needs Redis 5 or any Valkey.
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

_Result = TypeVar("_Result")

#: The key of a policy's list of hits, or a limit's key as ``limits`` writes it: namespace, identifiers, amount,
#: multiples, name of the granularity. The first identifier is the client's key.
_LIMIT = re.compile(r"^([^/{}]+)/([^/{}]+)((?:/.*)?/(?:\d+/\d+/[a-z]+|hits(?:-[0-9a-f]+)?))$")

#: Keys: one for each window; windows with the same key look at one list. Arguments: limit, expiry in seconds and amount
#: of each. Returns "" if all entries were added, else the seconds until all windows have room. In that case nothing has
#: changed.
_ACQUIRE_ENTRIES = Script(f"""{NOW}
local longest, lists = -1, {{}}
for i, key in ipairs(KEYS) do
    local limit, expiry, amount = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    local list = lists[key] or {{limit = 0, expiry = 0}}
    list.limit, list.expiry = math.max(list.limit, limit), math.max(list.expiry, expiry)
    lists[key] = list
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
    local list = lists[key]
    if list then
        lists[key] = nil
        for _ = 1, tonumber(ARGV[3 * i]) do
            redis.call('LPUSH', key, stamp)
        end
        redis.call('LTRIM', key, 0, list.limit - 1)
        redis.call('EXPIRE', key, list.expiry)
    end
end
return ''
""")

#: Keys: one for each window. Arguments: limit and expiry in seconds of each. Returns, for each, the age in seconds of
#: its oldest entry that still counts, and how many count. A list is sorted from the newest to the oldest entry.
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
    """The common methods of the three storages."""

    wrap_exceptions: bool
    base_exceptions: Any
    get_connection: Callable[..., Any]
    prefixed_key: Callable[[str], str]
    target_server: Any
    dependencies: Any

    def acquire_entries(self, entries: Sequence[tuple[str, int, int, int]]) -> float | None:
        """Add entries to several moving windows in one round trip, or to none if one of them has no room.

        :param entries: (key, limit, expiry in seconds, amount) for each window. Windows with the same key look at one
            list of entries, to which the amount is added once.
        :returns: None if all entries were added, else the seconds until there is room, infinite for ``amount > limit``.
        """
        for group in self._groups(entries):
            keys = [self.prefixed_key(key) for key, *_ in group]
            wait = self._run(_ACQUIRE_ENTRIES, keys, [part for _, *rest in group for part in rest])
            if wait:
                return float(wait)
        return None

    def get_moving_windows(self, windows: Sequence[tuple[str, int, int]]) -> list[tuple[float, int]]:
        """Read several moving windows in one round trip.

        :param windows: (key, limit, expiry in seconds) for each window. Keys may repeat.
        :returns: for each, the time of its oldest entry that counts (now if there is none) and how many count.
        """
        known: dict[tuple[str, int, int], tuple[float, int]] = {}
        for group in self._groups(windows):
            keys = [self.prefixed_key(key) for key, *_ in group]
            found = self._run(_MOVING_WINDOWS, keys, [part for _, *rest in group for part in rest])
            now = time.time()
            for window, age, count in zip(group, found[::2], found[1::2], strict=True):
                known[window] = now - float(age), int(count)
        return [known[window] for window in windows]

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add ``amount`` entries to a moving window. Returns False, without adding any, if it has no room for all."""
        return self.acquire_entries([(key, limit, expiry, amount)]) is None

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return the time of the window's oldest entry (now if there is none), and the number of entries."""
        [window] = self.get_moving_windows([(key, limit, expiry)])
        return window

    def _groups(self, windows: Sequence[Any]) -> list[Sequence[Any]]:
        """Return the windows in groups, each of which one script may use."""
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
    """The storage on one server. A batch is one script, so it is atomic and takes one round trip."""

    STORAGE_SCHEME = [PREFIX + scheme for scheme in RedisStorage.STORAGE_SCHEME]  # noqa: RUF012 (declared so by the base class)

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri.removeprefix(PREFIX), **options)


class BatchedRedisSentinelStorage(_Batches, Remembering, RedisSentinelStorage):
    """The storage on a server with sentinels. By default it reads from the primary, as replicas may lag or hang."""

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
    """The storage on a cluster. It connects on first use.

    A script may use keys of one slot only. So the key of every limit has the client's key as its hash tag, which puts
    all limits of one client into one slot. A batch for several clients runs one script for each, in the order of the
    keys. If a later one has no room, the entries of the earlier ones remain. All other keys are put into buckets, and
    each bucket detects its own data loss.
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
        """The exceptions of a cluster that can't be reached or is incomplete."""
        return cluster_faults(self)

    def __getattr__(self, name: str) -> Any:
        """Connect to the cluster on first use, and return the attribute."""
        if name != "storage" and not name.startswith("lua_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        with self._connecting:
            if name not in self.__dict__:
                self.__dict__.update(vars(self._connect()))
        return self.__dict__[name]

    def prefixed_key(self, key: str) -> str:
        """Return the key in the store. Its hash tag is that of its client, or else of its bucket."""
        limit = _LIMIT.sub(r"\1/{\2}\3", key)
        return super().prefixed_key(limit) if "{" in limit else self.with_bucket(key)

    def get_moving_windows(self, windows: Sequence[tuple[str, int, int]]) -> list[tuple[float, int]]:
        """Read several moving windows, in one round trip for each slot."""
        return self._with_second_try(lambda: super(BatchedRedisClusterStorage, self).get_moving_windows(windows))

    def remember(self) -> None:
        """Record when the history of every bucket starts, if that isn't recorded. One round trip for each node."""
        self._with_second_try(super().remember)

    def reset(self) -> int | None:
        """Delete every key, one after the other, and return their number."""
        cluster: Any = self.get_connection()
        return int(sum(cluster.delete(key) for key in list(cluster.scan_iter(match=super().prefixed_key("*")))))

    def _with_second_try(self, ask: Callable[[], _Result]) -> _Result:
        """Return the result of ``ask``. If a node can't be reached, try once more: the client then knows its successor.

        ``ask`` must be safe to repeat.
        """
        errors: Any = self.dependency.exceptions
        try:
            return ask()
        except (errors.ConnectionError, StorageError):
            return ask()

    def _groups(self, windows: Sequence[Any]) -> list[Sequence[Any]]:
        with self._wrapping():
            cluster: Any = self.get_connection()
        groups: dict[int, list[Any]] = defaultdict(list)
        for window in windows:
            groups[cluster.keyslot(self.prefixed_key(window[0]))].append(window)
        return list(groups.values())


def cluster_faults(storage: RedisClusterStorage) -> tuple[type[Exception], ...]:
    """Return the exceptions that a cluster's client raises. One isn't a subclass of the library's base error."""
    name = "RedisClusterException" if storage.target_server == "redis" else "ValkeyClusterException"
    errors: Any = storage.dependency.exceptions
    return (errors.RedisError if storage.target_server == "redis" else errors.ValkeyError), getattr(errors, name)
