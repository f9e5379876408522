"""Fills that lie over the whole text, glyphs and strokes alike, and fields in which ink and paper change places."""

from __future__ import annotations

import functools
import math
import random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Callable

    from captcha_guard.challenge.hand import Fill, Hand

Corners = list[tuple[float, float]]

SCREENS: frozenset[Fill] = frozenset({"striped", "hatched", "dotted", "speckled"})
_TILE = 128  # px at scale 1; screens are made in whole tiles, so that few serve every length of text


def screened(canvas: Image.Image, hand: Hand, corner: tuple[float, float], scale: int) -> None:
    """Let paper show through the ink of a canvas ``scale`` times the picture, if the hand's fill says so.

    ``corner``, two shares of 1, says which part of the screen lies over the picture.
    """
    if hand.fill not in SCREENS:
        return
    columns, rows = (side // (_TILE * scale) + 1 for side in canvas.size)
    x, y = (int(share * _TILE) * scale for share in corner)
    whole = _screen(hand.fill, hand.fill_pitch, hand.fill_angle, (columns + 1, rows + 1), scale)
    canvas.paste(0, (0, 0), whole.crop((x, y, x + canvas.width, y + canvas.height)))


@functools.lru_cache(maxsize=16)
def _screen(fill: Fill, pitch: float, angle: float, tiles: tuple[int, int], scale: int) -> Image.Image:
    """Return the mask (mode L, 255 where paper shows through) of a screen."""
    width, height = tiles[0] * _TILE, tiles[1] * _TILE
    made = Image.new("L", (width * scale, height * scale))
    pen = ImageDraw.Draw(made)
    rng = random.Random(7)  # noqa: S311 - a texture, not a secret
    pitch *= {"dotted": 2.2, "striped": 1.7, "hatched": 1.5, "speckled": 1.2}[fill]
    reach = math.hypot(width, height) / 2
    nx, ny = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    steps = range(-int(reach / pitch) - 1, int(reach / pitch) + 2)
    if fill in ("striped", "hatched"):
        thick = max(round(pitch * (0.09 if fill == "striped" else 0.06) * scale), 1)
        turns = ((nx, ny),) if fill == "striped" else ((nx, ny), (-ny, nx))
        for dx, dy in turns:
            for index in steps:
                x, y = width / 2 + dx * index * pitch, height / 2 + dy * index * pitch
                ends = (x - dy * reach, y + dx * reach, x + dy * reach, y - dx * reach)
                pen.line([value * scale for value in ends], 255, thick)
    elif fill == "dotted":
        for i in steps:
            for j in steps:
                x, y = (width / 2 + (nx * i - ny * j) * pitch, height / 2 + (ny * i + nx * j) * pitch)
                _disc(pen, x, y, pitch * 0.1, scale)
    else:
        for _ in range(int(width * height / pitch**2 * 0.5)):
            _disc(pen, rng.random() * width, rng.random() * height, pitch * (0.09 + 0.1 * rng.random()), scale)
    return made


def fields(rng: random.Random, hand: Hand, size: tuple[int, int]) -> list[Corners]:
    """Return the corners (px at scale 1) of the fields in which ink and paper change places."""
    return _FIELDS[hand.counter](rng, *size) if hand.counter != "none" else []


def swapped(canvas: Image.Image, fields: list[Corners], scale: int, ink: int) -> Image.Image:
    """Return a canvas ``scale`` times the picture with ``ink`` and 0 changed for each other in these fields."""
    if not fields:
        return canvas
    made = Image.new("L", canvas.size)
    pen = ImageDraw.Draw(made)
    for corners in fields:
        pen.polygon([(x * scale, y * scale) for x, y in corners], ink)
    return ImageChops.difference(canvas, made)


def _disc(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, scale: int) -> None:
    pen.ellipse([value * scale for value in (x - radius, y - radius, x + radius, y + radius)], 255)


def _side(rng: random.Random) -> int:
    return 1 if rng.random() < 0.5 else -1


def _horizon(rng: random.Random, width: float, height: float) -> list[Corners]:
    """The lower half, under a wave."""
    middle, swing, turn = (height * (0.45 + 0.1 * rng.random()), height * 0.12, 2 * math.pi)
    phase, waves = rng.random() * turn, 1 + rng.random()
    steps = [step / 24 for step in range(25)]
    line = [(width * t, middle + swing * math.sin(phase + turn * waves * t)) for t in steps]
    return [[*line, (width, height), (0.0, height)]]


def _split(rng: random.Random, width: float, height: float) -> list[Corners]:
    """Everything to the right of a leaning line."""
    x, lean = (width * (0.35 + 0.3 * rng.random()), height * (0.2 + 0.5 * rng.random()) * _side(rng))
    return [[(x + lean, 0.0), (width, 0.0), (width, height), (x - lean, height)]]


def _bars(rng: random.Random, width: float, height: float) -> list[Corners]:
    """Every other one of some broad leaning bars."""
    pitch = width * (0.26 + 0.12 * rng.random())
    start, lean = (pitch * (rng.random() - 1), height * (0.15 + 0.35 * rng.random()) * _side(rng))
    lefts = [start + index * pitch for index in range(0, int(width / pitch) + 3, 2)]
    return [[(x + lean, 0.0), (x + pitch + lean, 0.0), (x + pitch - lean, height), (x - lean, height)] for x in lefts]


def _discs(rng: random.Random, width: float, height: float) -> list[Corners]:
    """Two or three large discs."""
    count = max(round(width / 110), 2)
    discs = []
    for index in range(count):
        x, y = (width * (index + 0.3 + 0.4 * rng.random()) / count, height * (0.3 + 0.4 * rng.random()))
        radius = height * (0.42 + 0.16 * rng.random())
        turns = [step * math.pi / 16 for step in range(32)]
        discs.append([(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns])
    return discs


_FIELDS: dict[str, Callable[[random.Random, float, float], list[Corners]]] = {
    "horizon": _horizon,
    "split": _split,
    "bars": _bars,
    "discs": _discs,
}
