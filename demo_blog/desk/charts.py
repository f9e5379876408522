"""The geometry of the desk's charts. Templates draw them as SVG, so no script and no other host is needed.

Coordinates are in a box of 100 units in height, in which each column is 10 units wide. The page stretches the box, so
only shapes are in it; the labels are HTML around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

HEIGHT = 100
COLUMN = 10
GAP = 2
"""Units between two columns, unless there are too many for gaps."""

MOST_WITH_GAPS = 60


@dataclass(frozen=True)
class Segment:
    """One part of a stacked column: what it counts, and where it is."""

    name: str
    number: int
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    """One stacked column. ``label`` names its time, and ``segments`` begin at the bottom."""

    label: str
    x: int
    segments: tuple[Segment, ...]

    @property
    def total(self) -> int:
        """The sum of the segments."""
        return sum(segment.number for segment in self.segments)


@dataclass(frozen=True)
class StackedChart:
    """Columns over time. ``top`` is the number at the upper edge."""

    columns: tuple[Column, ...]
    top: int

    @property
    def width(self) -> int:
        """The width of the box in units."""
        return COLUMN * len(self.columns)

    @property
    def bar(self) -> int:
        """The width of a column in units."""
        return COLUMN if len(self.columns) > MOST_WITH_GAPS else COLUMN - GAP


@dataclass(frozen=True)
class LineChart:
    """A line over time, as the points of polylines: a time without a value interrupts the line.

    ``dots`` are the points of values that have no neighbours. ``top`` is the value at the upper edge.
    """

    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    width: int
    top: float


@dataclass(frozen=True)
class Rank:
    """One row of a ranking: a name, its number, and the length of its bar in percent of the longest one."""

    name: str
    number: int
    percent: float


def stacked(numbers: Sequence[Mapping[str, int]], labels: Sequence[str], order: Sequence[str]) -> StackedChart:
    """Return a chart of these numbers. ``order`` names the segments, from the bottom up."""
    top = round_up(max((sum(one.get(name, 0) for name in order) for one in numbers), default=0))
    columns = []
    for position, (one, label) in enumerate(zip(numbers, labels, strict=True)):
        y, segments = float(HEIGHT), []
        for name in order:
            if number := one.get(name, 0):
                height = HEIGHT * number / top
                y -= height
                segments.append(Segment(name, number, round(y, 2), round(height, 2)))
        columns.append(Column(label, COLUMN * position, tuple(segments)))
    return StackedChart(tuple(columns), top)


def line(values: Sequence[float | None], *, top: float | None = None) -> LineChart:
    """Return a line through values. ``top`` is the value at the upper edge; by default the highest, rounded up."""
    top = top or float(round_up(ceil(max((value for value in values if value is not None), default=0))))
    runs: list[list[tuple[float, float]]] = [[]]
    for position, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((COLUMN * (position + 0.5), round(HEIGHT * (1 - min(value, top) / top), 2)))
    lines = tuple(" ".join(f"{x:g},{y:g}" for x, y in run) for run in runs if len(run) > 1)
    dots = tuple(run[0] for run in runs if len(run) == 1)
    return LineChart(lines, dots, COLUMN * len(values), top)


def ranking(numbers: Mapping[str, int], most: int = 12) -> list[Rank]:
    """Return the largest numbers, the largest first."""
    largest = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))[:most]
    longest = max((number for _, number in largest), default=0)
    return [Rank(name, number, round(100 * number / longest, 1)) for name, number in largest if number]


def round_up(number: int) -> int:
    """Return the next number with one digit that isn't zero, at least 1."""
    power = 10 ** floor(log10(number)) if number > 0 else 1
    return max(1, ceil(number / power)) * power
