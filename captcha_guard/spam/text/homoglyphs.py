"""Letters of one script that pass for letters of another."""

# ruff: noqa: RUF003 (letters that pass for others are what this is about)

from __future__ import annotations

import re
from typing import Final

from ...characters.look_alikes import FOREIGN

_LATIN: Final = "A-Za-z\u00c0-\u024f"
_OTHER: Final = "\u0370-\u03ff\u0400-\u052f\u0531-\u0587"
_PASSING: Final = "".join(map(chr, FOREIGN))
_HONEST: Final = f"(?![{_PASSING}])[{_OTHER}]"

#: A word with a letter of another script in it; to begin at a word's start alone keeps the search linear.
_FOREIGN: Final = re.compile(f"(?<![{_LATIN}{_OTHER}0-9])[{_LATIN}0-9]*[{_OTHER}][{_LATIN}{_OTHER}0-9]*")
_HAS_OTHER: Final = re.compile(f"[{_OTHER}]")
_HAS_LATIN: Final = re.compile(f"[{_LATIN}]")
_HAS_HONEST: Final = re.compile(_HONEST)
_LATIN_RUNS: Final = re.compile(f"[{_LATIN}]+")
_HONEST_RUNS: Final = re.compile(f"(?:{_HONEST})+")

#: A word in disguise has a foreign look-alike before a Latin letter. "JSONа" has a Russian ending, "αmax" a Greek name.
_DISGUISED: Final = re.compile(f"(?:[\u0400-\u052f\u0531-\u0587]|(?<=[{_LATIN}])[\u0370-\u03ff])(?=[{_LATIN}])")


def fold_look_alikes(text: str) -> tuple[str, int]:
    """Return ``text`` with look-alikes made Latin in the words that mix scripts, and how many of those are disguised.

    A word wholly of look-alikes is folded too where Latin letters outnumber letters that can be of no other script:
    text that is honestly Russian, Greek or Armenian stays as it is.
    """
    if not _HAS_OTHER.search(text):
        return text, 0
    disguised = 0
    mostly_latin = _letters(_LATIN_RUNS, text) > _letters(_HONEST_RUNS, text)

    def fold(match: re.Match[str]) -> str:
        nonlocal disguised
        word = match[0]
        honest = _HAS_HONEST.search(word) is not None
        if _HAS_LATIN.search(word):
            disguised += not honest and len(word) > 2 and _DISGUISED.search(word) is not None
        elif honest or not mostly_latin:
            return word
        return word.translate(FOREIGN)

    return _FOREIGN.sub(fold, text), disguised


def _letters(runs: re.Pattern[str], text: str) -> int:
    return sum(map(len, runs.findall(text)))
