"""One variant of a site's style: letters, ink, strokes, fields, background and colours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from .colour import Colour, drawn_colours

if TYPE_CHECKING:
    import random

Fill = Literal["solid", "outline"]
StrokeFamily = Literal["wave", "arcs"]
FieldFamily = Literal["bars", "waves", "discs", "tiles"]
Background = Literal["plain", "grain", "blots", "gradient", "rules"]

_FILLS: tuple[Fill, ...] = ("solid", "solid", "solid", "solid", "outline")
_OUTLINED_STEM = 0.19  # share of a glyph's height
#: The traits that all variants of one style share: what its letters look like.
SHARED = ("fonts", "stem", "slant", "width")
_Choice = TypeVar("_Choice")


@dataclass(frozen=True)
class Variant:
    """What the pictures of this variant have in common; :class:`Difficulty` says how much is done to them.

    ``fonts`` picks from the pool, each in [0, 1). ``stem`` is the width of stems to aim at, a share of the glyphs'
    height; ``slant`` is in degrees, ``width`` a factor on the glyphs' width, ``stroke_share`` a factor on the strokes'
    width. In ``fields`` ink and paper change places.
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
    def drawn(cls, rng: random.Random) -> Variant:
        """Draw a variant that can be read."""
        while True:
            variant = _roll(rng)
            if variant.readable:
                return variant

    def another(self, rng: random.Random) -> Variant:
        """Draw a variant with the same letters in other ink, on another background."""
        while True:
            variant = replace(_roll(rng), **{name: getattr(self, name) for name in SHARED})
            if variant.readable:
                return variant

    @property
    def readable(self) -> bool:
        """Whether this combination can be read at the first try; others are passed over when a variant is drawn."""
        if self.fill == "outline":  # thin stems fall to pieces where strokes cross them
            return self.stem >= _OUTLINED_STEM and self.background != "rules"
        return True


def _roll(rng: random.Random) -> Variant:
    def pick(options: tuple[_Choice, ...]) -> _Choice:
        return options[int(rng.random() * len(options))]

    def span(low: float, high: float) -> float:
        return low + (high - low) * rng.random()

    paper, ink = drawn_colours(rng)
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
