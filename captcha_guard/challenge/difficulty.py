"""How hard a picture is: named knobs, three levels and a nostalgic fourth with a size of its own."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import ClassVar, NamedTuple

from captcha_guard.errors import ConfigError

#: Width and height in px of every picture of ``classica``.
CLASSICA_SIZE = (160, 30)

_SPEC_PREFIX = "d1"
_SPEC_KNOB = re.compile(r"([a-z])(\d{1,3})")


class Knob(NamedTuple):
    """One knob's letter in a spec, its allowed range (both ends included) and its unit."""

    letter: str
    low: int
    high: int
    unit: str


KNOBS: dict[str, Knob] = {
    "overlap": Knob(
        "o",
        0,
        12,
        "% of a glyph's ink that it shares with a neighbour; 0 keeps them apart",
    ),
    "rotation": Knob("r", 0, 30, "degrees either way, drawn for each glyph"),
    "shear": Knob("s", 0, 30, "% of a glyph's height, drawn for each glyph"),
    "size_jitter": Knob("j", 0, 25, "% by which single glyphs are smaller than the largest"),
    "shift": Knob("b", 0, 20, "% of a glyph's height up or down from the baseline"),
    "warp": Knob(
        "w",
        0,
        20,
        "% of a glyph's height, the amplitude of the warp over the whole picture",
    ),
    "lines": Knob("l", 0, 6, "strokes across the text"),
    "line_weight": Knob("t", 20, 120, "% of the text's stem width"),
    "cover": Knob("c", 0, 25, "% of a glyph's ink that strokes and neighbours may cover"),
}


@dataclass(frozen=True)
class Difficulty:
    """How much is done to a picture's glyphs; :class:`Style` says in which manner.

    Every knob is a whole number; :data:`KNOBS` names its unit and range. Raises :class:`ConfigError` (a
    ``ValueError``) for a value outside its range. Compare levels with :attr:`rank`.
    """

    overlap: int = 2
    rotation: int = 7
    shear: int = 3
    size_jitter: int = 7
    shift: int = 6
    warp: int = 6
    lines: int = 1
    line_weight: int = 38
    cover: int = 12

    easy: ClassVar[Difficulty]
    medium: ClassVar[Difficulty]
    hard: ClassVar[Difficulty]
    classica: ClassVar[Difficulty]

    def __post_init__(self) -> None:
        for name, knob in KNOBS.items():
            value = getattr(self, name)
            if type(value) is not int or not knob.low <= value <= knob.high:
                allowed = f"{knob.low} to {knob.high} {knob.unit}"
                msg = f"Difficulty's {name} is {value!r}; a whole number is needed, {allowed}"
                raise ConfigError(msg)

    @classmethod
    def named(cls, name: str) -> Difficulty:
        """Return the level called ``name``; raises :class:`ConfigError` with the nearest name when there is none."""
        try:
            return _LEVELS[name]
        except KeyError:
            nearest = difflib.get_close_matches(str(name).lower(), _LEVELS, n=1, cutoff=0.0)[0]
            known = ", ".join(_LEVELS)
            msg = f"there is no difficulty {name!r}; did you mean {nearest!r}? Known are {known}"
            raise ConfigError(msg) from None

    @property
    def name(self) -> str | None:
        """The level's name, or ``None`` for a difficulty of one's own."""
        return next((name for name, level in _LEVELS.items() if level == self), None)

    @property
    def rank(self) -> int:
        """How this counts when two are compared: 0 ``classica``, 1 ``easy``, 2 ``medium``, 3 ``hard``.

        A difficulty of one's own counts as the hardest level that none of its knobs falls below.
        """
        return _rank(self)

    def picture_size(self, site: tuple[int, int]) -> tuple[int, int]:
        """Return the width and height in px of such a picture on a site whose size is ``site``."""
        return CLASSICA_SIZE if self.name == "classica" else site

    def _reaches(self, level: Difficulty) -> bool:
        return all(getattr(self, name) >= getattr(level, name) for name in KNOBS)

    def spec(self) -> str:
        """Return ASCII text (under 60 characters) from which :meth:`from_spec` makes the same difficulty."""
        name = self.name
        if name is not None:
            return name
        return _SPEC_PREFIX + "".join(f"{knob.letter}{getattr(self, knob_name)}" for knob_name, knob in KNOBS.items())

    @classmethod
    def from_spec(cls, spec: str) -> Difficulty:
        """Return the difficulty that :meth:`spec` wrote down; raises ``ValueError`` for any other text."""
        if spec in _LEVELS:
            return _LEVELS[spec]
        body = spec.removeprefix(_SPEC_PREFIX)
        pairs = _SPEC_KNOB.findall(body)
        letters = {knob.letter: name for name, knob in KNOBS.items()}
        written = "".join(letter + digits for letter, digits in pairs)
        if body == spec or written != body or [letter for letter, _ in pairs] != list(letters):
            msg = f"{spec[:80]!r} is no difficulty's spec"
            raise ValueError(msg)
        return cls(**{letters[letter]: int(digits) for letter, digits in pairs})


# In order of rank. What classica draws is no style's; its knobs say how much that comes to: a tilt.
Difficulty.classica = Difficulty(
    overlap=0, rotation=4, shear=0, size_jitter=0, shift=0, warp=0, lines=0, line_weight=20, cover=0
)
Difficulty.easy = Difficulty(
    overlap=1, rotation=5, shear=2, size_jitter=5, shift=4, warp=5, lines=1, line_weight=30, cover=10
)
Difficulty.medium = Difficulty()
Difficulty.hard = Difficulty(
    overlap=3, rotation=12, shear=7, size_jitter=12, shift=9, warp=9, lines=2, line_weight=60, cover=17
)
_LEVELS: dict[str, Difficulty] = {
    "classica": Difficulty.classica,
    "easy": Difficulty.easy,
    "medium": Difficulty.medium,
    "hard": Difficulty.hard,
}
assert {field.name for field in fields(Difficulty)} == set(KNOBS)  # noqa: S101


@lru_cache(maxsize=64)
def _rank(difficulty: Difficulty) -> int:
    if difficulty == Difficulty.classica:
        return 0
    reached = (rank for rank, level in enumerate(_LEVELS.values()) if difficulty._reaches(level))
    return max(reached, default=0)
