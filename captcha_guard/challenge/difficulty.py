"""How hard a picture is: named knobs, and three levels. The level ``classica`` has its own picture size."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import ClassVar, NamedTuple, cast

from ..config.suggestion import suggest
from ..errors import ConfigError

#: Width and height in px of every picture of ``classica``.
CLASSICA_SIZE = (160, 30)

_SPEC_PREFIX = "d2"

#: The fewest and the most symbols that a code may have.
SHORTEST, LONGEST = 4, 8


class Knob(NamedTuple):
    """A knob's letter in a spec, its allowed range (both ends included) and its unit."""

    letter: str
    low: int
    high: int
    unit: str


KNOBS: dict[str, Knob] = {
    "interlock": Knob(
        "i", 0, 30, "% of a glyph's height by which the rows reach across every straight line between them"
    ),
    "tilt": Knob("t", 0, 35, "degrees, the steepest slope of the rows, up or down"),
    "rotation": Knob("r", 0, 30, "degrees, the largest turn of a glyph to either side"),
    "field_size": Knob(
        "f", 50, 400, "% of a glyph's height, the size of the fields in which ink and paper are swapped"
    ),
    "lines": Knob("l", 0, 6, "strokes across the text"),
    "line_weight": Knob("w", 20, 120, "% of the text's stem width"),
    "cover": Knob("c", 0, 25, "% of a glyph's ink that strokes may cover"),
}
_SPEC = re.compile(
    _SPEC_PREFIX
    + "".join(f"{knob.letter}(?P<{name}>[0-9]{{1,3}})" for name, knob in KNOBS.items())
    + "(n(?P<shortest>[0-9])(?P<longest>[0-9]))?"
)


def _pair(length: object) -> tuple[int, int] | None:
    """Return the shortest and the longest code for a ``length``, or None. Raises ``ConfigError`` for other values."""
    if length is None:
        return None
    pair = (length, length) if type(length) is int else length
    if isinstance(pair, tuple) and len(pair) == 2 and all(type(number) is int for number in pair):
        shortest, longest = pair
        if SHORTEST <= shortest <= longest <= LONGEST:
            return shortest, longest
    allowed = f"{SHORTEST} to {LONGEST} symbols: one number, (shortest, longest), or None for CAPTCHA_GUARD_LENGTH"
    raise ConfigError(f"Difficulty's length is {length!r}; allowed are {allowed}")


@dataclass(frozen=True)
class Difficulty:
    """How strongly a picture's glyphs are changed. :class:`Style` decides in which manner.

    Every knob is a whole number. docs/tuning.md has its unit and range. ``length`` is the number of symbols in a code,
    4 to 8: one number, or (shortest, longest). ``None`` means the site's setting (``CAPTCHA_GUARD_LENGTH``). Raises
    :class:`ConfigError` (a ``ValueError``) for a value outside its range.
    """

    interlock: int = 3
    tilt: int = 31
    rotation: int = 5
    field_size: int = 100
    lines: int = 1
    line_weight: int = 26
    cover: int = 6
    length: int | tuple[int, int] | None = None

    easy: ClassVar[Difficulty]
    medium: ClassVar[Difficulty]
    classica: ClassVar[Difficulty]

    def __post_init__(self) -> None:
        for name, knob in KNOBS.items():
            value = getattr(self, name)
            if type(value) is not int or not knob.low <= value <= knob.high:
                allowed = f"{knob.low} to {knob.high} {knob.unit}"
                msg = f"Difficulty's {name} is {value!r}; allowed: a whole number, {allowed}"
                raise ConfigError(msg)
        object.__setattr__(self, "length", _pair(self.length))

    @classmethod
    def of(cls, given: str | Difficulty) -> Difficulty:
        """Return the difficulty itself, or the level with that name. Raises :class:`ConfigError` for anything else."""
        return given if isinstance(given, Difficulty) else cls.named(given)

    @classmethod
    def named(cls, name: str) -> Difficulty:
        """Return the level called ``name``. Raises :class:`ConfigError` for an unknown one."""
        try:
            return _LEVELS[name]
        except (KeyError, TypeError):
            raise ConfigError(f"there is no difficulty {name!r}; {suggest(str(name), _LEVELS)}") from None

    @property
    def name(self) -> str | None:
        """The level's name, or ``None`` for a custom difficulty, such as a level with another length."""
        return next((name for name, level in _LEVELS.items() if level == self), None)

    @property
    def is_classica(self) -> bool:
        """Whether pictures have the fixed look of ``classica``, and not the site's style. The length doesn't matter."""
        return _is_classica(self)

    def picture_size(self, site: tuple[int, int]) -> tuple[int, int]:
        """Return the width and height in px of such a picture. ``site`` is the site's picture size in px."""
        return CLASSICA_SIZE if self.is_classica else site

    def symbols(self, site: tuple[int, int]) -> tuple[int, int]:
        """Return the shortest and the longest code, in symbols. ``site`` is used if no length is set."""
        return site if self.length is None else cast("tuple[int, int]", self.length)

    def spec(self) -> str:
        """Return ASCII text (under 60 characters) from which :meth:`from_spec` restores the same difficulty."""
        return self.name or self._written()

    def _written(self) -> str:
        knobs = "".join(f"{knob.letter}{getattr(self, name)}" for name, knob in KNOBS.items())
        length = "n{}{}".format(*self.symbols((0, 0))) if self.length is not None else ""
        return _SPEC_PREFIX + knobs + length

    @classmethod
    def from_spec(cls, spec: str) -> Difficulty:
        """Return the difficulty for a text from :meth:`spec`. Raises ``ValueError`` for any other text."""
        return _LEVELS.get(spec) or _own(spec)


# The levels, the easiest first. Classica doesn't use a style, and only its tilt has an effect.
Difficulty.classica = Difficulty(interlock=0, tilt=4, rotation=0, field_size=400, lines=0, line_weight=20, cover=0)
Difficulty.easy = Difficulty(interlock=2, rotation=3, field_size=100, line_weight=20, cover=4)
Difficulty.medium = Difficulty()
_LEVELS: dict[str, Difficulty] = {
    "classica": Difficulty.classica,
    "easy": Difficulty.easy,
    "medium": Difficulty.medium,
}
assert {field.name for field in fields(Difficulty)} == {*KNOBS, "length"}  # noqa: S101


# Cached, because every request needs them for the same few difficulties.
@lru_cache(maxsize=64)
def _is_classica(difficulty: Difficulty) -> bool:
    return replace(difficulty, length=None) == Difficulty.classica


@lru_cache(maxsize=64)
def _own(spec: str) -> Difficulty:
    found = _SPEC.fullmatch(spec)
    if found is not None:
        numbers = {name: int(digits) for name, digits in found.groupdict().items() if digits is not None}
        length = (numbers.pop("shortest"), numbers.pop("longest")) if "shortest" in numbers else None
        made = Difficulty(**numbers, length=length)
        if made._written() == spec:
            return made
    raise ValueError(f"{spec[:80]!r} isn't the spec of a difficulty")
