"""How a server that keeps nothing on disk is caught having forgotten: a mark says since when it remembers.

A mark that is gone went with all the rest, or was evicted; both are taken for the same. It is written by the server's
clock and told by the caller's, so that a host whose clock is off the server's still compares like with like.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

#: Seconds on the server's clock, in every script.
NOW: Final = "local clock = redis.call('TIME')\nlocal now = clock[1] + clock[2] / 1000000\n"

_MARK: Final = "captcha_guard/remembers-since"

#: The counter and the mark; amount and expiry in seconds. The counter, and for how many seconds the server remembers;
#: less than none where it has just been found out that it did not: what is handed out within that second is in doubt.
#: A mark of a time to come was written by a clock that was wrong.
_COUNT: Final = f"""{NOW}
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then
    redis.call('EXPIRE', KEYS[1], ARGV[2])
end
local since = tonumber(redis.call('GET', KEYS[2]) or '')
if not since or since > now + 1 then
    since = now + 1
    redis.call('SET', KEYS[2], string.format('%.6f', since))
end
return {{count, string.format('%.6f', now - since)}}
"""

#: The mark. Written where there is none.
_REMEMBER: Final = f"""{NOW}
redis.call('SET', KEYS[1], string.format('%.6f', now), 'NX')
return 1
"""


class Remembering:
    """What a storage on one server, or one primary, can tell of its own past; mixed in before the storage itself."""

    prefixed_key: Callable[[str], str]
    _run: Callable[[str, str, list[str], list[object]], Any]

    _count: Any = None
    _remember: Any = None

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Add to a counter as ``incr`` does, and tell when what was counted before was lost, in one round trip.

        :returns: the counter after the addition, and the last whole second, since 1970, of which nothing is known.
        """
        now = time.time()
        keys = [self.prefixed_key(key), self.prefixed_key(_MARK)]
        count, remembers = self._run("_count", _COUNT, keys, [amount, int(expiry)])
        return int(count), float(int(now - float(remembers)) - 1)

    def remember(self) -> None:
        """Begin to remember, where that has not begun: what was counted before this moment is not known."""
        self._run("_remember", _REMEMBER, [self.prefixed_key(_MARK)], [])
