"""What the visitor has to type: derived from the secret and the nonce, compared without regard to look-alikes."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterator

from ..characters.look_alikes import SYMBOLS, groups_of

#: Capitals and digits, one of each group of look-alikes, and no vowel that could make a word of them. 3, 4, 7, K, N, P,
#: X and Y are left out because readers took them for others once strokes and fields crossed them
#: (docs/measurements/strength.md).
#: 13 symbols: a blind guess at five of them is right once in 371,000, at six once in 4.8 million, and twice as often
#: where a picture's rows allow a second order.
ALPHABET = "25689CDFHMRTW"

#: Characters. Nobody types more for a code, however they space it; normalising a megabyte would take seconds.
LONGEST_TYPED = 200

#: Greek lunate sigmas, which look like C; NFKD would make sigmas of them, which look like nothing.
_LUNATE = {0x3F2: "C", 0x3F9: "C"}

#: Strings that read as rude without any vowel, in any letter case, after folding.
RUDE = ("CNT", "DCK", "FCK", "FKK", "FKN", "KKK", "PRCK", "PRN", "TWT", "WTF", "XXX")


def derive(key: bytes, nonce: bytes, *, alphabet: str = ALPHABET, length: tuple[int, int] = (5, 6)) -> str:
    """Return the answer that belongs to ``nonce`` under ``key``.

    A keyed pseudo-random function (HMAC-SHA-256 in counter mode) gives the bytes; bytes past the largest multiple of
    what is drawn from are skipped. Look-alikes are drawn as one: every group is equally likely, and then every symbol
    in it. So a blind guess at one symbol is right once in as many tries as the alphabet has groups. ``length`` is the
    shortest and the longest answer, both included, in symbols. Answers that read as rude are drawn again.
    """
    stream, groups = _stream(key, nonce), groups_of(alphabet)
    shortest, longest = length
    size = shortest + _below(longest - shortest + 1, stream)
    while True:
        drawn = [groups[_below(len(groups), stream)] for _ in range(size)]
        answer = "".join(group[_below(len(group), stream)] if len(group) > 1 else group for group in drawn)
        if not any(word in answer.upper() for word in RUDE):
            return answer


def normalise(typed: str) -> str:
    """Bring what was typed into the one form that is compared.

    Full-width and other compatibility forms become plain (NFKD), digits of every script the ones they mean, letters
    capital; spaces, hyphens, dots, accents and invisible characters vanish; letters of other scripts become the Latin
    ones they look like, and look-alikes (0/O, 1/I/L, 5/S, 2/Z, 8/B, 6/G, 7/T, N/H, P/R, E/F ...) one symbol.
    """
    plain = "".join(_digit(char) for char in unicodedata.normalize("NFKD", typed.translate(_LUNATE)) if _counts(char))
    return plain.upper().translate(SYMBOLS)


def matches(answer: str, typed: str) -> bool:
    """Say whether ``typed`` is ``answer``, in time that does not depend on where they differ.

    What is longer than ``LONGEST_TYPED`` characters is wrong, whatever it says.
    """
    if len(typed) > LONGEST_TYPED:
        return False
    return hmac.compare_digest(normalise(answer).encode(), normalise(typed).encode())


def _digit(char: str) -> str:
    """Return the ASCII digit that a decimal digit of any script means; any other character as it is."""
    meant = unicodedata.decimal(char, None)
    return char if meant is None else str(meant)


def _counts(char: str) -> bool:
    return unicodedata.category(char)[0] not in "ZCPM" or char in "|!"


def _stream(key: bytes, nonce: bytes) -> Iterator[int]:
    counter = 0
    while True:
        yield from hmac.digest(key, b"answer" + counter.to_bytes(4, "big") + nonce, "sha256")
        counter += 1


def _below(bound: int, stream: Iterator[int]) -> int:
    limit = 256 - 256 % bound
    return next(byte for byte in stream if byte < limit) % bound
