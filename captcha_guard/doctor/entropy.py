"""How many bits a secret can have at most, judged by its looks."""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from math import log2
from typing import Final, TypeVar

#: Bits a letter of a word carries: a word drawn from a list of 7,776 has 12.9 bits, and some 7 letters.
WORD_BITS: Final = 1.5

#: Letters of one case, at least four, that can be spoken: vowels among them, never five consonants in a row.
WORD: Final = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
UNSPEAKABLE: Final = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}", re.IGNORECASE)
VOWEL: Final = re.compile(r"[aeiouy]", re.IGNORECASE)
VOWELS: Final = 0.2  # of a word's letters; "strength" has an eighth, and is rare

#: Symbols in a row that differ by the same step, as in 12345, fedcba and aaaa.
RUN: Final = 4

_KINDS: Final = ((r"[0-9]", 10), (r"[a-z]", 26), (r"[A-Z]", 26), (r"[\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]", 33))

Text = TypeVar("Text", str, bytes)


def bits(secret: bytes) -> float:
    """Return an estimate that is generous to random secrets and strict with words, runs and repetitions.

    Random octets, hexadecimal digits and base64 come out near their true size; a sentence at 1.5 bits a letter.
    """
    try:
        text = _once(secret.decode("ascii"))
    except UnicodeDecodeError:
        return 8.0 * len(_once(secret))
    each, words = _bits_per_symbol(text), _words(text)
    in_words = sum(map(len, words))
    if 2 * in_words < len(text):  # a few words turn up by chance in what is random
        return each * _surprises(text)
    rest = WORD.sub(lambda match: "" if match[0] in words else match[0], text)
    return WORD_BITS * in_words + each * _surprises(rest)


def _bits_per_symbol(text: str) -> float:
    if re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", text):
        return 4.0
    return log2(sum(size for pattern, size in _KINDS if re.search(pattern, text)) or 128)


def _words(text: str) -> list[str]:
    if re.fullmatch(r"[0-9a-fA-F-]+", text):  # hexadecimal digits spell words by chance
        return []
    found = [word for word in WORD.findall(text) if not UNSPEAKABLE.search(word)]
    return [word for word in found if len(VOWEL.findall(word)) >= VOWELS * len(word)]


def _surprises(text: str) -> int:
    """Count the symbols that are not foretold by the run that leads to them."""
    steps = [ord(after) - ord(before) for before, after in pairwise(text)]
    foretold = 0
    for step, several in groupby(steps):
        length = len(list(several)) + 1
        foretold += length - 1 if abs(step) <= 1 and length >= RUN else 0
    return len(text) - foretold


def _once(text: Text) -> Text:
    """Return the shortest piece of which ``text`` is a repetition, the last one cut short or not."""
    for length in range(1, len(text)):
        if text[length:] == text[: len(text) - length]:
            return text[:length]
    return text
