"""The answer to a challenge. It's derived from the secret and the nonce. Look-alikes count as equal."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterator

from ..characters.look_alikes import SYMBOLS, groups_of

#: Capitals and digits: one of each group of look-alikes, and no vowels, so that codes rarely form words. 3, 4, 7, K, N,
#: P, X and Y are left out because readers confused them with others where strokes and fields cross them
#: (docs/measurements/strength.md). With 13 symbols, a blind guess at a code of five is right once in 371,000, and at
#: six once in 4.8 million. It is right twice as often if the picture can be read in two orders.
ALPHABET = "25689CDFHMRTW"

#: The most characters of a typed answer. No visitor needs more, and normalising a megabyte would take seconds.
LONGEST_TYPED = 200

#: Greek lunate sigmas, which look like C. NFKD would turn them into sigmas, which look like no Latin letter.
_LUNATE = {0x3F2: "C", 0x3F9: "C"}

#: Strings that look rude even without vowels, after folding and in any letter case.
RUDE = ("CNT", "DCK", "FCK", "FKK", "FKN", "KKK", "PRCK", "PRN", "TWT", "WTF", "XXX")


def derive(key: bytes, nonce: bytes, *, alphabet: str = ALPHABET, length: tuple[int, int] = (5, 6)) -> str:
    """Return the answer for ``nonce`` under ``key``.

    A keyed pseudo-random function (HMAC-SHA-256 in counter mode) produces the bytes. Bytes that would make some symbols
    more likely are skipped. Look-alikes are drawn as one: every group is equally likely, and then every symbol in it.
    So the chance of a blind guess at one symbol is one in the number of groups. ``length`` is the shortest and the
    longest answer in symbols, both included. Answers that look rude are drawn again.
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
    """Return a typed text in the normal form for comparison.

    Full-width and other compatibility forms become plain characters (NFKD). Digits of every script become ASCII digits,
    and letters become capitals. Spaces, hyphens, dots, accents and invisible characters are removed. Letters of other
    scripts become the Latin letters that they look like. Look-alikes (0/O, 1/I/L, 5/S, 2/Z, 8/B, 6/G, 7/T, N/H, P/R,
    E/F ...) become one symbol.
    """
    plain = "".join(
        _digit(char) for char in unicodedata.normalize("NFKD", typed.translate(_LUNATE)) if _is_compared(char)
    )
    return plain.upper().translate(SYMBOLS)


def matches(answer: str, typed: str) -> bool:
    """Return whether ``typed`` is ``answer``. The time doesn't depend on where they differ.

    A text of more than ``LONGEST_TYPED`` characters is always wrong.
    """
    if len(typed) > LONGEST_TYPED:
        return False
    return hmac.compare_digest(normalise(answer).encode(), normalise(typed).encode())


def _digit(char: str) -> str:
    """Return a decimal digit of any script as an ASCII digit, and any other character unchanged."""
    meant = unicodedata.decimal(char, None)
    return char if meant is None else str(meant)


def _is_compared(char: str) -> bool:
    return unicodedata.category(char)[0] not in "ZCPM" or char in "|!"


def _stream(key: bytes, nonce: bytes) -> Iterator[int]:
    counter = 0
    while True:
        yield from hmac.digest(key, b"answer" + counter.to_bytes(4, "big") + nonce, "sha256")
        counter += 1


def _below(bound: int, stream: Iterator[int]) -> int:
    limit = 256 - 256 % bound
    return next(byte for byte in stream if byte < limit) % bound
