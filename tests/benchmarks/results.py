"""What trainings came to: a file that several processes share, and the tables made of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import groupby
from statistics import mean

from captcha_guard.cli.interval import Share
from tests.benchmarks.peers import OURS
from tests.benchmarks.shared_lines import SharedLines

AT_HOME = 0.8  # what a network must read of its own style for its reading of others to say anything
OTHERS_TOO = ", others too"  # ends the name of a training whose network read other styles as well


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


class Results(SharedLines):
    """All trainings, one a line."""

    def all(self) -> list[Trained]:
        """Return everything in the file."""
        return [Trained(**{**told, "others": tuple(told["others"])}) for told in self.read()]

    def append(self, one: Trained) -> None:
        """Add a line."""
        self.write(asdict(one))


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
