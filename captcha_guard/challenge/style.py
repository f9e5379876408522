"""How one site's pictures look: a style drawn from the site's secret."""

from __future__ import annotations

import colorsys
import hashlib
import hmac
import random
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

Fill = Literal["solid", "outline", "inline", "split", "shadow", "brush", "striped", "hatched", "dotted", "speckled"]
Lines = Literal["sine", "arcs", "straight", "gaps", "zigzag", "sheaf", "loops", "beads"]
Counter = Literal["none", "split", "bars", "horizon"]
Warp = Literal["vertical", "horizontal", "both", "lens", "fold", "ramp"]
Ground = Literal["plain", "grain", "blots", "gradient", "stripes", "rules", "rings", "checks"]
Baseline = Literal["level", "arch", "bowl", "wave", "steps", "rise", "fall"]
Colour = tuple[int, int, int]

MIN_CONTRAST = 6.0  # ink to paper; leaves room for grounds above the 4.5 that every pixel keeps (WCAG 2.2, 1.4.3)
_LABEL = b"captcha_guard style 1\0"
_Choice = TypeVar("_Choice")


@dataclass(frozen=True)
class Style:
    """The look that all pictures of a site share; :class:`Difficulty` says how much of it.

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
    def from_secret(cls, secret: bytes, epoch: int = 0) -> Style:
        """Return the style of this secret in this epoch; the same in every process.

        The secret goes through HMAC-SHA256 (RFC 2104) first, so a style tells nothing about it.
        """
        digest = hmac.new(secret, _LABEL + str(epoch).encode(), hashlib.sha256).digest()
        rng = random.Random(int.from_bytes(digest))  # noqa: S311 - keyed by the digest above
        while True:
            style = _roll(rng)
            if style.readable:
                return style

    @property
    def readable(self) -> bool:
        """Whether this combination can be read at first try; those that can't are passed over when a style is drawn."""
        thin_ink = self.fill in ("outline", "split", "inline", "hatched", "dotted", "striped", "speckled")
        if thin_ink and (self.lines in ("gaps", "sheaf") or self.stem < 0.2):
            return False
        if self.counter != "none" and (self.fill != "solid" or self.lines not in ("sine", "arcs", "straight", "gaps")):
            return False
        return not (self.fill == "shadow" and self.lines in ("sheaf", "zigzag"))


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two sRGB colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _roll(rng: random.Random) -> Style:
    def pick(options: tuple[_Choice, ...]) -> _Choice:
        return options[int(rng.random() * len(options))]

    def span(low: float, high: float) -> float:
        return low + (high - low) * rng.random()

    paper, ink = _colours(rng)
    return Style(
        fonts=(rng.random(), rng.random(), rng.random()),
        stem=span(0.16, 0.25),
        slant=pick((0.0, span(3, 9), -span(3, 9))),
        width=span(0.88, 1.15),
        fill=pick(("solid", "solid", "solid", "solid", *get_args(Fill))),
        fill_pitch=span(5.6, 7.6),
        fill_angle=span(0, 180),
        rotation_share=span(0.75, 1.0),
        shear_share=span(0.6, 1.0),
        overlap_share=span(0.75, 1.25),
        lines=pick(get_args(Lines)),
        line_share=span(0.85, 1.1),
        counter=pick(("none", "none", "none", *get_args(Counter)[1:])),
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
