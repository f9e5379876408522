"""Where each glyph of a picture stands: on a baseline, moved until it touches its neighbour.

All numbers are px at scale 1 in text space, in which the text begins at (0, 0); the warp maps it to the picture.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from captcha_guard.challenge import glyphs
from captcha_guard.challenge.pose import FAR, ROW_STEP, Pose, Posed, Profile, posed, strike

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from captcha_guard.challenge.difficulty import Difficulty
    from captcha_guard.challenge.fonts import FontFace
    from captcha_guard.challenge.hand import Baseline, Hand

MARGIN = 16  # px of text space that pictures of the text leave around it, for strokes that go on
_MAX_TUCK = 0.16  # of a glyph's width that may slide under a neighbour's overhang (7 and 4, T and J)
_CONTACT = 10  # of a glyph's rows may touch for each part of its ink that it shares (0.02 of ink: 20 % of rows)
_DEEPEST = 0.1  # of a glyph's width that may go into its neighbour in any row
_OUTWARDS = 0.6
_APART = 0.09  # of the height; the gap between neighbours that are not to touch


class Placement(NamedTuple):
    """One glyph in its pose, with the top-left corner of its silhouette and the ink (px) it shares with neighbours."""

    face: FontFace
    glyph: str
    pose: Pose
    posed: Posed
    x: int
    y: int
    shared: float

    @property
    def right(self) -> int:
        """The x just beyond the silhouette."""
        return self.x + self.posed.silhouette.width

    @property
    def bottom(self) -> int:
        """The y just below the silhouette."""
        return self.y + self.posed.silhouette.height


@dataclass(frozen=True, eq=False)
class Layout:
    """The whole line of text: its glyphs, its extent, how the glyphs are cut and the width of their stems in px."""

    placements: tuple[Placement, ...]
    width: int
    height: int
    cut: glyphs.Cut
    stem: float

    @functools.cached_property
    def labels(self) -> Image.Image:
        """A picture of the text (mode L) with 1 where the first glyph's ink is, 2 where the second's, ...

        It shows ``MARGIN`` px around the text, too.
        """
        made = Image.new("L", (self.width + 2 * MARGIN, self.height + 2 * MARGIN))
        for label, place in enumerate(self.placements, start=1):
            made.paste(label, (place.x + MARGIN, place.y + MARGIN), place.posed.silhouette)
        return made


class _Standing(NamedTuple):
    """A glyph in its pose with the height, px below the text's middle, that its own middle stands at."""

    face: FontFace
    glyph: str
    pose: Pose
    posed: Posed
    middle: float


def lay_out(
    answer: str,
    *,
    rng: random.Random,
    hand: Hand,
    difficulty: Difficulty,
    height: int,
    room: float,
    faces: Sequence[FontFace],
) -> Layout:
    """Lay ``answer`` out in glyphs ``height`` px high; they are shifted less where they would need more than ``room``.

    ``room`` is in px, too. Glyphs that need more of it even side by side make the text that much higher.
    """
    cut = glyphs.Cut(height, hand.width, hand.stem)
    overlap = difficulty.overlap / 100 * hand.overlap_share
    standing = _standing(answer, rng=rng, hand=hand, difficulty=difficulty, cut=cut, faces=faces)
    placed: list[Placement] = []
    reach = Profile(0, [], [])
    for face, glyph, pose, stands, middle in _within(standing, room):
        row = round((middle - stands.silhouette.height / 2) / ROW_STEP)
        rows = stands.profile._replace(top=row)
        x, shared = 0, 0.0
        if placed:
            before, width = placed[-1], stands.silhouette.width
            ink = min(stands.ink, before.posed.ink)
            # Counted from the left edge of the glyph before.
            x = _beside(reach, rows, overlap, ink, width) if overlap else _apart(reach, rows, height)
            x = before.x + max(x, before.posed.silhouette.width - round(_MAX_TUCK * width))
            shared = overlap * ink
            placed[-1] = before._replace(shared=before.shared + shared)
        placed.append(Placement(face, glyph, pose, stands, x, row * ROW_STEP, shared))
        reach = rows
    return _from_origin(placed, cut)


def _standing(
    answer: str,
    *,
    rng: random.Random,
    hand: Hand,
    difficulty: Difficulty,
    cut: glyphs.Cut,
    faces: Sequence[FontFace],
) -> list[_Standing]:
    made = []
    for index, glyph in enumerate(answer):
        face = faces[int(rng.random() * len(faces))]
        pose = strike(rng, hand, difficulty)
        middle = _baseline(hand.baseline, (index + 0.5) / len(answer))
        middle += difficulty.shift / 100 * _outwards(2 * rng.random() - 1)
        made.append(_Standing(face, glyph, pose, posed(face, glyph, cut, pose), cut.height * middle))
    return made


def _outwards(share: float) -> float:
    """Return a share (-1 to 1) moved away from 0: glyphs on two levels trouble a program, and hardly a reader."""
    return math.copysign(abs(share) ** _OUTWARDS, share)


def _within(standing: list[_Standing], room: float) -> list[_Standing]:
    """Return the glyphs brought nearer to the text's middle where they would need more than ``room`` px."""
    tops = [one.middle - one.posed.silhouette.height / 2 for one in standing]
    bottoms = [one.middle + one.posed.silhouette.height / 2 for one in standing]
    needed, tallest = max(bottoms) - min(tops), max(one.posed.silhouette.height for one in standing)
    if needed <= room or needed <= tallest:
        return standing
    nearer = max(room - tallest, 0.0) / (needed - tallest)
    return [one._replace(middle=one.middle * nearer) for one in standing]


def _from_origin(placed: list[Placement], cut: glyphs.Cut) -> Layout:
    left = min(place.x for place in placed)
    top = min(place.y for place in placed)
    moved = tuple(place._replace(x=place.x - left, y=place.y - top) for place in placed)
    return Layout(
        placements=moved,
        width=max(place.right for place in moved),
        height=max(place.bottom for place in moved),
        cut=cut,
        stem=sum(glyphs.stem(place.face, cut) for place in moved) / len(moved) * cut.height,
    )


def _beside(reach: Profile, rows: Profile, overlap: float, ink: float, width: int) -> int:
    """Return how far right a glyph goes so that it shares ``overlap`` of its ink with the one before it.

    Shapes that meet in a point go into each other, parallel stems hardly touch: a reader must see where one ends.
    """
    top = max(reach.top, rows.top)
    facing = zip(reach.rights[top - reach.top :], rows.lefts[top - rows.top :], strict=False)
    meetings = sorted([right - left for right, left in facing if right - left > -FAR], reverse=True)
    if not meetings:
        return max(reach.rights)
    longest = max(round(_CONTACT * overlap * len(rows.lefts)), 1)
    if longest < len(meetings):
        # No nearer than the row after the longest contact allows.
        nearest = max(meetings[longest] + 1.0, meetings[0] - _DEEPEST * width)
    else:
        nearest = meetings[0] - _DEEPEST * width
    shared, area = overlap * ink, 0.0
    for count, (here, after) in enumerate(zip(meetings, [*meetings[1:], -FAR], strict=True), start=1):
        step = count * (here - after) * ROW_STEP
        if area + step >= shared:
            return round(max(here - (shared - area) / (count * ROW_STEP), nearest) - 0.3)
        area += step
    return round(nearest)


def _apart(reach: Profile, rows: Profile, height: int) -> int:
    return max(reach.rights) - min(rows.lefts) + round(_APART * height)


def _baseline(family: Baseline, place: float) -> float:
    """Return how far down the baseline runs at ``place`` (0 left, 1 right), as a share of the glyph's height."""
    return {
        "level": 0.0,
        "arch": 0.6 * (place - 0.5) ** 2,
        "bowl": -0.6 * (place - 0.5) ** 2,
        "wave": 0.08 * math.sin(place * 2 * math.pi),
        "steps": 0.14 * (int(place * 10) % 2),
        "rise": -0.22 * place,
        "fall": 0.22 * place,
    }[family]
