"""Letters of one script that pass for letters of another."""

# ruff: noqa: RUF001, RUF003 (letters that pass for others are what this is about)

from __future__ import annotations

import re
from typing import Final


def _table(drawn: str, meant: str) -> dict[int, str]:
    return {ord(one): other for one, other in zip(drawn.split(), meant.split(), strict=True)}


#: Cyrillic, Greek and Armenian letters that look like Latin ones.
LOOK_ALIKES: Final = {
    **_table(
        "а в с е ё н һ і ї ј к ӏ м о р ѕ т у ү х ԁ ԛ ԝ ѵ ғ А В С Е Ё Н Һ І Ї Ј К Ӏ М О Р Ѕ Т У Ү Х Ԁ Ԛ Ԝ Ѵ Ғ",
        "a b c e e h h i i j k l m o p s t y y x d q w v f A B C E E H H I I J K I M O P S T Y Y X D Q W V F",
    ),
    **_table(
        "α β γ ε η ι κ ν ο ρ τ υ χ ω ϲ ϳ Α Β Ε Ζ Η Ι Κ Μ Ν Ο Ρ Τ Υ Χ Ϲ",
        "a b y e n i k v o p t u x w c j A B E Z H I K M N O P T Y X C",
    ),
    **_table("ա ո ս օ հ յ ց զ Օ Տ Ս", "w n u o h j g q O S U"),
}

#: Letters drawn as something else that NFKC leaves as they are: small capitals, white letters in discs and squares.
DRAWN: Final = {
    **_table(
        "ᴀ ʙ ᴄ ᴅ ᴇ ꜰ ɢ ʜ ɪ ᴊ ᴋ ʟ ᴍ ɴ ᴏ ᴘ ꞯ ʀ ꜱ ᴛ ᴜ ᴠ ᴡ ʏ ᴢ ɑ ɡ",
        "a b c d e f g h i j k l m n o p q r s t u v w y z a g",
    ),
    **{0x1F150 + place: chr(65 + place) for place in range(26)},
    **{0x1F170 + place: chr(65 + place) for place in range(26)},
}

_LATIN: Final = "A-Za-z\u00c0-\u024f"
_OTHER: Final = "\u0370-\u03ff\u0400-\u052f\u0531-\u0587"
_PASSING: Final = "".join(map(chr, LOOK_ALIKES))
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
        return word.translate(LOOK_ALIKES)

    return _FOREIGN.sub(fold, text), disguised


def _letters(runs: re.Pattern[str], text: str) -> int:
    return sum(map(len, runs.findall(text)))
