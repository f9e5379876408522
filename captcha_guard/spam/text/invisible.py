"""Removes invisible characters and decodes HTML entities before a text is judged.

Every function takes time linear in the length of the text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import lru_cache
from html.entities import html5 as _NAMES  # noqa: N812 (a table)
from itertools import islice
from typing import Final

#: Control characters except tab, newline and carriage return, which are kept as layout.
_C0: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
_C1: Final = "\x80-\x9f"
_ODD_C1: Final = "\x80-\x84\x86-\x90\x98-\x9f"

#: Joiners, direction marks, fillers, variation selectors, tags and annotations: Unicode's categories Cc and Cf, its
#: property Default_Ignorable_Code_Point, and some characters with an empty glyph. Also surrogates and noncharacters,
#: which can't be displayed, and private-use and unassigned planes, whose look depends on the reader's font.
_FORMATS: Final = (
    "\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U00013440\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe-\U0010ffff"
)
#: Invisible characters that people paste without knowing: soft hyphens, and typesetters' line and paragraph separators.
_PASTED: Final = "\u00ad\u2028\u2029"
_UNSEEN: Final = re.compile(f"[{_C0}{_C1}{_PASTED}{_FORMATS}]+")
_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))

_LETTER: Final = "A-Za-z\u00c0-\u024f\u0370-\u052f"
#: Invisible characters between two letters. Those of ``_PASTED`` don't count. Some of C1 don't count either, because
#: they come from text in a wrongly detected encoding: Windows' apostrophes and dashes, and the second byte of accented
#: letters where UTF-8 was read as Latin-1.
_SPLIT: Final = re.compile(rf"(?:(?<=[{_LETTER}])[{_C0}{_FORMATS}]+|(?<=[A-Za-z])[{_ODD_C1}]+)(?=[{_LETTER}])")
#: The maximum number of splits that are counted.
MOST_SPLITS: Final = 50
#: Invisible characters count as a trick, wherever they are, if they outnumber the visible ones by more than this.
_PADDING: Final = 300

#: Unicode's direction marks (UAX #9): those that open a part and those that end it. The end of a line ends all parts.
_OVERRIDE: Final = "\u202e"
_END: Final = "\u202c"
_END_ISOLATED: Final = "\u2069"
_ISOLATES: Final = "\u2066\u2067\u2068"
_LINE: Final = "\n"
_NOT_ENDED: Final = _ISOLATES + _LINE
_BACKWARDS: Final = "\u202b\u202e\u2067"
_DIRECTION: Final = re.compile("([\u202a-\u202e\u2066-\u2069])")
#: The maximum nesting depth that is followed. Browsers stop at 125, and text nested this deep is a trick anyway.
_DEEPEST: Final = 60
#: The maximum number of direction marks that are followed. No readable text has this many.
_MOST_TURNS: Final = 4_000

#: Up to this many different characters are removed one after the other, which is fast however often each occurs. Only
#: for texts longer than ``_LONG``.
_FEW: Final = 8
_LONG: Final = 200

#: HTML entities: decimal, hexadecimal, by name, and the names that browsers accept without a semicolon. Larger numbers
#: stand for private-use characters or for no character.
_ENTITY: Final = re.compile(
    r"(&(?:#(?:0*+[1-9][0-9]{0,5}|0++)(?![0-9]);?|#[xX](?:0*+[1-9a-fA-F][0-9a-fA-F]{0,4}|0++)(?![0-9a-fA-F]);?"
    r"|[A-Za-z][A-Za-z0-9]{1,31};|(?:[aA][mM][pP]|[lL][tT]|[gG][tT]|[qQ][uU][oO][tT]|nbsp|shy)))"
)
_WINDOWS: Final = {chr(code): html.unescape(f"&#{code};") for code in range(0x80, 0xA0)}


def without_unseen(text: str) -> str:
    """Return ``text`` without control characters and other invisible ones. A blank Braille pattern becomes a space."""
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
    """Return ``text`` with its HTML entities decoded."""
    if "&" not in text:
        return text
    parts = _ENTITY.split(text)
    parts[1::2] = map(_decoded, parts[1::2])
    return "".join(parts)


@lru_cache(maxsize=1024)
def _decoded(entity: str) -> str:
    """Return the characters that an entity stands for."""
    name = entity[1:]
    if not name.startswith("#"):
        return _NAMES.get(name) or _NAMES.get(name.lower()) or entity
    digits, base = (name[2:], 16) if name[1] in "xX" else (name[1:], 10)
    one = chr(int(digits.rstrip(";").lstrip("0") or "0", base))
    return _WINDOWS.get(one, one)


def as_seen(text: str, most: int = MOST_SPLITS) -> tuple[str, int]:
    """Return ``text`` as it is displayed, and the number of tricks found in it, about ``most`` at most.

    Entities are decoded, invisible characters are removed, and text that is displayed backwards is reversed. Each word
    split by invisible characters and each right-to-left override counts as a trick.
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
    """Return ``text`` with the parts after right-to-left overrides in display order, and the number of overrides.

    Letters without an override are assumed to run from left to right.
    """
    tricks = text.count(_OVERRIDE)
    if not tricks:
        return text, 0
    lines, left = text.split("\n"), _MOST_TURNS
    for place, line in enumerate(lines):
        if _OVERRIDE in line and left > 0:
            parts = _DIRECTION.split(line, left)
            lines[place] = _shown(parts)
            left -= len(parts) // 2
    return "\n".join(lines), tricks


def _shown(parts: Iterable[str]) -> str:
    """Return a line in display order; every second part is a direction mark."""
    shown = _Shown()
    for place, part in enumerate(parts):
        if place % 2:
            shown.turn(part)
        elif part:
            shown.add(part)
    return shown.text()


class _Shown:
    """Builds a line in display order, using the levels of UAX #9 for letters that run from left to right.

    Each part has a level. The parts between two parts of a lower level move as a unit, and odd levels are reversed. An
    isolate in a right-to-left embedding without an override is assumed to have letters on both sides.
    """

    def __init__(self) -> None:
        self._opened = [(_LINE, 0)]  # open marks and their levels
        self._too_deep = 0
        self._rows: list[list[str]] = [[]]  # the parts of each level, up to the level of the last part

    def add(self, part: str) -> None:
        mark, level = self._opened[-1]
        self._put(part, level + (level % 2 and mark != _OVERRIDE))

    def turn(self, mark: str) -> None:
        level = self._opened[-1][1]
        if mark in _ISOLATES:
            self.add(mark)  # separates the parts on its two sides
        if mark in (_END, _END_ISOLATED):
            self._end(mark)
        elif len(self._opened) > _DEEPEST:
            self._too_deep += 1
        else:
            self._opened.append((mark, level + 1 + (level % 2 == (mark in _BACKWARDS))))

    def text(self) -> str:
        self._put("", 0)
        return "".join(self._rows[0])

    def _end(self, end: str) -> None:
        if self._too_deep:
            self._too_deep -= 1
        elif end == _END and self._opened[-1][0] not in _NOT_ENDED:
            self._opened.pop()
        elif end == _END_ISOLATED:
            isolates = (place for place in range(len(self._opened) - 1, 0, -1) if self._opened[place][0] in _ISOLATES)
            del self._opened[next(isolates, len(self._opened)) :]
            self.add(end)

    def _put(self, part: str, level: int) -> None:
        while len(self._rows) <= level:
            self._rows.append([])
        while len(self._rows) > level + 1:
            row = self._rows.pop()
            self._rows[-1].append("".join(reversed(row) if len(self._rows) % 2 else row))
        self._rows[-1].append(part[::-1] if level % 2 else part)


def _splits(text: str, seen: str, most: int) -> int:
    if len(seen) == len(text) or most <= 0:
        return 0
    return sum(1 for _ in islice(_SPLIT.finditer(text), most)) + (len(text) > 2 * len(seen) + _PADDING)
