"""What trainings came to: a file that several processes share, and the tables made of it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import zlib
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from captcha_guard.cli.interval import Share
from tests.benchmarks.peers import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_HOME = 0.8  # what a network must read of its own style for its reading of others to say anything
OTHERS_TOO = ", others too"  # ends the name of a training whose network read other styles as well
_BEYOND = 1 << 40  # octets; locks lie past any file's end


@dataclass(frozen=True)
class Trained:
    """One training: what it was given, and how many pictures were read as whole strings.

    ``surest`` counts those right among the tenth that the network was surest of; ``others`` those of each other style,
    ``other_tried`` pictures of each. ``mixed`` is how many styles it was trained on at once, 0 for one. ``seconds`` are
    of the processor, for the training alone; ``loss`` is the mean of the last twenty steps, nats a picture's sign.
    """

    name: str
    target: str
    style: int
    mixed: int
    labels: int
    steps: int
    read: int
    tried: int
    surest: int
    others: tuple[int, ...]
    other_tried: int
    loss: float
    seconds: float

    @property
    def rate(self) -> float:
        """The share of fresh pictures read, 0 to 1."""
        return self.read / self.tried

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        low, high = Share(self.read, self.tried).wilson()
        told = [
            f"{_label(self)}, style {self.style}, {self.labels:,} labels: {self.rate:.1%} ({low:.1%} to {high:.1%})",
            f"{self.surest} of the surest {self.tried // 10}",
            f"loss {self.loss:.3f}, {self.seconds:.0f} s",
        ]
        if self.others:
            told.insert(2, f"other styles {_mean_other(self):.1%}, the one read best {_best_other(self):.1%}")
        return "; ".join(told)


class Results:
    """A file with one JSON object a line; the processes that use it take turns by locks on it.

    A process must hold one of these for a file: closing any other handle of it would drop the locks (POSIX.1-2017,
    fcntl).
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+", encoding="utf-8")

    def all(self) -> list[Trained]:
        """Return everything in the file."""
        self._file.seek(0)
        return [Trained(**{**told, "others": tuple(told["others"])}) for told in map(json.loads, self._file)]

    def append(self, one: Trained) -> None:
        """Add a line."""
        self._file.write(json.dumps(asdict(one)) + "\n")
        self._file.flush()

    @contextlib.contextmanager
    def claimed(self, name: str) -> Iterator[bool]:
        """Keep other processes from this name for a while; yields False when another already does."""
        place = _BEYOND + zlib.crc32(name.encode())
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place, os.SEEK_SET)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place, os.SEEK_SET)


def table(results: list[Trained]) -> str:
    """Return the trainings as Markdown: their own styles, then other styles, then networks trained on many styles."""
    latest = {
        (one.name.removesuffix(OTHERS_TOO), one.target): one for one in sorted(results, key=lambda one: one.others)
    }
    single = [one for one in latest.values() if not one.mixed]
    parts = [_own(single), _transfer([one for one in single if one.others])]
    return "\n\n".join(part for part in [*parts, _mixed([one for one in latest.values() if one.mixed])] if part)


def _own(results: list[Trained]) -> str:
    rows = [
        "| pictures | labels | styles | read | 95 % interval | least and most | of the surest tenth |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for group in _grouped(results):
        share = Share(sum(one.read for one in group), sum(one.tried for one in group))
        low, high = share.wilson()
        rates = [one.rate for one in group]
        sure = sum(one.surest for one in group) / sum(one.tried // 10 for one in group)
        rows.append(
            f"| {_label(group[0])} | {group[0].labels:,} | {len(group)} | {share.rate:.1%} | {low:.1%} to {high:.1%} "
            f"| {min(rates):.1%}, {max(rates):.1%} | {sure:.1%} |"
        )
    return "\n".join(rows) if results else ""


def _transfer(results: list[Trained]) -> str:
    rows = [
        "| pictures | labels | networks | at 80 % at home | read at home | of others, mean | of the one read best |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for group in _grouped(results):
        able = [one for one in group if one.rate >= AT_HOME]
        counted = able or group
        rows.append(
            f"| {_label(group[0])} | {group[0].labels:,} | {len(group)} | {len(able)} "
            f"| {mean(one.rate for one in counted):.1%} | {mean(map(_mean_other, counted)):.1%} "
            f"| {max(map(_best_other, counted)):.1%} |"
        )
    return "\n".join([*rows, "", "Counted where it reads 80 % at home; where none does, all are."]) if results else ""


def _mixed(results: list[Trained]) -> str:
    rows = [
        "| pictures | labels | of styles | read of those | of unseen, mean | 95 % interval | of the one read best |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in sorted(results, key=_order):
        unseen = Share(sum(one.others), one.other_tried * len(one.others))
        low, high = unseen.wilson()
        rows.append(
            f"| {_label(one)} | {one.labels:,} | {one.mixed} | {one.rate:.1%} | {unseen.rate:.1%} "
            f"| {low:.1%} to {high:.1%} | {_best_other(one):.1%} |"
        )
    return "\n".join(rows) if results else ""


def _grouped(results: list[Trained]) -> list[list[Trained]]:
    return [list(group) for _, group in groupby(sorted(results, key=_order), key=_order)]


def _order(one: Trained) -> tuple[bool, str, int, int]:
    return one.target not in OURS, one.target, one.steps, one.labels


def _label(one: Trained) -> str:
    return f"captcha_guard, {one.target}" if one.target in OURS else one.target


def _mean_other(one: Trained) -> float:
    return mean(one.others) / one.other_tried


def _best_other(one: Trained) -> float:
    """Return the rate on the other style that the network reads best, the worst for the guard."""
    return max(one.others) / one.other_tried
