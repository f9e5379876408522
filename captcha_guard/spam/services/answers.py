"""Answers that still hold, by a keyed hash of what was asked: no address and no e-mail is kept to find them by."""

from __future__ import annotations

import hmac
import threading
from collections import OrderedDict
from collections.abc import Iterable

from ..verdict import Finding

#: Answers that a process remembers; the oldest goes first.
MOST = 2048


def keyed_hash(secret: bytes, *parts: str) -> str:
    """Return 32 hexadecimal digits of HMAC-SHA-256 over ``parts``, none of which can run over into the next."""
    digest = hmac.new(secret, digestmod="sha256")
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass")
        digest.update(len(octets).to_bytes(8, "big") + octets)
    return digest.hexdigest()[:32]


class Answers:
    """A bounded memory of verdicts, for one process and all its threads; faults never enter it."""

    def __init__(self, secret: bytes, most: int = MOST) -> None:
        self._secret = secret
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, Finding | None]] = OrderedDict()

    def key(self, service: str, question: Iterable[tuple[str, str]]) -> str:
        """Return the key under which the answer to ``question`` is remembered."""
        return keyed_hash(self._secret, service, *(part for field in sorted(question) for part in field))

    def recall(self, key: str, now: float) -> tuple[Finding | None] | None:
        """Return the answer as a tuple of one, or ``None`` when it is not known or holds no more."""
        with self._lock:
            until, finding = self._known.get(key, (0.0, None))
            if now < until:
                return (finding,)
            self._known.pop(key, None)
            return None

    def remember(self, key: str, finding: Finding | None, until: float) -> None:
        """Keep an answer up to the time ``until``."""
        with self._lock:
            self._known[key] = (until, finding)
            self._known.move_to_end(key)
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def __len__(self) -> int:
        return len(self._known)
