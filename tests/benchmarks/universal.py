"""Measures what a network reads of sites that it has never seen: ``python -m tests.benchmarks.universal``.

An attacker who has this package needs no site's labels. They draw pictures of many random styles, train the network of
:mod:`tests.benchmarks.network` on them and let it read every site. Here it reads pictures of ``--sites`` styles that
aren't in the training. A picture counts as read if the code is one of its right answers, as the guard compares them.
``--site-labels 2000`` also trains a second network, with as many steps, on labelled pictures of only the first of those
sites. It then reads fresh pictures of that site and of the others. ``--save FILE`` writes the network that was trained
on many styles, for ``python -m tests.benchmarks.bots --network FILE``.

Drawn pictures are cached in ``--cache``, as long as the drawing doesn't change. One training uses one processor.
Processes for several levels may run at the same time. ``MALLOC_MMAP_THRESHOLD_=1000000000`` and
``MALLOC_TRIM_THRESHOLD_=4000000000`` in the environment make it 10 % faster.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import torch

from captcha_guard.challenge.answer import matches
from captcha_guard.statistics.interval import Share
from tests.benchmarks.network import Network
from tests.benchmarks.pictures import Pictures, Studio
from tests.benchmarks.training import train

_EACH = 100  # pictures of each site that are read
_SEED = 1
_LEVELS = ("easy", "medium")
_HEAD = (
    "| level | trained on | steps | read of | mean | 95 % interval | worst and best site |",
    "| --- | --- | ---: | --- | ---: | ---: | ---: |",
)


@dataclass(frozen=True)
class Row:
    """What one network read of some sites: the number of pictures of each, out of 100."""

    level: str
    trained_on: str
    steps: int
    read_of: str
    read: tuple[int, ...]

    def __str__(self) -> str:
        low, high = Share(sum(self.read), _EACH * len(self.read)).wilson()
        mean_rate, worst, best = (count / _EACH for count in (mean(self.read), min(self.read), max(self.read)))
        return (
            f"| {self.level} | {self.trained_on} | {self.steps:,} | {self.read_of} | {mean_rate:.1%} "
            f"| {low:.1%} to {high:.1%} | {worst:.0%}, {best:.0%} |"
        )


class Bench:
    """Trains networks and lets them read the sites of one level."""

    def __init__(self, studio: Studio, given: argparse.Namespace) -> None:
        self._studio = studio
        self._given = given
        self._names = [f"{given.seed} site {index}" for index in range(given.sites)]
        drawn = studio.drawn(self._names, _EACH)
        self._sites = [drawn.part(start, start + _EACH) for start in range(0, len(drawn), _EACH)]

    def many_styles(self) -> Row:
        """Train on many random styles. Returns what is read of all sites."""
        styles = [f"{self._given.seed} style {index}" for index in range(self._given.styles)]
        pictures = self._studio.drawn(styles, self._given.pictures // self._given.styles)
        network = self._trained(pictures)
        if self._given.save:
            network.save(self._given.save)
        trained_on = f"{len(pictures):,} pictures of {len(styles):,} styles"
        return self._row(network, trained_on, f"{len(self._sites)} unseen sites", self._sites)

    def one_site(self) -> list[Row]:
        """Train on pictures of the first site only. Returns what is read of it, and of the others."""
        drawn = self._studio.drawn(self._names[:1], _EACH + self._given.site_labels)
        network = self._trained(drawn.part(_EACH, len(drawn)))
        trained_on = f"{self._given.site_labels:,} pictures of one site"
        others = self._sites[1:]
        return [
            self._row(network, trained_on, "that site", self._sites[:1]),
            self._row(network, trained_on, f"{len(others)} other sites", others),
        ]

    def _trained(self, pictures: Pictures) -> Network:
        start = time.process_time()

        def on_progress(step: int, loss: float) -> None:
            seconds = (time.process_time() - start) / step
            told = f"{self._studio.level}: {step:,} steps, loss {loss:.3f}, {seconds:.3f} s a step"
            print(told, file=sys.stderr, flush=True)

        return train(pictures, steps=self._given.steps, seed=_SEED, on_progress=on_progress)

    def _row(self, network: Network, trained_on: str, read_of: str, sites: list[Pictures]) -> Row:
        read = tuple(_read(network, site) for site in sites)
        return Row(self._studio.level, trained_on, self._given.steps, read_of, read)


def _read(network: Network, pictures: Pictures) -> int:
    """Return how many of the pictures are read as one of their right answers."""
    readings = zip(network.read(pictures.greys), pictures.answers, strict=True)
    return sum(any(matches(answer, text) for answer in rights) for text, rights in readings)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--levels", nargs="+", choices=_LEVELS, default=_LEVELS)
    options.add_argument("--pictures", type=int, default=40_000, help="trained on, of all styles together")
    options.add_argument("--styles", type=int, default=4_000, help="that the pictures trained on have")
    options.add_argument("--steps", type=int, default=6_000, help="batches of 64")
    options.add_argument("--sites", type=int, default=20, help=f"styles that are read, {_EACH} pictures of each")
    options.add_argument("--site-labels", type=int, default=0, metavar="PICTURES", help="train on one site's, too")
    options.add_argument("--save", type=Path, metavar="FILE", help="write the network of the last level to this file")
    options.add_argument("--seed", default="universal", help="draws other styles and pictures")
    options.add_argument("--processes", type=int, default=1, help="that draw")
    options.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "captcha_guard pictures")
    return options


def main() -> None:
    """Print what is read at each level."""
    given = _options().parse_args()
    torch.set_num_threads(1)
    rows: list[Row] = []
    for level in given.levels:
        bench = Bench(Studio(level, given.cache, given.processes), given)
        rows.append(bench.many_styles())
        rows += bench.one_site() if given.site_labels else []
    print("\n".join(map(str, [*_HEAD, *rows])))


if __name__ == "__main__":
    main()
