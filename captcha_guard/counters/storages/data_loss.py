"""Finds out that a Redis or Valkey server has lost data, by a restart, a flush or a failover.

It is for codes. A code is spent by a counter on the server: the first increment spends it. A server that has lost the
counter would let the same code be spent again, and so publish a second comment. Therefore each increment of that kind
also returns when the server last lost data, and a code that was handed out before that moment is not taken as solved:
the comment is held, or the visitor gets a new code.

The server's memory of its past is one key, the mark. It holds two things:

- The time since which the server has kept everything. A missing mark means that all counters may be missing, too,
  whether by a restart without data, a flush or an eviction.
- The replication ID (``master_replid``) under which it was written. A server that is promoted gets a new ID, and may
  lack the last writes of its predecessor, so a mark under another ID doesn't count. A server that starts gets a new ID
  as well: with an append-only file it has lost nothing and keeps its time, with an older snapshot it begins anew.

On Sentinel the mark is on the primary. On a cluster each of 64 hash tags has a mark, since each may lie on another
server. Times are measured by the server's clock and returned by the caller's, so that a host with a wrong clock still
compares times of one clock. docs/stores.md lists what this can't find out.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from .lua import NOW, Script

#: The key of the mark.
MARK: Final = "captcha_guard/remembers"

#: Hash tags over which a cluster spreads counters: each lies in one slot, with a mark of its own.
BUCKETS: Final = 64

#: ``remembers_since`` returns the time in the mark. Where the mark doesn't count, it writes the time ``otherwise`` into
#: it and returns that. A time in the future was written while a clock was wrong. ``master_replid2`` is the ID of the
#: primary or snapshot that a server continues, and all zeros after a plain start. Where an ACL forbids ``INFO``, both
#: IDs are empty and promotions aren't noticed.
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

#: Keys: the counter and the mark. Arguments: amount, and expiry in seconds. Returns the counter, and for how many
#: seconds the server has kept everything. That is negative where a loss was just found, because codes that are handed
#: out within the next second carry the same whole second as the loss.
_COUNT: Final = Script(f"""{_SINCE}
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then
    redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return {{count, string.format('%.6f', now - remembers_since(KEYS[2], now + 1))}}
""")

#: Key: the mark, which is written where it doesn't count.
_REMEMBER: Final = Script(f"""{_SINCE}
remembers_since(KEYS[1], now)
return 1
""")


class Remembering:
    """Mixed into a storage on one server, or one primary: counts, and says when data was last lost."""

    prefixed_key: Callable[[str], str]
    _run: Callable[[Script, Sequence[str], Sequence[object]], Any]

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Add to a counter as ``incr`` does, and say when data was last lost, in one round trip.

        :returns: the counter after the addition, and the time of the last loss in whole seconds since 1970: counters of
            codes that were handed out in that second or before may be missing.
        """
        now = time.time()
        count, remembers = self._run(_COUNT, [self.prefixed_key(key), self.mark_of(key)], [amount, int(expiry)])
        return int(count), float(int(now - float(remembers)) - 1)

    def remember(self) -> None:
        """Write the mark where it doesn't count; call it before handing out a code."""
        self._run(_REMEMBER, [self.mark_of("")], [])

    def mark_of(self, _key: str) -> str:
        """Return the stored key of the mark that goes with a counter."""
        return self.prefixed_key(MARK)


class RememberingInBuckets(Remembering):
    """The same for a cluster: counters are spread over buckets, and each bucket, in one slot, has its own mark."""

    key_prefix: str
    get_connection: Callable[..., Any]
    _wrapping: Callable[[], AbstractContextManager[None]]
    _unknown_script: Any

    def remember(self) -> None:
        """Write the marks of all buckets where they don't count; one round trip for each node."""
        with self._wrapping():
            marks = [self._in_bucket(bucket, MARK) for bucket in range(BUCKETS)]
            _REMEMBER.run_for_each(self.get_connection(), marks, self._unknown_script)

    def mark_of(self, key: str) -> str:
        """Return the stored key of the mark in the counter's bucket, and so in the same slot."""
        return self._in_bucket(_bucket_of(key), MARK)

    def with_bucket(self, key: str) -> str:
        """Return the stored key, with the hash tag of its bucket."""
        return self._in_bucket(_bucket_of(key), key)

    def _in_bucket(self, bucket: int, key: str) -> str:
        return f"{self.key_prefix}:{{{bucket}}}/{key}"


def _bucket_of(key: str) -> int:
    return zlib.crc32(key.encode()) % BUCKETS
