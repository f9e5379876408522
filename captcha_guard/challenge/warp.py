"""The bend of the whole picture: a mesh from the picture back to text space."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from captcha_guard.challenge.layout import MARGIN

if TYPE_CHECKING:
    import random

    from captcha_guard.challenge.hand import Hand
    from captcha_guard.challenge.layout import Layout

Point = tuple[float, float]
Box = tuple[int, int, int, int]
# The four corners in text space: top left, bottom left, bottom right, top right.
Quad = tuple[float, ...]

# Columns and rows of the mesh: as many as each family needs to look smooth.
_CELLS = {"vertical": (8, 1), "fold": (8, 1), "lens": (7, 1), "horizontal": (1, 5), "ramp": (1, 4)}
_STRETCH, _GROW = (1 / 1.3, 1 / 1.12)  # short texts are shown this much larger, across and down
_STRAY = 5.0  # px of text space above and below the glyphs into which strokes go
_PAD = 3.0  # px at scale 1 that stay free at every edge


@dataclass(frozen=True)
class Bend:
    """Where each point of the picture (px at scale 1) comes from in text space.

    Only ``columns`` and ``rows`` of it hold text, or what goes on from it.
    """

    size: tuple[int, int]
    scale: Point
    origin: Point
    amplitude: Point
    waves: float
    phase: Point
    family: str
    columns: tuple[int, int]
    rows: tuple[int, int]

    def source(self, x: float, y: float) -> Point:
        """Return the point of text space shown at (x, y) of the picture."""
        width, height = self.size
        u, v = x / width, y / height
        dx, dy = self._displacement(u, v)
        return (x - self.origin[0]) * self.scale[0] + dx, (y - self.origin[1]) * self.scale[1] + dy

    def _displacement(self, u: float, v: float) -> Point:
        turn = 2 * math.pi
        across, down = self.amplitude
        if self.family == "lens":
            swell = math.sin(math.pi * min(max(u, 0.0), 1.0))
            return across * math.sin(turn * u + self.phase[0]) * 0.5, down * (1 - 2 * v) * (2 * swell - 1)
        if self.family == "ramp":
            rise = u if self.phase[0] < math.pi else 1 - u
            return across * math.sin(turn * v + self.phase[1]), down * (2 * rise - 1) * (1 - 2 * v) * 0.9
        if self.family == "fold":
            sway = 4 * abs((self.waves * u + self.phase[0] / turn) % 1 - 0.5) - 1
            return 0.0, down * sway
        dy = down * math.sin(turn * self.waves * u + self.phase[0])
        dx = across * math.sin(math.pi * 1.2 * v + self.phase[1])
        return dx, dy

    @property
    def _cells(self) -> tuple[int, int]:
        return _CELLS.get(self.family, (6, 2))

    def applied(self, canvas: Image.Image, scale: int, canvas_scale: int) -> Image.Image:
        """Return the picture at ``scale`` of a canvas drawn ``canvas_scale`` times text space, ``MARGIN`` px around."""
        shown = (self.size[0] * scale, self.size[1] * scale)
        return canvas.transform(shown, Image.Transform.MESH, self._mesh(scale, canvas_scale), Image.Resampling.BILINEAR)

    def _mesh(self, scale: int, canvas_scale: int) -> list[tuple[Box, Quad]]:
        (left, right), (top, bottom) = self.columns, self.rows
        columns, rows = self._cells
        xs = [left + (right - left) * i // columns for i in range(columns + 1)]
        ys = [top + (bottom - top) * j // rows for j in range(rows + 1)]
        nodes = [[tuple([(c + MARGIN) * canvas_scale for c in self.source(x, y)]) for y in ys] for x in xs]
        return [
            (
                (xs[i] * scale, ys[j] * scale, xs[i + 1] * scale, ys[j + 1] * scale),
                (*nodes[i][j], *nodes[i][j + 1], *nodes[i + 1][j + 1], *nodes[i + 1][j]),
            )
            for i in range(columns)
            for j in range(rows)
        ]


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
    scale_x = max((layout.width + 2 * across) / (width - 2 * _PAD), _STRETCH)
    scale_y = max((layout.height + 2 * down) / (height - 2 * _PAD), _GROW)
    slack_x = width - (layout.width + 2 * across) / scale_x
    slack_y = height - (layout.height + 2 * down) / scale_y
    left = _PAD + (slack_x - 2 * _PAD) * rng.random()
    top = _PAD + (slack_y - 2 * _PAD) * rng.random()
    origin = (left + across / scale_x, top + down / scale_y)
    turn = 2 * math.pi
    columns = (
        max(math.floor(origin[0] - (across + MARGIN) / scale_x), 0),
        min(math.ceil(origin[0] + (layout.width + across + MARGIN) / scale_x), width),
    )
    rows = (
        max(math.floor(origin[1] - (down + _STRAY) / scale_y), 0),
        min(math.ceil(origin[1] + (layout.height + down + _STRAY) / scale_y), height),
    )
    return Bend(
        size,
        (scale_x, scale_y),
        origin,
        (across, down),
        hand.warp_waves,
        (rng.random() * turn, rng.random() * turn),
        hand.warp,
        columns,
        rows,
    )
