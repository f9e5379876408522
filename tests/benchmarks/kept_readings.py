"""The readings in tests/data/legibility: their first line, and the table of their scores."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

from PIL import Image

from tests.benchmarks.readings import Model, ReadingsError, Shown, whole

_HEAD = re.compile(r"# level (?P<level>\w+), scale (?P<scale>[12]), seed (?P<seed>.+), pixels (?P<pixels>[0-9a-f]{16})")

#: The fewest of 120 pictures that should be read, by level and scale.
AIMS = {("easy", 1): 116, ("easy", 2): 119, ("medium", 1): 114, ("medium", 2): 116}


class Head(NamedTuple):
    """The first line of a file: what was shown, and a fingerprint of the pictures."""

    level: str
    scale: int
    seed: str
    pixels: str

    @classmethod
    def of(cls, line: str, name: str) -> Self:
        """Return the values of a line. Raises ``ReadingsError`` for any other line."""
        found = _HEAD.fullmatch(line)
        if found is None:
            raise ReadingsError(
                f"{name}: the first line doesn't have the form '# level ..., scale ..., seed ..., pixels ...'"
            )
        return cls(found["level"], int(found["scale"]), found["seed"], found["pixels"])

    def __str__(self) -> str:
        return f"# level {self.level}, scale {self.scale}, seed {self.seed}, pixels {self.pixels}"


class Scored(NamedTuple):
    """The readings of one file with their pictures. ``model`` is None if the pictures have changed since."""

    head: Head
    shown: Sequence[Shown]
    model: Model | None


def pixels_of(pngs: Iterable[bytes]) -> str:
    """Return a hash of the decoded pictures, which doesn't depend on how they are compressed."""
    digest = hashlib.sha256()
    for png in pngs:
        digest.update(Image.open(io.BytesIO(png)).convert("RGB").tobytes())
    return digest.hexdigest()[:16]


def kept_table(scored: Sequence[Scored]) -> str:
    """Return a row for each file, as Markdown."""
    lines = [
        "| level | scale | seed | aim | read whole | 95 % interval | misread in another order | symbols wrong |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    return "\n".join([*lines, *map(_row, scored)])


def _row(one: Scored) -> str:
    head, aim = one.head, AIMS.get((one.head.level, one.head.scale), "")
    start = f"| {head.level} | {head.scale}x | {head.seed} | {aim} |"
    if one.model is None:
        return f"{start} not measured: the pictures have changed since they were read | | | |"
    typed = one.model.typed
    share = whole(one.shown, one.model)
    low, high = share.wilson()
    read = [(shown, typed[shown.number]) for shown in one.shown if shown.number in typed]
    reordered = sum(shown.is_reordered(text) for shown, text in read)
    symbols = sum(len(shown.codes[0]) for shown, _ in read)
    wrong = sum(len(shown.slips(text)) for shown, text in read)
    counted = f"{share.hits} of {share.trials} | {100 * low:.1f} to {100 * high:.1f} %"
    return f"{start} {counted} | {reordered} | {100 * wrong / symbols:.1f} % |"
