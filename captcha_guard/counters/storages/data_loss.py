"""How a server is caught having forgotten: a mark says since when it remembers, and in which history.

A mark that is gone went with all the rest, or was evicted; both are taken for the same. A history is what replication
calls one. A server begins a new one when it is promoted, for nobody knows then what its predecessor was told last; so a
mark of the history before says nothing. It begins one when it starts, too: with what its append-only file holds it
remembers on, with an older snapshot it does not. Times are the server's, and told by the caller's clock, so that a host
whose clock is off the server's still compares like with like.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from .lua import NOW, Script

#: The key of what says since when a store remembers.
MARK: Final = "captcha_guard/remembers"

#: Hash tags over which a cluster spreads what it counts for us: each lies in one slot, with a mark of its own.
BUCKETS: Final = 64

#: Tells since when the server remembers; where it does not, the mark is written anew, with that other time. A mark of a
#: time to come was written by a clock that was wrong. A second history is that of the primary, or the snapshot, which
#: the present one follows. Who may not ask for histories (ACL) is told nothing, and hears of no promotion.
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

#: The counter and the mark; amount and expiry in seconds. The counter, and for how many seconds the server remembers;
#: less than none where it has just been found out that it did not: what is handed out within that second is in doubt.
_COUNT: Final = Script(f"""{_SINCE}
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then
    redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return {{count, string.format('%.6f', now - remembers_since(KEYS[2], now + 1))}}
""")

#: The mark. Written where it says nothing.
_REMEMBER: Final = Script(f"""{_SINCE}
remembers_since(KEYS[1], now)
return 1
""")


class Remembering:
    """What a storage on one server, or one primary, can tell of its own past; mixed in before the storage itself."""

    prefixed_key: Callable[[str], str]
    _run: Callable[[Script, Sequence[str], Sequence[object]], Any]

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Add to a counter as ``incr`` does, and tell when what was counted before was lost, in one round trip.

        :returns: the counter after the addition, and the last whole second, since 1970, of which nothing is known.
        """
        now = time.time()
        count, remembers = self._run(_COUNT, [self.prefixed_key(key), self.mark_of(key)], [amount, int(expiry)])
        return int(count), float(int(now - float(remembers)) - 1)

    def remember(self) -> None:
        """Begin to remember, where that has not begun: what was counted before this moment is not known."""
        self._run(_REMEMBER, [self.mark_of("")], [])

    def mark_of(self, _key: str) -> str:
        """Return the key, in the store, of the mark that goes with what is counted under a key."""
        return self.prefixed_key(MARK)


class RememberingInBuckets(Remembering):
    """What a cluster can tell: each bucket of its own past, for a bucket lies in one slot, and so on one server."""

    key_prefix: str
    get_connection: Callable[..., Any]
    _wrapping: Callable[[], AbstractContextManager[None]]
    _unknown_script: Any

    def remember(self) -> None:
        """Begin to remember in every bucket, where that has not begun; one round trip for each node."""
        with self._wrapping():
            marks = [self._in_bucket(bucket, MARK) for bucket in range(BUCKETS)]
            _REMEMBER.run_for_each(self.get_connection(), marks, self._unknown_script)

    def mark_of(self, key: str) -> str:
        """Return the key of the mark in the same bucket, and so in the same slot."""
        return self._in_bucket(_bucket_of(key), MARK)

    def with_bucket(self, key: str) -> str:
        """Return the key in the store, with the hash tag of its bucket."""
        return self._in_bucket(_bucket_of(key), key)

    def _in_bucket(self, bucket: int, key: str) -> str:
        return f"{self.key_prefix}:{{{bucket}}}/{key}"


def _bucket_of(key: str) -> int:
    return zlib.crc32(key.encode()) % BUCKETS
