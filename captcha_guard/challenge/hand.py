"""One hand that pictures are written in: letters, ink, strokes, bend and ground, drawn at random but readable."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

if TYPE_CHECKING:
    import random

Fill = Literal["solid", "outline", "inline", "split", "shadow", "brush", "striped", "hatched", "dotted", "speckled"]
Lines = Literal["sine", "arcs", "straight", "gaps", "zigzag", "sheaf", "loops", "beads"]
Counter = Literal["none", "split", "bars", "horizon", "discs"]
Warp = Literal["vertical", "horizontal", "both", "lens", "fold", "ramp"]
Ground = Literal["plain", "grain", "blots", "gradient", "stripes", "rules", "rings", "checks"]
Baseline = Literal["level", "arch", "bowl", "wave", "steps", "rise", "fall"]
Colour = tuple[int, int, int]

HOLLOW: frozenset[Fill] = frozenset({"outline", "inline", "split", "striped"})
FULL_FILLS: tuple[Fill, ...] = (
    "solid",
    "solid",
    "solid",
    "solid",
    "shadow",
    "brush",
    "dotted",
    "hatched",
    "speckled",
)
#: The traits that all hands of one style share: what its letters are, and how they stand.
SHARED = ("fonts", "stem", "slant", "width", "rotation_share", "shear_share")
MIN_CONTRAST = 6.0  # ink to paper; leaves room for grounds above the 4.5 that every pixel keeps (WCAG 2.2, 1.4.3)
_Choice = TypeVar("_Choice")


@dataclass(frozen=True)
class Hand:
    """What the pictures written in this hand have in common; :class:`Difficulty` says how much of it.

    ``fonts`` picks from the pool, each in [0, 1). ``stem`` is the width of stems to aim at, a share of the glyphs'
    height; ``slant`` is in degrees, ``width`` a factor on the glyphs' width, ``fill_pitch`` in px at scale 1,
    ``fill_angle`` in degrees. Shares are factors on a difficulty's knobs. ``counter`` names the fields in which
    ink and paper change places.
    """

    fonts: tuple[float, float, float]
    stem: float
    slant: float
    width: float
    fill: Fill
    fill_pitch: float
    fill_angle: float
    rotation_share: float
    shear_share: float
    overlap_share: float
    lines: Lines
    line_share: float
    counter: Counter
    warp: Warp
    warp_waves: float
    baseline: Baseline
    ground: Ground
    ground_seed: int
    paper: Colour
    ink: Colour

    @classmethod
    def drawn(cls, rng: random.Random) -> Hand:
        """Draw a hand that can be read."""
        while True:
            hand = _roll(rng)
            if hand.readable:
                return hand

    def another(self, rng: random.Random) -> Hand:
        """Draw a hand that writes the same letters with other ink, strokes and bend, on another ground."""
        while True:
            hand = replace(_roll(rng), **{name: getattr(self, name) for name in SHARED})
            if hand.readable:
                return hand

    @property
    def readable(self) -> bool:
        """Whether this combination can be read at first try; those that can't are passed over when a hand is drawn."""
        if self.fill in HOLLOW:
            # Hollow glyphs cut by thin strokes fall to pieces, and so do hollow glyphs of thin stems.
            calm = self.lines not in ("gaps", "sheaf") and not (self.fill == "striped" and self.counter == "bars")
            return calm and self.stem >= 0.19 and self.ground not in ("checks", "rings")
        if self.ground in ("checks", "rings", "stripes"):
            return False
        if self.fill == "solid":
            return True
        return self.counter in ("bars", "horizon") and self.lines != "sheaf" and self.ground != "rules"


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two sRGB colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _roll(rng: random.Random) -> Hand:
    def pick(options: tuple[_Choice, ...]) -> _Choice:
        return options[int(rng.random() * len(options))]

    def span(low: float, high: float) -> float:
        return low + (high - low) * rng.random()

    paper, ink = _colours(rng)
    hollow = rng.random() < 0.25
    return Hand(
        fonts=(rng.random(), rng.random(), rng.random()),
        stem=span(0.19 if hollow else 0.16, 0.25),
        slant=pick((0.0, span(3, 9), -span(3, 9))),
        width=span(0.88, 1.15),
        fill=pick(("outline", "outline", "inline", "inline", "striped") if hollow else FULL_FILLS),
        fill_pitch=span(5.6, 7.6),
        fill_angle=span(0, 180),
        rotation_share=span(0.75, 1.0),
        shear_share=span(0.6, 1.0),
        overlap_share=span(0.3, 0.6) if hollow else span(0.75, 1.25),
        lines=pick(get_args(Lines)),
        line_share=span(0.85, 1.1),
        counter=pick(("split", "bars") if hollow else ("bars", "bars", "horizon", "discs", "discs")),
        warp=pick(get_args(Warp)),
        warp_waves=span(1.0, 2.2),
        baseline=pick(get_args(Baseline)),
        ground=pick(get_args(Ground)),
        ground_seed=int(rng.random() * 2**32),
        paper=paper,
        ink=ink,
    )


def _colours(rng: random.Random) -> tuple[Colour, Colour]:
    light_paper = rng.random() < 0.6
    while True:
        pale = _hls(rng.random(), 0.84 + 0.15 * rng.random(), 0.2 + 0.7 * rng.random())
        deep = _hls(rng.random(), 0.08 + 0.22 * rng.random(), 0.2 + 0.7 * rng.random())
        if contrast(pale, deep) >= MIN_CONTRAST:
            return (pale, deep) if light_paper else (deep, pale)


def _hls(hue: float, lightness: float, saturation: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
