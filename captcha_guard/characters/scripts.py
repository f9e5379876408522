"""Which script a letter belongs to."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

#: The scripts that can be named, after Unicode's names of their letters.
SCRIPTS: Final = (
    "Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati", "Gurmukhi",
    "Han", "Hangul", "Hebrew", "Hiragana", "Kannada", "Katakana", "Khmer", "Lao", "Latin", "Malayalam", "Myanmar",
    "Sinhala", "Tamil", "Telugu", "Thai", "Tibetan",
)  # fmt: skip

_BY_NAME: Final = {script.upper(): script for script in SCRIPTS} | {"CJK": "Han", "IDEOGRAPHIC": "Han"}


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """Return the script of one letter, ``Other`` where it is none of :data:`SCRIPTS`."""
    return _BY_NAME.get(unicodedata.name(letter, "").partition(" ")[0].partition("-")[0], "Other")
