"""A cache of the services' answers. Its keys are keyed hashes, so it contains no address and no email."""

from __future__ import annotations

import hmac
import json
import threading
from collections import OrderedDict
from collections.abc import Iterable

from ..comment_key import hash_key
from ..verdict import Finding

#: The most answers that a process remembers. The oldest is dropped first.
MOST = 2048


class Answers:
    """The answers that one process remembers, for all its threads. Faults are never among them."""

    def __init__(self, secret: bytes, most: int = MOST) -> None:
        self._key = hash_key(secret)
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, Finding | None]] = OrderedDict()

    def key(self, service: str, question: Iterable[tuple[str, str]]) -> str:
        """Return the key under which the answer to a question is remembered. The question is given as its fields."""
        asked = json.dumps([service, *sorted(question)]).encode()
        return hmac.digest(self._key, asked, "sha256")[:16].hex()

    def recall(self, key: str, now: float) -> tuple[Finding | None] | None:
        """Return a tuple with the answer, or ``None`` if it is unknown or has expired."""
        with self._lock:
            until, finding = self._known.get(key, (0.0, None))
            if now < until:
                return (finding,)
            self._known.pop(key, None)
            return None

    def remember(self, key: str, finding: Finding | None, until: float) -> None:
        """Remember an answer until ``until``, in seconds since 1970."""
        with self._lock:
            self._known[key] = (until, finding)
            self._known.move_to_end(key)
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def __len__(self) -> int:
        return len(self._known)
