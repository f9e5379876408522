"""Detects that a Redis or Valkey server has lost data. A mark records when its history starts, and the history's id.

If the mark is missing, all data was lost, or the mark was evicted; both count as a loss. The history's id is the
replication id. A server gets a new id when it's promoted. The last writes of its predecessor may then be missing, so a
mark with an older id isn't trusted. It also gets a new id when it starts. With an append-only file it still has its
data, but with an older snapshot it may not. Times are taken from the server and converted to the caller's clock, so
that a difference between the two clocks doesn't matter.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from .lua import NOW, Script

#: The key of the mark. The name is fixed, because running stores contain it.
MARK: Final = "captcha_guard/remembers"

#: The number of hash tags over which a cluster spreads our counters. Each is in one slot and has a mark of its own.
BUCKETS: Final = 64

#: ``remembers_since(mark, otherwise)`` returns when the history starts. If the mark is missing or not trusted, it is
#: written again with the time ``otherwise``. A mark in the future was written by a wrong clock. The second replication
#: id is that of the primary or snapshot that the present history continues. If the ACL forbids INFO, the id is unknown
#: and promotions aren't noticed.
_SINCE: Final = f"""{NOW}
local function told_of(section, pattern)
    local told = redis.pcall('INFO', section)
    return type(told) == 'string' and string.match(told, pattern) or ''
end
local function began_with_all()
    return string.match(told_of('replication', 'master_replid2:(%x+)'), '^0+$')
        and told_of('persistence', 'aof_enabled:(%d)') == '1'
end
local history = told_of('replication', 'master_replid:(%x+)')
local function remembers_since(mark, otherwise)
    local since, of = string.match(redis.call('GET', mark) or '', '^([%d.]+) ?(%x*)$')
    since = tonumber(since)
    if since and since <= now + 1 and (history == '' or history == of) then
        return since
    end
    if not since or since > now + 1 or of == '' or not began_with_all() then
        since = otherwise
    end
    redis.call('SET', mark, string.format('%.6f %s', since, history))
    return since
end
"""

#: Keys: the counter and the mark. Arguments: amount and expiry in seconds. Returns the counter, and the age of the
#: server's history in seconds. The age is negative if a loss was just found: then nonces from this second are in doubt.
_COUNT: Final = Script(f"""{_SINCE}
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then
    redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return {{count, string.format('%.6f', now - remembers_since(KEYS[2], now + 1))}}
""")

#: Key: the mark. It is written if it is missing or not trusted.
_REMEMBER: Final = Script(f"""{_SINCE}
remembers_since(KEYS[1], now)
return 1
""")


class LossDetection:
    """Detects data loss of a storage on one server or one primary. A mixin that comes before the storage class."""

    prefixed_key: Callable[[str], str]
    _run: Callable[[Script, Sequence[str], Sequence[object]], Any]

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Add to a counter as ``incr`` does, and return when data was last lost, in one round trip.

        :returns: the counter's new value, and the last whole second (since 1970) whose data may be lost.
        """
        now = time.time()
        count, remembers = self._run(_COUNT, [self.prefixed_key(key), self.mark_of(key)], [amount, int(expiry)])
        return int(count), float(int(now - float(remembers)) - 1)

    def remember(self) -> None:
        """Record that the history starts now, if no start is recorded. Data from before may be lost."""
        self._run(_REMEMBER, [self.mark_of("")], [])

    def mark_of(self, _key: str) -> str:
        """Return the key, in the store, of the mark that covers a counter."""
        return self.prefixed_key(MARK)


class ClusterLossDetection(LossDetection):
    """Detects data loss of each bucket of a cluster. A bucket is in one slot, and so on one server."""

    key_prefix: str
    get_connection: Callable[..., Any]
    _wrapping: Callable[[], AbstractContextManager[None]]
    _unknown_script: Any

    def remember(self) -> None:
        """Record when the history of every bucket starts, if that isn't recorded. One round trip for each node."""
        with self._wrapping():
            marks = [self._in_bucket(bucket, MARK) for bucket in range(BUCKETS)]
            _REMEMBER.run_for_each(self.get_connection(), marks, self._unknown_script)

    def mark_of(self, key: str) -> str:
        """Return the key of the mark in the same bucket, and thus in the same slot."""
        return self._in_bucket(_bucket_of(key), MARK)

    def with_bucket(self, key: str) -> str:
        """Return the key in the store, with the hash tag of its bucket."""
        return self._in_bucket(_bucket_of(key), key)

    def _in_bucket(self, bucket: int, key: str) -> str:
        return f"{self.key_prefix}:{{{bucket}}}/{key}"


def _bucket_of(key: str) -> int:
    return zlib.crc32(key.encode()) % BUCKETS
