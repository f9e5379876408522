"""Where each glyph of a picture stands: on a baseline, moved until it touches its neighbour.

All numbers are px at scale 1 in text space, in which the text begins at (0, 0); the bend maps it to the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from captcha_guard.challenge import glyphs
from captcha_guard.challenge.pose import FAR, ROW_STEP, Pose, Posed, posed, poses

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from captcha_guard.challenge.difficulty import Difficulty
    from captcha_guard.challenge.fonts import FontFace
    from captcha_guard.challenge.hand import Baseline, Hand

_MAX_TUCK = 0.16  # of a glyph's width that may slide under a neighbour's overhang (7 and 4, T and J)
_CONTACT = 10  # of a glyph's rows may touch for each part of its ink that it shares (0.02 of ink: 20 % of rows)
_DEEPEST = 0.1  # of a glyph's width that may go into its neighbour in any row
_OUTWARDS = 0.6
_APART = 0.09  # of the height; the gap between neighbours that are not to touch


class Placement(NamedTuple):
    """One glyph in its pose, with the top-left corner of its ink and the ink (px) it shares with neighbours."""

    face: FontFace
    glyph: str
    pose: Pose
    posed: Posed
    x: int
    y: int
    shared: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box around its ink."""
        return self.x + self.posed.width / 2, self.y + self.posed.height / 2


@dataclass(frozen=True, eq=False)
class Layout:
    """The whole line of text: its glyphs, its extent, how the glyphs are cut and the width of their stems in px."""

    placements: tuple[Placement, ...]
    width: int
    height: int
    cut: glyphs.Cut
    stem: float


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
    nearer = _nearer(standing, room)
    corners: list[tuple[int, int]] = []
    inks = [0.0] * len(standing)
    for index, (_, _, _, stands, middle) in enumerate(standing):
        row = round((middle * nearer - stands.height / 2) / ROW_STEP)
        x = 0
        if index:
            before, (left, top) = standing[index - 1].posed, corners[-1]
            # Counted from the left edge of the glyph before.
            if overlap:
                shared = overlap * min(stands.ink, before.ink)
                x = _beside((before, top), (stands, row), shared, overlap)
                inks[index - 1] += shared
                inks[index] = shared
            else:
                x = max(before.rights) - min(stands.lefts) + round(_APART * height)
            x = left + max(x, before.width - round(_MAX_TUCK * stands.width))
        corners.append((x, row))
    return _from_origin(standing, corners, inks, cut)


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
    allowed = poses(hand, difficulty)
    shift = difficulty.shift / 100
    for index, glyph in enumerate(answer):
        face = faces[int(rng.random() * len(faces))]
        pose = allowed[int(rng.random() * len(allowed))]
        middle = _baseline(hand.baseline, (index + 0.5) / len(answer)) + shift * _outwards(2 * rng.random() - 1)
        made.append(_Standing(face, glyph, pose, posed(face, glyph, cut, pose), cut.height * middle))
    return made


def _outwards(share: float) -> float:
    """Return a share (-1 to 1) moved away from 0: glyphs on two levels trouble a program, and hardly a reader."""
    return math.copysign(abs(share) ** _OUTWARDS, share)


def _nearer(standing: list[_Standing], room: float) -> float:
    """Return the factor that brings the glyphs as near to the text's middle as ``room`` px demand, at most 1."""
    top = min([one.middle - one.posed.height / 2 for one in standing])
    needed = max([one.middle + one.posed.height / 2 for one in standing]) - top
    tallest = max([one.posed.height for one in standing])
    return 1.0 if needed <= room or needed <= tallest else max(room - tallest, 0.0) / (needed - tallest)


def _from_origin(
    standing: list[_Standing], corners: list[tuple[int, int]], inks: list[float], cut: glyphs.Cut
) -> Layout:
    left, top = min([x for x, _ in corners]), min([row for _, row in corners])
    placed = tuple(
        Placement(face, glyph, pose, stands, x - left, (row - top) * ROW_STEP, shared)
        for (face, glyph, pose, stands, _), (x, row), shared in zip(standing, corners, inks, strict=True)
    )
    return Layout(
        placements=placed,
        width=max([place.x + place.posed.width for place in placed]),
        height=max([place.y + place.posed.height for place in placed]),
        cut=cut,
        stem=sum([glyphs.stem(place.face, cut) for place in placed]) / len(placed) * cut.height,
    )


def _beside(one: tuple[Posed, int], other: tuple[Posed, int], shared: float, overlap: float) -> int:
    """Return how far right a glyph goes so that it shares so many px of ink with the one before it.

    Each comes with the row that it begins at. Shapes that meet in a point go into each other, parallel stems hardly
    touch: a reader must see where one ends.
    """
    (before, top), (after, row) = one, other
    first = max(top, row)
    facing = zip(before.rights[first - top :], after.lefts[first - row :], strict=False)
    meetings = sorted([right - left for right, left in facing if right - left > -FAR], reverse=True)
    if not meetings:
        return max(before.rights)
    nearest = meetings[0] - _DEEPEST * after.width
    longest = max(round(_CONTACT * overlap * len(after.lefts)), 1)
    if longest < len(meetings):
        # No nearer than the row after the longest contact allows.
        nearest = max(meetings[longest] + 1.0, nearest)
    area = 0.0
    for count, (here, following) in enumerate(zip(meetings, [*meetings[1:], -FAR], strict=True), start=1):
        step = count * (here - following) * ROW_STEP
        if area + step >= shared:
            return round(max(here - (shared - area) / (count * ROW_STEP), nearest) - 0.3)
        area += step
    return round(nearest)


def _baseline(family: Baseline, place: float) -> float:
    """Return how far down the baseline runs at ``place`` (0 left, 1 right), as a share of the glyph's height."""
    return _BASELINES[family](place)


_BASELINES: dict[Baseline, Callable[[float], float]] = {
    "level": lambda _place: 0.0,
    "arch": lambda place: 0.6 * (place - 0.5) ** 2,
    "bowl": lambda place: -0.6 * (place - 0.5) ** 2,
    "wave": lambda place: 0.08 * math.sin(place * 2 * math.pi),
    "steps": lambda place: 0.14 * (int(place * 10) % 2),
    "rise": lambda place: -0.22 * place,
    "fall": lambda place: 0.22 * place,
}
