"""Folds words for the comparison with phrases: without accents, in one alphabet, Chinese cut into words.

Writers leave accents out, and spammers mix scripts: :mod:`..text.homoglyphs` turns a Cyrillic word with a Latin letter
into half Latin. Here all Cyrillic and Greek letters that look Latin become Latin ones, in the phrases and in the text,
so both spellings of a word are equal. The folded words are used for comparison only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from ...characters.look_alikes import FOREIGN

_ACCENTED: Final = (*range(0xC0, 0x250), *range(0x370, 0x530), *range(0x1E00, 0x1F00))


def _plain_letter(letter: str) -> str:
    plain = unicodedata.normalize("NFD", letter)[0]
    return FOREIGN.get(ord(plain), plain)


_PLAIN: Final = {
    **FOREIGN,
    **{code: plain for code in _ACCENTED if (plain := _plain_letter(chr(code))) != chr(code)},
}
_HAN: Final = "\u3400-\u9fff"
_HAN_RUN: Final = re.compile(f"[{_HAN}]+|[^{_HAN}]+")
_HAS_HAN: Final = re.compile(f"[{_HAN}]")


def folded(text: str) -> str:
    """Return ``text`` without accents, and with Latin letters instead of their look-alikes."""
    return text if text.isascii() else text.translate(_PLAIN)


class Dictionary:
    """The Chinese words of the phrases, for cutting a text without spaces."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = {word for word in words if len(word) > 1 and _HAS_HAN.match(word)}
        self._longest: dict[str, int] = {}
        for word in self._words:
            self._longest[word[0]] = max(len(word), self._longest.get(word[0], 0))

    def cut(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Return ``words`` with those in Chinese cut into the longest known words and single characters."""
        if all(map(str.isascii, words)):
            return words
        found: list[str] = []
        for word in words:
            if word.isascii() or not _HAS_HAN.search(word):
                found.append(word)
                continue
            for run in _HAN_RUN.findall(word):
                found += self._cut(run) if _HAS_HAN.match(run) else [run]
        return tuple(found)

    def _cut(self, run: str) -> list[str]:
        words: list[str] = []
        start = 0
        while start < len(run):
            longest = self._longest.get(run[start], 1)
            length = next((size for size in range(longest, 1, -1) if run[start : start + size] in self._words), 1)
            words.append(run[start : start + length])
            start += length
        return words
