"""The bend of the whole picture: where each glyph and each stroke of the text is shown, and how it is warped there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from captcha_guard.challenge.pose import Matrix, inverted, product

if TYPE_CHECKING:
    import random

    from captcha_guard.challenge.fonts import FontFace
    from captcha_guard.challenge.hand import Hand, Warp
    from captcha_guard.challenge.layout import Layout, Placement

Point = tuple[float, float]

_STRETCH, _GROW = (1.3, 1.12)  # short texts are shown this much larger, across and down
_PAD = 3.0  # px at scale 1 that stay free at every edge, up to what a glyph goes beyond its place when it is warped
_EDGE = 1.0  # px at scale 1 that stay free whatever the warp
_LEAST_HEIGHT = 29.0  # px at scale 1 that no bend presses a glyph below; its ink then keeps 28
_FEEL = 0.35  # of a glyph's width and height to each side of its middle: where the bend that warps it is felt
_TURN = 2 * math.pi


class Bent(NamedTuple):
    """One glyph as it is shown; px of the picture at scale 1.

    ``inverse`` leads from the picture to the glyph's mask, whose point ``start`` is shown at (0, 0). ``box`` is left,
    top, right and bottom; ``shared`` is the share of the ink that lies in neighbours.
    """

    face: FontFace
    glyph: str
    inverse: Matrix
    start: Point
    box: tuple[float, float, float, float]
    shared: float


@dataclass(frozen=True)
class Bend:
    """Where each point of the text is shown: ``shown`` leads from px of text space to px of the picture at scale 1.

    ``scale`` is how much larger the text is shown, across and down; ``size`` is the picture's.
    """

    size: tuple[int, int]
    scale: Point
    shown: Callable[[float, float], Point]

    @property
    def growth(self) -> float:
        """How much larger lengths are shown than they are in the text, on the average of both directions."""
        return math.sqrt(self.scale[0] * self.scale[1])

    def carried(self, place: Placement) -> Bent:
        """Return the glyph where it is shown, warped as the bend goes around its middle; never over the edge."""
        stands = place.posed
        (x, y), shown = place.centre, self.shown
        across, down = _FEEL * stands.width, _FEEL * stands.height
        (left, left_y), (right, right_y) = shown(x - across, y), shown(x + across, y)
        (upper_x, upper), (lower_x, lower) = shown(x, y - down), shown(x, y + down)
        a, c = (right - left) / (2 * across), (right_y - left_y) / (2 * across)
        b, d = (lower_x - upper_x) / (2 * down), (lower - upper) / (2 * down)
        if abs(d) * stands.height < _LEAST_HEIGHT:
            larger = _LEAST_HEIGHT / (abs(d) * stands.height)
            a, b, c, d = a * larger, b * larger, c * larger, d * larger
        half_x = (abs(a) * stands.width + abs(b) * stands.height) / 2
        half_y = (abs(c) * stands.width + abs(d) * stands.height) / 2
        middle_x = _within((left + right + upper_x + lower_x) / 4, half_x, self.size[0])
        middle_y = _within((left_y + right_y + upper + lower) / 4, half_y, self.size[1])
        inverse = product(stands.inverse, inverted((a, b, c, d)))
        start = (
            stands.middle[0] - inverse[0] * middle_x - inverse[1] * middle_y,
            stands.middle[1] - inverse[2] * middle_x - inverse[3] * middle_y,
        )
        box = (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)
        return Bent(place.face, place.glyph, inverse, start, box, place.shared / stands.ink)


def room_for_text(size: tuple[int, int], warp: int, height: int) -> float:
    """Return how high (px of text space) a text of glyphs ``height`` px high can be that is not pressed flat."""
    return size[1] - 2 * _PAD - 2 * warp / 100 * height


def bend(rng: random.Random, hand: Hand, warp: int, layout: Layout, size: tuple[int, int]) -> Bend:
    """Return the bend that shows all of the layout inside the picture; ``warp`` is in % of a glyph's height."""
    width, height = size
    amount = warp / 100 * layout.cut.height
    families = {
        "vertical": (0.0, amount),
        "horizontal": (amount, 0.0),
        "both": (amount, amount * 0.8),
        "lens": (amount, amount * 0.8),
        "fold": (0.0, amount),
        "ramp": (amount * 0.4, amount),
    }
    across, down = families[hand.warp]
    long, high = layout.width + 2 * across, layout.height + 2 * down
    scale = (min((width - 2 * _PAD) / long, _STRETCH), min((height - 2 * _PAD) / high, _GROW))
    left = _PAD + (width - long * scale[0] - 2 * _PAD) * rng.random()
    top = _PAD + (height - high * scale[1] - 2 * _PAD) * rng.random()
    waves = _Waves(
        origin=(left + across * scale[0], top + down * scale[1]),
        scale=scale,
        text=(layout.width, layout.height),
        amplitude=(across, down),
        often=hand.warp_waves,
        phase=(rng.random() * _TURN, rng.random() * _TURN),
    )
    return Bend(size, scale, _FAMILIES[hand.warp](waves))


class _Waves(NamedTuple):
    """What the families of bends are made from; ``amplitude`` is in px of text space, ``phase`` in radians."""

    origin: Point
    scale: Point
    text: tuple[int, int]
    amplitude: Point
    often: float
    phase: Point


_Shown = Callable[[float, float], Point]


def _along(waves: _Waves) -> _Shown:
    """Up and down along the text, and to and fro down it."""
    (x0, y0), (sx, sy), (width, height), (across, down), often, (phase, other) = waves
    turn, sway, sin = _TURN * often / width, 1.2 * math.pi / height, math.sin

    def shown(x: float, y: float) -> Point:
        return x0 + (x + across * sin(sway * y + other)) * sx, y0 + (y + down * sin(turn * x + phase)) * sy

    return shown


def _lens(waves: _Waves) -> _Shown:
    """High in the middle and low at the ends."""
    (x0, y0), (sx, sy), (width, height), (across, down), _, (phase, _) = waves

    def shown(x: float, y: float) -> Point:
        u = x / width
        swell = math.sin(math.pi * min(max(u, 0.0), 1.0))
        dy = down * (2 * y / height - 1) * (2 * swell - 1)
        return x0 + (x + across * 0.5 * math.sin(_TURN * u + phase)) * sx, y0 + (y + dy) * sy

    return shown


def _ramp(waves: _Waves) -> _Shown:
    """Higher from one end to the other."""
    (x0, y0), (sx, sy), (width, height), (across, down), _, (phase, other) = waves
    sign = 0.9 if phase < math.pi else -0.9

    def shown(x: float, y: float) -> Point:
        v = y / height
        dy = down * sign * (2 * x / width - 1) * (2 * v - 1)
        return x0 + (x + across * math.sin(_TURN * v + other)) * sx, y0 + (y + dy) * sy

    return shown


def _fold(waves: _Waves) -> _Shown:
    """Up and down along the text, with edges."""
    (x0, y0), (sx, sy), (width, _), (_, down), often, (phase, _) = waves

    def shown(x: float, y: float) -> Point:
        sway = 4 * abs((often * x / width + phase / _TURN) % 1 - 0.5) - 1
        return x0 + x * sx, y0 + (y + down * sway) * sy

    return shown


_FAMILIES: dict[Warp, Callable[[_Waves], _Shown]] = {
    "vertical": _along,
    "horizontal": _along,
    "both": _along,
    "lens": _lens,
    "ramp": _ramp,
    "fold": _fold,
}


def _within(middle: float, half: float, side: float) -> float:
    """Return the middle moved until ``half`` to both sides of it lies in a picture ``side`` px long, if that can be."""
    return min(max(middle, min(half + _EDGE, side / 2)), max(side - half - _EDGE, side / 2))
