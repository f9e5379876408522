"""Cuts a picture into pieces that a program reads one after the other, for codes in several rows.

A fixed cut is the same for every picture. An adaptive cut looks for the gap between the rows of each picture.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Cut = Callable[[Image.Image], list[Image.Image]]

#: Degrees by which a picture is turned anticlockwise before a fixed cut, in both directions up to the steepest rows.
_ROTATIONS = (0, *range(-30, 0, 5), *range(5, 31, 5))

#: Degrees of the slopes that are removed from a picture before a fixed cut. They are close to the slopes of rows at
#: every level.
_SHEARS = (-29, -20, 20, 29)

#: The range in which a valley or a seam may be, as shares of the height.
_VALLEY = (0.3, 0.7)
_SEAM = (0.25, 0.75)

#: The most px that a seam may move up or down in one column.
_SLOPE = 2

#: Smaller differences between neighbouring pixels are texture, not the edge of a stroke.
_TEXTURE = 24

#: The radius in px within which ink counts as near a seam or a valley.
_NEAR = 2

#: The cost of each px of distance between a seam and the middle of its band, in levels of grey.
_FROM_MIDDLE = 0.3

#: How much deeper a valley must be for each degree that the picture is turned, because turned letters are read less
#: well.
_PER_DEGREE = 0.004

#: The level up to which ink isn't a stroke, the share of the fullest row's ink below which a row of px is empty, and
#: the px of margin to keep beside the ink.
_FAINT, _LITTLE, _PADDING = 20, 0.06, 4


def rotated(picture: Image.Image, degrees: int) -> Image.Image:
    """Return the whole picture turned anticlockwise. The corners get the colour of the background."""
    if not degrees:
        return picture
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=background(picture))


def sheared(picture: Image.Image, degrees: int) -> Image.Image:
    """Return the whole picture with its columns moved, so that rows with a slope of ``degrees`` become level.

    Letters stay upright, unlike in a turned picture.
    """
    slope = math.tan(math.radians(degrees))
    size = (picture.width, picture.height + math.ceil(abs(slope) * picture.width))
    return picture.transform(
        size,
        Image.Transform.AFFINE,
        (1, 0, 0, -slope, 1, min(slope, 0) * picture.width),
        Image.Resampling.BICUBIC,
        fillcolor=background(picture),
    )


def background(picture: Image.Image) -> int:
    """Return the most frequent grey level of a picture in mode L, 0 to 255."""
    histogram = picture.histogram()
    return max(range(len(histogram)), key=histogram.__getitem__)


def ink(picture: Image.Image) -> Image.Image:
    """Return the edges of strokes as a picture in mode L. Dark ink on light and light ink on dark give the same."""
    edges = ImageChops.lighter(
        ImageChops.difference(picture, _moved(picture, 1, 0)), ImageChops.difference(picture, _moved(picture, 0, 1))
    )
    strong = edges.point([max(level - _TEXTURE, 0) for level in range(256)])
    return strong.filter(ImageFilter.BoxBlur(_NEAR))


def _moved(picture: Image.Image, right: int, down: int) -> Image.Image:
    """Return the picture moved by this many px. The uncovered area keeps its old pixels, so that no edge appears."""
    moved = picture.copy()
    moved.paste(picture, (right, down))
    return moved


def _at_shares(picture: Image.Image, shares: Sequence[float]) -> list[Image.Image]:
    return _bands(picture, [0, *(round(share * picture.height) for share in shares), picture.height])


def _bands(picture: Image.Image, rows: Sequence[int]) -> list[Image.Image]:
    bands = [picture.crop((0, top, picture.width, bottom)) for top, bottom in pairwise(rows) if bottom > top]
    return [_trimmed(band) for band in bands]


def _trimmed(piece: Image.Image) -> Image.Image:
    """Return a piece without the empty rows above and below the ink, because recognisers scale it to a fixed height."""
    profile = _projection(ink(piece).point([255 * (level > _FAINT) for level in range(256)]))
    inked = [row for row, level in enumerate(profile) if level > max(profile) * _LITTLE]
    if not inked:
        return piece
    top, bottom = max(inked[0] - _PADDING, 0), min(inked[-1] + _PADDING + 1, piece.height)
    return piece.crop((0, top, piece.width, bottom))


def _valley(picture: Image.Image) -> tuple[float, int]:
    """Return the depth of the valley between two rows, and the row of px in which it lies.

    The depth is the ink in the valley as a share of the ink in the weaker of the two rows. 0 means an empty valley, 1
    no valley.
    """
    profile = _projection(ink(picture).filter(ImageFilter.BoxBlur((0, _NEAR))))
    low = round(_VALLEY[0] * picture.height)
    high = max(round(_VALLEY[1] * picture.height), low + 1)
    middle = picture.height / 2

    def depth(row: int) -> float:
        return profile[row] / (min(max(profile[: row + 1]), max(profile[row:])) or 1.0)

    lowest = min(range(low, high), key=lambda row: (depth(row), abs(row - middle)))
    return depth(lowest), lowest


def _projection(strokes: Image.Image) -> list[float]:
    """Return the mean of each row of px."""
    column = strokes.convert("F").resize((1, strokes.height), Image.Resampling.BOX)
    return array("f", column.tobytes()).tolist()


def _at_the_valley(picture: Image.Image) -> list[Image.Image]:
    return _bands(picture, [0, _valley(picture)[1], picture.height])


def _deskewed(picture: Image.Image) -> list[Image.Image]:
    """Return the pieces of the picture, turned so that the valley between its rows is deepest, and cut there."""

    def shallowness(degrees: int) -> float:
        return _valley(rotated(picture, degrees))[0] + _PER_DEGREE * abs(degrees)

    return _at_the_valley(rotated(picture, min(_ROTATIONS, key=shallowness)))


def _along_the_seam(picture: Image.Image) -> list[Image.Image]:
    """Return the two pieces above and below the path from left to right that crosses the least ink."""
    seam, background_level = _seam(ink(picture)), background(picture)
    right, bottom = picture.width, picture.height
    upper, lower = picture.copy(), picture.copy()
    path = [(0, seam[0]), *enumerate(seam), (right, seam[-1])]
    ImageDraw.Draw(upper).polygon([*path, (right, bottom), (0, bottom)], background_level)
    ImageDraw.Draw(lower).polygon([*path, (right, -1), (0, -1)], background_level)
    pieces = [upper.crop((0, 0, right, max(seam) + 1)), lower.crop((0, min(seam), right, bottom))]
    return [_trimmed(piece) for piece in pieces]


def _seam(strokes: Image.Image) -> list[int]:
    """Return the path's row of px in each column (dynamic programming)."""
    top, bottom = (round(share * strokes.height) for share in _SEAM)
    band = strokes.crop((0, top, strokes.width, max(bottom, top + 1)))
    level, rows = band.tobytes(), range(band.height)
    from_middle = [_FROM_MIDDLE * abs(row - (band.height - 1) / 2) for row in rows]
    moves = [step for size in range(_SLOPE + 1) for step in {size, -size}]
    reachable = [[row + step for step in moves if 0 <= row + step < band.height] for row in rows]
    costs, came_from = [0.0] * band.height, []
    for column in range(band.width):
        origins = [_cheapest(costs, reachable[row], row) for row in rows]
        costs = [
            costs[origin] + abs(origin - row) + level[row * band.width + column] + from_middle[row]
            for row, origin in enumerate(origins)
        ]
        came_from.append(origins)
    row, path = min(rows, key=costs.__getitem__), []
    for origins in reversed(came_from):
        path.append(top + row)
        row = origins[row]
    return path[::-1]


def _cheapest(costs: Sequence[float], origins: Sequence[int], row: int) -> int:
    """Return the origin from which ``row`` is reached at the lowest cost. Each px up or down costs 1."""
    best, least = row, costs[row]
    for origin in origins:
        cost = costs[origin] + abs(origin - row)
        if cost < least:
            best, least = origin, cost
    return best


STRAIGHT = "straight"

#: The changes of the whole picture before a fixed cut, by name.
TURNS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    STRAIGHT: lambda picture: picture,
    **{f"turned by {degrees}°": partial(rotated, degrees=degrees) for degrees in _ROTATIONS if degrees},
    **{f"sheared by {degrees}°": partial(sheared, degrees=degrees) for degrees in _SHEARS},
}

WHOLE = "whole"

FIXED: Mapping[str, Cut] = {
    WHOLE: lambda picture: [picture],
    **{f"halves at {share} %": partial(_at_shares, shares=[share / 100]) for share in (40, 45, 50, 55, 60)},
    "thirds": partial(_at_shares, shares=[1 / 3, 2 / 3]),
    "valley": _at_the_valley,
}

ADAPTIVE: Mapping[str, Cut] = {"deskewed": _deskewed, "seam": _along_the_seam}

CUTS: Mapping[str, Cut] = {**FIXED, **ADAPTIVE}
