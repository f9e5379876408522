"""What takes no room on the screen, and entities: both are undone before anything looks at a text.

Everything here takes time linear in the text.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from html.entities import html5 as _NAMES  # noqa: N812 (a table)
from itertools import islice
from typing import Final

#: Control characters. Tab, newline and carriage return are layout, and stay.
_C0: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
_C1: Final = "\x80-\x9f"
_ODD_C1: Final = "\x80-\x84\x86-\x90\x98-\x9f"

#: Joiners, marks of direction, fillers, variation selectors, tags and annotations: Unicode's categories Cc and Cf, its
#: property Default_Ignorable_Code_Point, and some that are drawn empty; half characters and noncharacters, which
#: nothing can show; private characters and whole planes without any, which show what the reader's font happens to have.
_FORMATS: Final = (
    "\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U00013440\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe-\U0010ffff"
)
_UNSEEN: Final = re.compile(f"[{_C0}{_C1}\u00ad{_FORMATS}]+")
_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))

_LETTER: Final = "A-Za-z\u00c0-\u024f\u0370-\u052f"
#: Marks between two letters. A soft hyphen there comes with honest copies of typeset pages, and some of C1 with honest
#: text whose encoding was mistaken: apostrophes and dashes of Windows, and what stands behind accented letters where
#: UTF-8 was read as Latin-1. None of these counts.
_SPLIT: Final = re.compile(rf"(?:(?<=[{_LETTER}])[{_C0}{_FORMATS}]+|(?<=[A-Za-z])[{_ODD_C1}]+)(?=[{_LETTER}])")
#: Splits that are counted; more weigh no more.
MOST_SPLITS: Final = 50
#: Marks beyond as many as there are characters to be seen, and so many more, are a trick wherever they stand.
_PADDING: Final = 300

#: Shown from right to left until the end of the override, or of the line.
_OVERRIDDEN: Final = re.compile("\u202e([^\u202c\u202e\n]*+)\u202c?+")

#: Runs of different marks that are taken out one after the other, which is quick however often each stands there.
_FEW: Final = 8
_LONG: Final = 200

#: HTML's entities: decimal, hexadecimal, by name, and those names that browsers take without a semicolon, too. Larger
#: numbers stand for private characters, or for none.
_ENTITY: Final = re.compile(
    r"(&(?:#(?:0*+[1-9][0-9]{0,5}|0++)(?![0-9]);?|#[xX](?:0*+[1-9a-fA-F][0-9a-fA-F]{0,4}|0++)(?![0-9a-fA-F]);?"
    r"|[A-Za-z][A-Za-z0-9]{1,31};|(?:[aA][mM][pP]|[lL][tT]|[gG][tT]|[qQ][uU][oO][tT]|nbsp|shy)))"
)
_WINDOWS: Final = {chr(code): html.unescape(f"&#{code};") for code in range(0x80, 0xA0)}


def without_unseen(text: str) -> str:
    """Return ``text`` without control characters and whatever else shows nothing. A blank pattern becomes a space."""
    if text.isascii():
        return text if text.isprintable() else text.translate(_CONTROLS)
    text = text.replace("\u2800", " ")
    odd = "".join(_UNSEEN.findall("".join(set(text)))) if len(text) > _LONG else None
    if odd is None or len(odd) > _FEW:
        return _UNSEEN.sub("", text)
    for one in odd:
        text = text.replace(one, "")
    return text


def unescaped(text: str) -> str:
    """Return ``text`` with its entities as the characters they stand for."""
    if "&" not in text:
        return text
    parts = _ENTITY.split(text)
    parts[1::2] = map(_meant, parts[1::2])
    return "".join(parts)


@lru_cache(maxsize=1024)
def _meant(entity: str) -> str:
    """Return what an entity stands for."""
    name = entity[1:]
    if not name.startswith("#"):
        return _NAMES.get(name) or _NAMES.get(name.lower()) or entity
    digits, base = (name[2:], 16) if name[1] in "xX" else (name[1:], 10)
    one = chr(int(digits.rstrip(";").lstrip("0") or "0", base))
    return _WINDOWS.get(one, one)


def as_seen(text: str, most: int = MOST_SPLITS) -> tuple[str, int]:
    """Return ``text`` unescaped and without what shows nothing, and how many words that had split, ``most`` or so.

    A run that is shown backwards is read as it is shown, and counts as well.
    """
    text, turned = _turned(text)
    seen = without_unseen(text)
    splits = turned + _splits(text, seen, most)
    if "&" in seen:
        written, turned = _turned(unescaped(seen))
        seen = without_unseen(written)
        splits += turned + _splits(written, seen, most)
    return seen, splits


def _turned(text: str) -> tuple[str, int]:
    """Return ``text`` with runs behind a right-to-left override in the order in which they are shown."""
    return _OVERRIDDEN.subn(lambda run: run[1][::-1], text) if "\u202e" in text else (text, 0)


def _splits(text: str, seen: str, most: int) -> int:
    if len(seen) == len(text) or most <= 0:
        return 0
    return sum(1 for _ in islice(_SPLIT.finditer(text), most)) + (len(text) > 2 * len(seen) + _PADDING)
