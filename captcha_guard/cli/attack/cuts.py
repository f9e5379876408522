"""Cuts of a picture into pieces that a program reads one after the other: for codes that stand in several rows.

A fixed cut does the same to every picture. An adaptive cut looks for the gap between the rows in each picture.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Cut = Callable[[Image.Image], list[Image.Image]]

#: Degrees that a picture is turned by, anticlockwise, before a fixed cut.
ROTATIONS = (0, -20, -15, -10, -5, 5, 10, 15, 20)

#: Where a valley or a seam may lie, as shares of the height.
_VALLEY = (0.3, 0.7)
_SEAM = (0.25, 0.75)

#: px up or down that a seam may move in one column.
_SLOPE = 2

#: Differences between neighbouring pixels below this are texture, not the edge of a stroke.
_TEXTURE = 24

#: The radius in px in which the ink counts that a seam or a valley comes near to.
_NEAR = 2


def rotated(picture: Image.Image, degrees: int) -> Image.Image:
    """Return the whole picture turned anticlockwise; the corners get the colour of the background."""
    if not degrees:
        return picture
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=background(picture))


def background(picture: Image.Image) -> int:
    """Return the grey of a picture in mode L that most of its pixels have, 0 to 255."""
    histogram = picture.histogram()
    return max(range(len(histogram)), key=histogram.__getitem__)


def ink(picture: Image.Image) -> Image.Image:
    """Return where strokes have their edges, in mode L; the same for dark ink on light ground and light on dark."""
    edges = ImageChops.lighter(
        ImageChops.difference(picture, _moved(picture, 1, 0)), ImageChops.difference(picture, _moved(picture, 0, 1))
    )
    strong = edges.point([max(level - _TEXTURE, 0) for level in range(256)])
    return strong.filter(ImageFilter.BoxBlur(_NEAR))


def _moved(picture: Image.Image, right: int, down: int) -> Image.Image:
    """Return the picture moved by so many px; what it leaves keeps its old pixels, so no edge appears there."""
    moved = picture.copy()
    moved.paste(picture, (right, down))
    return moved


def _at_shares(picture: Image.Image, shares: Sequence[float]) -> list[Image.Image]:
    rows = [0, *(round(share * picture.height) for share in shares), picture.height]
    return _bands(picture, rows)


def _bands(picture: Image.Image, rows: Sequence[int]) -> list[Image.Image]:
    return [picture.crop((0, top, picture.width, bottom)) for top, bottom in pairwise(rows) if bottom > top]


def _valley(picture: Image.Image) -> tuple[float, int]:
    """Return how deep the valley between two rows is, 0 (empty) to 1 (none) or more, and the row of px it lies in."""
    profile = _projection(ink(picture))
    low, high = (round(share * picture.height) for share in _VALLEY)
    mean = sum(profile) / len(profile) or 1.0
    middle = picture.height / 2
    depth, _, row = min((profile[row], abs(row - middle), row) for row in range(low, max(high, low + 1)))
    return depth / mean, row


def _projection(strokes: Image.Image) -> list[float]:
    """Return the mean of each row of px."""
    column = strokes.convert("F").resize((1, strokes.height), Image.Resampling.BOX)
    return array("f", column.tobytes()).tolist()


def _at_the_valley(picture: Image.Image) -> list[Image.Image]:
    return _bands(picture, [0, _valley(picture)[1], picture.height])


def _deskewed(picture: Image.Image) -> list[Image.Image]:
    """Turn the picture so that the valley between its rows is deepest, and cut there."""
    turned = [rotated(picture, degrees) for degrees in ROTATIONS]
    return _at_the_valley(min(turned, key=lambda one: _valley(one)[0]))


def _along_the_seam(picture: Image.Image) -> list[Image.Image]:
    """Cut along the path from left to right that crosses least ink; each piece is empty beyond it."""
    seam, ground = _seam(ink(picture)), background(picture)
    right, bottom = picture.width, picture.height
    upper, lower = picture.copy(), picture.copy()
    path = [(0, seam[0]), *enumerate(seam), (right, seam[-1])]
    ImageDraw.Draw(upper).polygon([*path, (right, bottom), (0, bottom)], ground)
    ImageDraw.Draw(lower).polygon([*path, (right, -1), (0, -1)], ground)
    return [upper.crop((0, 0, right, max(seam) + 1)), lower.crop((0, min(seam), right, bottom))]


def _seam(strokes: Image.Image) -> list[int]:
    """Return the row of px of the path in each column (dynamic programming)."""
    top, bottom = (round(share * strokes.height) for share in _SEAM)
    band = strokes.crop((0, top, strokes.width, max(bottom, top + 1)))
    rows, level = band.height, band.tobytes()
    # A step up or down costs a little, so that a path through empty ground is straight.
    steps = sorted(range(-_SLOPE, _SLOPE + 1), key=abs)
    costs, came_from = [1.0 * level[row * band.width] for row in range(rows)], list[list[int]]()
    for column in range(1, band.width):
        origins = [
            min((row + step for step in steps if 0 <= row + step < rows), key=lambda o, r=row: costs[o] + abs(o - r))  # type: ignore[misc]
            for row in range(rows)
        ]
        costs = [
            costs[origin] + abs(origin - row) + level[row * band.width + column] for row, origin in enumerate(origins)
        ]
        came_from.append(origins)
    path = [min(range(rows), key=costs.__getitem__)]
    for origins in reversed(came_from):
        path.append(origins[path[-1]])
    return [top + row for row in reversed(path)]


WHOLE = "whole"

FIXED: Mapping[str, Cut] = {
    WHOLE: lambda picture: [picture],
    **{f"halves at {share} %": partial(_at_shares, shares=[share / 100]) for share in (40, 45, 50, 55, 60)},
    "thirds": partial(_at_shares, shares=[1 / 3, 2 / 3]),
    "valley": _at_the_valley,
}

ADAPTIVE: Mapping[str, Cut] = {"deskewed": _deskewed, "seam": _along_the_seam}

CUTS: Mapping[str, Cut] = {**FIXED, **ADAPTIVE}
