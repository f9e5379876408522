"""What a trained network reads of the pictures, ours and the other packages': ``python -m tests.benchmarks.reader``.

An attacker who pays people to label pictures of one site trains the network of :mod:`tests.benchmarks.network` on
them, with the same number of steps however many there are, and reads 1,000 fresh pictures of that site; a string
counts as read when it is right as a whole, look-alikes folded as the guard folds them. ``--transfer`` lets the networks
with the most labels read twenty other styles as well; ``--randomised 500`` trains one network on pictures of 500 styles
and lets it read the same twenty. ``--peers FOLDER`` names where the others are installed (see
:mod:`tests.benchmarks.peers`).

A training takes 75 to 100 s of one processor, a tenth less with ``MALLOC_MMAP_THRESHOLD_=1000000000`` and
``MALLOC_TRIM_THRESHOLD_=4000000000`` in the environment. Every training appends one line to ``--out``; a run goes on
where the file ends, and several processes may share one file. ``--table FILE ...`` prints files as Markdown.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.benchmarks.network import Labelled, Reader, train
from tests.benchmarks.peers import DISTRIBUTIONS, OURS, Worker
from tests.benchmarks.results import OTHERS_TOO, Results, Trained, table

FRESH = 1_000  # pictures of the same style that a network is tried on
OTHERS = 20  # styles that it is tried on with --transfer
_EACH = 100  # pictures of each of those
_AT_ONCE = 100  # pictures asked of a worker at a time


@dataclass(frozen=True)
class Site:
    """Whose pictures a network is trained on: of one style, or of ``mixed`` styles when that is not 0."""

    target: str
    style: int
    mixed: int = 0

    def pictures(self, count: int, *, peers: Path | None, seed: str) -> Labelled:
        """Return ``count`` pictures; the first of them are the same for every count."""
        named = f"{seed} mixed" if self.mixed else f"{seed} {self.style}"
        return _drawn(self.target, count, peers=peers, seed=named, styles=self.mixed or 1)


class Bench:
    """Draws, trains and reads; keeps the pictures of the other styles, which every site of a level shares."""

    def __init__(self, *, peers: Path | None, seed: str, steps: int, transfer: bool) -> None:
        self._peers = peers
        self._seed = seed
        self._steps = steps
        self._transfer = transfer
        self._others: dict[str, list[Labelled]] = {}

    def runs(self, site: Site, samples: list[int]) -> list[tuple[str, int, bool]]:
        """Return the name of each training of this site, its labels, and whether it reads other styles too."""
        wide = [bool(site.mixed) or (self._transfer and site.target in OURS and one == max(samples)) for one in samples]
        return [
            (f"{self._seed}, {site}, {one} labels, {self._steps} steps{OTHERS_TOO * other}", one, other)
            for one, other in zip(samples, wide, strict=True)
        ]

    def trained(self, site: Site, runs: list[tuple[str, int, bool]]) -> Iterator[Trained]:
        """Yield the outcome of each of these trainings; the pictures are drawn once for all of them."""
        most = max(labels for _, labels, _ in runs)
        pictures = site.pictures(FRESH + most, peers=self._peers, seed=self._seed)
        fresh, labelled = pictures.part(0, FRESH), pictures.part(FRESH, FRESH + most)
        for name, labels, wide in runs:
            start = time.process_time()
            reader = train(labelled.part(0, labels), steps=self._steps, seed=self._seed)
            seconds = time.process_time() - start
            right = _right(reader, fresh)
            yield Trained(
                name=name,
                target=site.target,
                style=site.style,
                mixed=site.mixed,
                labels=labels,
                steps=self._steps,
                read=sum(right),
                tried=len(right),
                surest=sum(right[: len(right) // 10]),
                others=tuple(sum(_right(reader, other)) for other in self._other_styles(site.target) if wide),
                other_tried=_EACH,
                loss=round(reader.loss, 4),
                seconds=round(seconds, 1),
            )

    def _other_styles(self, target: str) -> list[Labelled]:
        if target not in OURS:
            return []
        if target not in self._others:
            self._others[target] = [
                _drawn(target, _EACH, peers=self._peers, seed=f"{self._seed} other {index}", styles=1)
                for index in range(OTHERS)
            ]
        return self._others[target]


def _drawn(target: str, count: int, *, peers: Path | None, seed: str, styles: int) -> Labelled:
    with Worker(target, peers=peers, seed=seed, styles=styles) as worker:
        parts = [Labelled.of(worker.draw(min(_AT_ONCE, count - done))) for done in range(0, count, _AT_ONCE)]
    return Labelled(torch.cat([part.greys for part in parts]), sum((part.answers for part in parts), ()))


def _right(reader: Reader, pictures: Labelled) -> list[bool]:
    """Return which pictures are read right as a whole, the surest reading first."""
    readings = zip(reader.read(pictures), pictures.answers, strict=True)
    surest = sorted(readings, key=lambda pair: -pair[0].confidence)
    return [reading.text == answer for reading, answer in surest]


def _sites(given: argparse.Namespace) -> list[Site]:
    names = given.only or [*OURS, *(DISTRIBUTIONS if given.peers else ())]
    if given.randomised:
        return [Site(name, 0, given.randomised) for name in names if name in OURS]
    # Style by style, so that a run that is cut short has tried every name.
    return [Site(name, style) for style in range(given.styles) for name in names if name in OURS or style == 0]


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", nargs="*", choices=(*OURS, *DISTRIBUTIONS), help="names of those to attack")
    options.add_argument("--peers", type=Path)
    options.add_argument("--samples", type=int, nargs="*", default=[500, 2_000, 10_000], help="labelled pictures")
    options.add_argument("--styles", type=int, default=5, help="of ours, a network for each; the others have one")
    options.add_argument("--steps", type=int, default=600, help="batches of 64")
    options.add_argument("--transfer", action="store_true", help=f"read {OTHERS} other styles of ours, too")
    options.add_argument("--randomised", type=int, default=0, metavar="STYLES", help="train on so many of ours at once")
    options.add_argument("--seed", default="judge", help="draws other styles and pictures")
    options.add_argument("--cpu-threads", type=int, default=1)
    options.add_argument("--out", type=Path, default=Path("reader.jsonl"), help="file of results")
    options.add_argument("--table", type=Path, nargs="*", metavar="FILE", help="print these results and stop")
    return options


def main() -> None:
    """Train what the file of results lacks, or print it."""
    given = _options().parse_args()
    if given.table:
        print(table([one for path in given.table for one in Results(path).all()]))
        return
    torch.set_num_threads(given.cpu_threads)
    bench = Bench(peers=given.peers, seed=given.seed, steps=given.steps, transfer=given.transfer)
    results = Results(given.out)
    for site in _sites(given):
        with results.claimed(str(site)) as mine:
            known = {one.name for one in results.all()}
            runs = [run for run in bench.runs(site, given.samples) if known.isdisjoint((run[0], run[0] + OTHERS_TOO))]
            if not mine or not runs:
                continue
            for one in bench.trained(site, runs):
                results.append(one)
                print(one.sentence, flush=True)


if __name__ == "__main__":
    main()
