"""Which script a letter belongs to."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

#: The names of scripts, as they occur in Unicode's names of letters.
SCRIPTS: Final = (
    "Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati", "Gurmukhi",
    "Han", "Hangul", "Hebrew", "Hiragana", "Kannada", "Katakana", "Khmer", "Lao", "Latin", "Malayalam", "Myanmar",
    "Sinhala", "Tamil", "Telugu", "Thai", "Tibetan",
)  # fmt: skip

_BY_NAME: Final = {script.upper(): script for script in SCRIPTS} | {"CJK": "Han", "IDEOGRAPHIC": "Han"}


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """Return the script of one letter, or ``Other`` if it isn't in :data:`SCRIPTS`."""
    return _BY_NAME.get(unicodedata.name(letter, "").partition(" ")[0].partition("-")[0], "Other")
