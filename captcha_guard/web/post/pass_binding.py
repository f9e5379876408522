"""Binds a pass to the sender and the text for which a code was solved.

A pass carries a keyed digest of the client and a sketch of the text. The sketch holds the smallest keyed hashes of the
text's shingles, which are a fair sample of all of them (Broder, "On the resemblance and containment of documents",
1997). Up to 64 shingles are kept whole. Shingles of a short text are four characters in a row, so that one typo
changes few of them. Shingles of a longer text are two words in a row.
"""

from __future__ import annotations

import re
import struct
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from heapq import nsmallest
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Self

from itsdangerous import base64_decode, base64_encode

from ...spam.text.normalised import folded_case, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...challenge.token import Opened
    from .posted import Posted

#: The most shingle hashes that a pass carries.
SKETCH: Final = 64

#: The least share of shingles that two texts have in common if one is a corrected version of the other.
SAME: Final = 0.7

#: A text with fewer words and fewer characters is too short to be recognised. Any other text may replace it.
FEWEST_WORDS, FEWEST_CHARACTERS = 5, 40

#: The most words of a text that can get a pass. In scripts without spaces each character counts as a word.
MOST_WORDS: Final = 12_000

#: The most characters of a short text, the characters of its shingles, and how many times longer a later text may be.
_SHORT: Final = 400
_CHARACTERS: Final = 4
_LONGER: Final = 4

_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\U00020000-\U0003fffd]"
)
_HEAD: Final = struct.Struct(">8sHBB")  # the sender's digest, the number of shingles, the flags short and free
_HASH: Final = 4  # bytes


@dataclass(frozen=True, slots=True)
class Binding:
    """The sender and the text of one comment, in the form that a pass carries.

    ``shingles`` is the number of the text's shingles, and ``sketch`` holds the smallest of their hashes. ``short``
    means that they are characters, not words. ``free`` means that the text was too short to be recognised.
    """

    sender: bytes
    shingles: int
    short: bool
    free: bool
    sketch: frozenset[bytes]

    @classmethod
    def of(cls, posted: Posted, sender: str, key: bytes) -> Self | None:
        """Return the binding of a pass for this comment, hashed under ``key``. None if the text is too long."""
        words = _words(posted)
        if len(words) > MOST_WORDS:
            return None
        short = len(" ".join(words)) <= _SHORT
        hashes = _hashes(words, key, short=short)
        sketch = frozenset(nsmallest(SKETCH, hashes))
        return cls(_digest(sender, key), len(hashes), short, _is_too_short(words), sketch)

    def admits(self, posted: Posted, senders: Iterable[str], key: bytes) -> bool:
        """Return whether this is the same comment by the same sender.

        The text must be nearly the same, or mostly a part of the first one.

        :param senders: the client's key under each of the site's secrets.
        """
        if not any(self.sender == _digest(sender, key) for sender in senders):
            return False
        words = _words(posted)
        if self.free:
            return True
        if len(words) > MOST_WORDS or (self.short and len(" ".join(words)) > _LONGER * _SHORT):
            return False
        return self._is_near(_hashes(words, key, short=self.short))

    def _is_near(self, now: frozenset[bytes]) -> bool:
        largest = max(self.sketch) if self.shingles > SKETCH else None
        sample = now if largest is None else {one for one in now if one <= largest}
        if not sample:
            return False
        shared = len(sample & self.sketch) / len(sample)  # the share of the new shingles that the old text had
        kept = shared * len(now)
        return kept / max(len(now), self.shingles) >= SAME or (len(now) < self.shingles and shared >= SAME)

    def written(self) -> str:
        """Return the binding as URL-safe ASCII. :meth:`read` reads it back."""
        head = _HEAD.pack(self.sender, self.shingles, self.short, self.free)
        return base64_encode(head + b"".join(sorted(self.sketch))).decode()

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the binding that :meth:`written` wrote into a genuine pass."""
        written = base64_decode(text)
        sender, shingles, short, free = _HEAD.unpack_from(written)
        hashes = (written[start : start + _HASH] for start in range(_HEAD.size, len(written), _HASH))
        return cls(sender, shingles, bool(short), bool(free), frozenset(hashes))


def completes(opened: Opened, posted: Posted, senders: Iterable[str]) -> bool:
    """Return whether a pass comes with the comment that it was issued for."""
    return Binding.read(opened.challenge.bound_to).admits(posted, senders, opened.key)


def is_too_short(posted: Posted) -> bool:
    """Return whether this comment is so short that its pass would accept any other text."""
    return _is_too_short(_words(posted))


def _is_too_short(words: tuple[str, ...]) -> bool:
    return len(words) < FEWEST_WORDS and sum(map(len, words)) < FEWEST_CHARACTERS


def _words(posted: Posted) -> tuple[str, ...]:
    """Return the words of the body and of texts without a role. Names and addresses may be corrected freely."""
    other = list(posted.other)
    for part in ("author", "email", "url"):
        with suppress(ValueError):
            other.remove(posted.parts[part])  # once, because the same text in another field isn't a name
    return _words_of(" ".join((posted.parts["body"], *other)))


@lru_cache(maxsize=2)  # called when a pass is checked and when the next one is made
def _words_of(said: str) -> tuple[str, ...]:
    text = folded_case(said)
    return words_of(_UNSPACED.sub(r" \g<0> ", text) if not text.isascii() else text)


@lru_cache(maxsize=2)
def _hashes(words: tuple[str, ...], key: bytes, *, short: bool) -> frozenset[bytes]:
    text = " ".join(words)
    if short:
        shingles = {text[start : start + _CHARACTERS] for start in range(max(1, len(text) - _CHARACTERS + 1))}
    else:
        shingles = {f"{one} {other}" for one, other in pairwise(words)} or set(words)
    return frozenset(_digest(shingle, key, size=_HASH) for shingle in shingles)


def _digest(text: str, key: bytes, size: int = 8) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size, key=key, person=b"guard pass").digest()
