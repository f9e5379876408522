"""An attack: a program reads pictures in many ways, and each reading is compared with the codes as in a form."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import mean
from typing import NamedTuple

from PIL import Image

from ...challenge.answer import matches, normalise
from ...statistics.interval import Share
from .opponent import Opponent
from .ways import Way, pieces


class Sample(NamedTuple):
    """A picture, as PNG bytes, with all its right answers."""

    png: bytes
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The readings of an attack: for each way, the text read in each picture, and whether it was right.

    ``nearness`` is the similarity of texts and codes, 0 to 1, averaged over the pictures.
    """

    readings: Mapping[Way, tuple[str, ...]]
    solved: Mapping[Way, tuple[bool, ...]]
    nearness: Mapping[Way, float]

    def ranked(self) -> list[Way]:
        """Return the ways, sorted by the number of codes that they read, then by nearness, the best first."""
        return sorted(self.solved, key=lambda way: (-sum(self.solved[way]), -self.nearness[way]))

    @property
    def best(self) -> Way:
        """The way that read the most codes."""
        return self.ranked()[0]

    @property
    def plain(self) -> Share:
        """The share of pictures that the program read as visitors see them, in its best mode."""
        return max(self.share(way) for way in self.solved if way.untreated)

    def share(self, way: Way) -> Share:
        """Return the share of pictures that one way read."""
        return Share(sum(self.solved[way]), len(self.solved[way]))


def attack(opponent: Opponent, samples: Sequence[Sample], ways: Sequence[Way]) -> Outcome:
    """Return the outcome of one program that reads the pictures in these ways.

    Case and look-alikes don't matter. The pictures are divided among as many threads as there are processors. Raises
    ``AttackError`` if the program fails.
    """
    images = [Image.open(io.BytesIO(sample.png)).convert("L") for sample in samples]
    parts = min(os.cpu_count() or 1, len(images))
    shares = [images[part::parts] for part in range(parts)]
    with ThreadPoolExecutor(parts) as pool:
        read = list(pool.map(lambda share: _readings(opponent, share, ways), shares))
    readings = {way: tuple(read[number % parts][way][number // parts] for number in range(len(images))) for way in ways}
    codes = [sample.codes for sample in samples]
    solved = {
        way: tuple(any(matches(code, text) for code in right) for right, text in zip(codes, texts, strict=True))
        for way, texts in readings.items()
    }
    nearness = {way: mean(map(_nearness, codes, texts)) for way, texts in readings.items()}
    return Outcome(readings, solved, nearness)


def _nearness(codes: Sequence[str], text: str) -> float:
    return max(SequenceMatcher(None, normalise(code), normalise(text)).ratio() for code in codes)


def _readings(opponent: Opponent, images: Sequence[Image.Image], ways: Sequence[Way]) -> dict[Way, list[str]]:
    """Return the text that the program reads for each way and picture. Cuts that several ways share are made once."""
    groups: dict[tuple[str, str], list[Way]] = {}
    for way in ways:
        groups.setdefault((way.cut, way.turn), []).append(way)
    readings = {}
    for same_cut in groups.values():
        cut = [same_cut[0].cut_up(image) for image in images]
        for way in same_cut:
            treated = [pieces(way, parts) for parts in cut]
            texts = iter(opponent.read([piece for parts in treated for piece in parts], way.mode))
            readings[way] = ["".join(next(texts) for _ in parts) for parts in treated]
    return readings
