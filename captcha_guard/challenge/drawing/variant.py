"""One variant of a site's style: letters, ink, strokes, fields, background and colours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from .colour import Colour, random_colours

if TYPE_CHECKING:
    import random

Fill = Literal["solid", "outline"]
StrokeFamily = Literal["wave", "arcs"]
FieldFamily = Literal["bars", "waves", "discs", "tiles"]
Background = Literal["plain", "grain", "blots", "gradient", "rules"]

_FILLS: tuple[Fill, ...] = ("solid", "solid", "solid", "solid", "outline")
_OUTLINED_STEM = 0.19  # share of a glyph's height
#: The attributes that all variants of one style share. They are those of the letters.
SHARED = ("fonts", "stem", "slant", "width")
_Choice = TypeVar("_Choice")


@dataclass(frozen=True)
class Variant:
    """The common look of this variant's pictures. :class:`Difficulty` sets how strongly they are changed.

    Each number in ``fonts``, from 0 to below 1, picks a font of the pool. ``stem`` is the wanted width of stems as a
    share of the glyphs' height. ``slant`` is in degrees. ``width`` is a factor on the glyphs' width, and
    ``stroke_share`` one on the strokes' width. In ``fields`` ink and paper are swapped.
    """

    fonts: tuple[float, float, float]
    stem: float
    slant: float
    width: float
    fill: Fill
    strokes: StrokeFamily
    stroke_share: float
    fields: FieldFamily
    background: Background
    background_seed: int
    paper: Colour
    ink: Colour

    @classmethod
    def from_random(cls, rng: random.Random) -> Variant:
        """Return a random variant that people can read."""
        while True:
            variant = _random_variant(rng)
            if variant.readable:
                return variant

    def another(self, rng: random.Random) -> Variant:
        """Return a random variant with the same letters."""
        while True:
            variant = replace(_random_variant(rng), **{name: getattr(self, name) for name in SHARED})
            if variant.readable:
                return variant

    @property
    def readable(self) -> bool:
        """Whether people read this combination at the first try. Others are never used."""
        if self.fill == "outline":  # strokes would cut thin outlined stems into pieces
            return self.stem >= _OUTLINED_STEM and self.background != "rules"
        return True


def _random_variant(rng: random.Random) -> Variant:
    def pick(options: tuple[_Choice, ...]) -> _Choice:
        return options[int(rng.random() * len(options))]

    def span(low: float, high: float) -> float:
        return low + (high - low) * rng.random()

    paper, ink = random_colours(rng)
    return Variant(
        fonts=(rng.random(), rng.random(), rng.random()),
        stem=span(0.17, 0.25),
        slant=pick((0.0, span(3, 9), -span(3, 9))),
        width=span(0.88, 1.15),
        fill=pick(_FILLS),
        strokes=pick(get_args(StrokeFamily)),
        stroke_share=span(0.85, 1.1),
        fields=pick(get_args(FieldFamily)),
        background=pick(get_args(Background)),
        background_seed=int(rng.random() * 2**32),
        paper=paper,
        ink=ink,
    )
