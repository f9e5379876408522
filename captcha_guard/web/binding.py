"""What a pass is bound to: the sender and the text for which a code was solved.

A pass carries a keyed digest of the client and a sketch of the text: those of its shingles (two words in a row) whose
keyed hashes are the smallest, which are a fair sample of the set (Broder, "On the resemblance and containment of
documents", 1997). Sets of up to 64 shingles are kept whole, so comments of up to 65 words are compared exactly.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Self

from itsdangerous import base64_decode, base64_encode

from ..spam.text import folded_case, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..challenge.token import Opened
    from .posted import Posted

#: Hashes of shingles that a pass carries.
SKETCH: Final = 64

#: The share of shingles that two texts have in common when they are the same comment, corrected.
SAME: Final = 0.7

#: A text of fewer words says too little to be recognised by; any other may take its place.
FEWEST_WORDS: Final = 5

#: Words of a text that are looked at. A longer one gets no pass.
MOST_WORDS: Final = 20_000

_HEAD: Final = struct.Struct(">8sHH")  # the sender's digest, the number of words, the number of shingles
_HASH: Final = 4  # bytes


@dataclass(frozen=True, slots=True)
class Binding:
    """Sender and text of one comment, as far as a pass can carry them.

    ``sketch`` holds the smallest hashes of the text's shingles, ``words`` and ``shingles`` say how many there are.
    """

    sender: bytes
    words: int
    shingles: int
    sketch: frozenset[bytes]

    @classmethod
    def of(cls, posted: Posted, sender: str, key: bytes) -> Self | None:
        """Return what a pass for this comment is bound to, hashed under ``key``; None for a text that is too long."""
        words = _words(posted)
        if len(words) > MOST_WORDS:
            return None
        hashes = _hashes(words, key)
        return cls(_digest(sender, key), len(words), len(hashes), frozenset(nsmallest(SKETCH, hashes)))

    def admits(self, posted: Posted, senders: Iterable[str], key: bytes) -> bool:
        """Say whether this is the same comment by the same sender: nearly the same text, or mostly a part of it.

        :param senders: the keys of the client, under each of the site's secrets.
        """
        if not any(self.sender == _digest(sender, key) for sender in senders):
            return False
        words = _words(posted)
        if self.words < FEWEST_WORDS:
            return True
        return len(words) <= MOST_WORDS and self._is_near(_hashes(words, key))

    def _is_near(self, now: set[bytes]) -> bool:
        largest = max(self.sketch) if self.shingles > SKETCH else None
        sample = now if largest is None else {one for one in now if one <= largest}
        if not sample:
            return False
        shared = len(sample & self.sketch) / len(sample)  # of the shingles now, those that were there before
        kept = shared * len(now)
        return kept / max(len(now), self.shingles) >= SAME or (len(now) < self.shingles and shared >= SAME)

    def written(self) -> str:
        """Return the binding as URL-safe ASCII; :meth:`read` reads it."""
        head = _HEAD.pack(self.sender, self.words, self.shingles)
        return base64_encode(head + b"".join(sorted(self.sketch))).decode()

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what :meth:`written` wrote, out of a genuine pass."""
        written = base64_decode(text)
        sender, words, shingles = _HEAD.unpack_from(written)
        hashes = (written[start : start + _HASH] for start in range(_HEAD.size, len(written), _HASH))
        return cls(sender, words, shingles, frozenset(hashes))


def completes(opened: Opened, posted: Posted, senders: Iterable[str]) -> bool:
    """Say whether a pass is presented with the comment that it was issued for."""
    return Binding.read(opened.challenge.bound_to).admits(posted, senders, opened.key)


def _words(posted: Posted) -> tuple[str, ...]:
    said = " ".join((posted.parts["body"], *posted.other))
    return words_of(folded_case(said))


def _hashes(words: tuple[str, ...], key: bytes) -> set[bytes]:
    shingles = {f"{one} {other}" for one, other in pairwise(words)} or set(words)
    return {_digest(shingle, key, size=_HASH) for shingle in shingles}


def _digest(text: str, key: bytes, size: int = 8) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size, key=key, person=b"guard pass").digest()
