"""What takes no room on the screen, and entities: both are undone before anything looks at a text.

Everything here takes time linear in the text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
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
#: Drawn as nothing, and pasted by honest people: soft hyphens, and the ends of lines and paragraphs of typesetters.
_PASTED: Final = "\u00ad\u2028\u2029"
_UNSEEN: Final = re.compile(f"[{_C0}{_C1}{_PASTED}{_FORMATS}]+")
_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))

_LETTER: Final = "A-Za-z\u00c0-\u024f\u0370-\u052f"
#: Marks between two letters. What comes with honest copies of typeset pages doesn't count, nor does some of C1, which
#: comes with honest text whose encoding was mistaken: apostrophes and dashes of Windows, and what stands behind
#: accented letters where UTF-8 was read as Latin-1.
_SPLIT: Final = re.compile(rf"(?:(?<=[{_LETTER}])[{_C0}{_FORMATS}]+|(?<=[A-Za-z])[{_ODD_C1}]+)(?=[{_LETTER}])")
#: Splits that are counted; more weigh no more.
MOST_SPLITS: Final = 50
#: Marks beyond as many as there are characters to be seen, and so many more, are a trick wherever they stand.
_PADDING: Final = 300

#: Unicode's marks of direction (UAX #9): what opens a part, and what ends it. Every line ends all.
_OVERRIDE: Final = "\u202e"
_END: Final = "\u202c"
_END_ISOLATED: Final = "\u2069"
_ISOLATES: Final = "\u2066\u2067\u2068"
_LINE: Final = "\n"
_NOT_ENDED: Final = _ISOLATES + _LINE
_BACKWARDS: Final = "\u202b\u202e\u2067"
_DIRECTION: Final = re.compile("([\u202a-\u202e\u2066-\u2069])")
#: Parts within parts; browsers stop at 125, and what is nested this deep is a trick anyway.
_DEEPEST: Final = 60
#: Marks of direction that are followed; no text to be read has as many.
_MOST_TURNS: Final = 4_000

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

    What is shown backwards is read as it is shown, and each mark that turned it counts as well.
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
    """Return ``text`` with what stands behind right-to-left overrides as it is shown, and how many of those there are.

    Letters without an override are taken to run from left to right.
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
    """Return a line as it is shown, of which every second part is a mark of direction."""
    shown = _Shown()
    for place, part in enumerate(parts):
        if place % 2:
            shown.turn(part)
        elif part:
            shown.add(part)
    return shown.text()


class _Shown:
    """A line in the order in which it is shown: the levels of UAX #9, for letters that run from left to right.

    Each part has a level; what is between two parts of a lower level moves as one, and odd levels run backwards. An
    isolate in a right-to-left embedding without an override is taken to have letters on both sides.
    """

    def __init__(self) -> None:
        self._opened = [(_LINE, 0)]  # marks that haven't ended, and their levels
        self._too_deep = 0
        self._rows: list[list[str]] = [[]]  # for each level up to that of the last part, what stands there

    def add(self, part: str) -> None:
        mark, level = self._opened[-1]
        self._put(part, level + (level % 2 and mark != _OVERRIDE))

    def turn(self, mark: str) -> None:
        level = self._opened[-1][1]
        if mark in _ISOLATES:
            self.add(mark)  # keeps apart what is on its two sides
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
