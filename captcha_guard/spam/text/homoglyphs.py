"""Homoglyphs: letters of one script that look like letters of another."""

# ruff: noqa: RUF003 (this module is about ambiguous letters)

from __future__ import annotations

import re
from typing import Final

from ...characters.look_alikes import FOREIGN

_LATIN: Final = "A-Za-z\u00c0-\u024f"
_OTHER: Final = "\u0370-\u03ff\u0400-\u052f\u0531-\u0587"
_LOOK_ALIKES: Final = "".join(map(chr, FOREIGN))
_DISTINCT: Final = f"(?![{_LOOK_ALIKES}])[{_OTHER}]"

#: A word with a letter of another script. It matches only from the start of a word, which keeps the search linear.
_FOREIGN: Final = re.compile(f"(?<![{_LATIN}{_OTHER}0-9])[{_LATIN}0-9]*[{_OTHER}][{_LATIN}{_OTHER}0-9]*")
_HAS_OTHER: Final = re.compile(f"[{_OTHER}]")
_HAS_LATIN: Final = re.compile(f"[{_LATIN}]")
_HAS_DISTINCT: Final = re.compile(_DISTINCT)
_LATIN_RUNS: Final = re.compile(f"[{_LATIN}]+")
_DISTINCT_RUNS: Final = re.compile(f"(?:{_DISTINCT})+")

#: A disguised word has a look-alike of another script before a Latin letter. Two ordinary cases don't match: "JSONа"
#: with a Russian ending and "αmax" with a Greek letter as a symbol.
_DISGUISED: Final = re.compile(f"(?:[\u0400-\u052f\u0531-\u0587]|(?<=[{_LATIN}])[\u0370-\u03ff])(?=[{_LATIN}])")


def fold_look_alikes(text: str) -> tuple[str, int]:
    """Replace look-alikes with Latin letters in words that mix scripts; return the text and the number of disguises.

    A word that consists only of look-alikes is replaced too if Latin letters outnumber the letters that don't look
    Latin. So ordinary Russian, Greek or Armenian text stays unchanged.
    """
    if not _HAS_OTHER.search(text):
        return text, 0
    disguised = 0
    mostly_latin = _letters(_LATIN_RUNS, text) > _letters(_DISTINCT_RUNS, text)

    def fold(match: re.Match[str]) -> str:
        nonlocal disguised
        word = match[0]
        distinct = _HAS_DISTINCT.search(word) is not None
        if _HAS_LATIN.search(word):
            disguised += not distinct and len(word) > 2 and _DISGUISED.search(word) is not None
        elif distinct or not mostly_latin:
            return word
        return word.translate(FOREIGN)

    return _FOREIGN.sub(fold, text), disguised


def _letters(runs: re.Pattern[str], text: str) -> int:
    return sum(map(len, runs.findall(text)))
