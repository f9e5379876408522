"""Measures how many pictures off-the-shelf reading programs read, ours and those of other packages.

    python -m tests.benchmarks.ocr --peers PEERS --results FILE
    python -m tests.benchmarks.ocr --only medium --opponents ddddocr --count 100 --rehearse 40

For each kind of pictures and each program, the best ways are searched with ``--rehearse`` separate pictures:

1. every fixed cut after every turn or shear, untreated and in the program's first mode, on every third picture;
2. the best ``PAIRS`` pairs of cut and turn, the whole picture and the adaptive cuts, with all treatments, on every
   second picture;
3. the best ``FIXED_KEPT`` fixed and ``ADAPTIVE_KEPT`` adaptive ways of these, in all modes, on all pictures.

The best four fixed ways and the best two adaptive ones then read ``--count`` fresh pictures, ours over 25 styles. A
code counts only if all of it is read. Look-alikes are folded as the guard folds them. Programs know the symbols that
occur in the codes of the search. "As they are" is the picture untreated and uncut, in the program's best mode.

``--untreated`` searches nothing: each program reads ``--count`` pictures as they are, in each of its modes. A program
or a package that isn't installed has a row that says so.

``--results`` names a file for the results. Processes with the same file share the work, and an interrupted run
continues. Results for pictures that have changed since, or for another version of a package, are computed again. The
table is printed from the file at the end. ``--peers FOLDER`` is where the other packages are installed (see
:mod:`tests.benchmarks.peers`). ``--seed`` draws other pictures.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple, Self

from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.cli.attack.cuts import ADAPTIVE, FIXED, STRAIGHT, WHOLE
from captcha_guard.cli.attack.opponent import AttackError, Opponent
from captcha_guard.cli.attack.opponents import OPPONENTS
from captcha_guard.cli.attack.outcome import Outcome, Sample, attack
from captcha_guard.cli.attack.rapidocr import RapidocrDetector
from captcha_guard.cli.attack.ways import PLAIN, Way, ways
from captcha_guard.statistics.interval import Share
from tests.benchmarks.peers import CLASSICA, DISTRIBUTIONS, OURS, Worker
from tests.benchmarks.shared_lines import SharedLines

STYLES = 25
PAIRS, FIXED_KEPT, ADAPTIVE_KEPT = 6, 12, 6
FIXED_JUDGES, ADAPTIVE_JUDGES = 4, 2
FINGERPRINT = 50  # the number of our pictures that are compared to see whether drawing or answers have changed


class Task(NamedTuple):
    """What one program reads, and how many pictures. A result depends on nothing else.

    ``drawing`` is a fingerprint of the pictures (see :func:`fingerprint`).
    """

    target: str
    drawing: str
    opponent: str
    pictures: int
    rehearse: int
    seed: str


@dataclass(frozen=True)
class Judged:
    """What one program read of ``task.pictures`` fresh pictures: untreated, and in the best fixed and adaptive ways."""

    task: Task
    version: str
    plain: tuple[str, int]
    fixed: tuple[str, int] | None
    adaptive: tuple[str, int] | None
    seconds: float

    @classmethod
    def of(cls, line: dict[str, object]) -> Self:
        """Return the result that was written to a file."""
        return cls(**{**line, "task": Task(*line["task"])})  # type: ignore[arg-type, misc]

    @property
    def row(self) -> str:
        """The result's row of the table."""
        cells = [label(self.task.target), f"{self.task.opponent} {self.version}", self._cell(self.plain)]
        cells += [self._cell(found) if found else " | " for found in (self.fixed, self.adaptive)]
        return f"| {' | '.join(cells)} |"

    def _cell(self, found: tuple[str, int]) -> str:
        way, hits = found
        share = Share(hits, self.task.pictures)
        low, high = share.wilson()
        return f"{share.rate:.1%} ({low:.1%} to {high:.1%}) | {way}"


HEAD = """| pictures | program | as they are | mode | best fixed way | which | best adaptive way | which |
| --- | --- | ---: | --- | ---: | --- | ---: | --- |"""


@dataclass(frozen=True)
class Unread:
    """A program that didn't read a kind of pictures, because it or the package that draws them isn't installed."""

    target: str
    opponent: str
    reason: str

    @property
    def row(self) -> str:
        """The row of the table."""
        return f"| {label(self.target)} | {self.opponent} | not measured: {self.reason} | | | | | |"


def label(target: str) -> str:
    """Return the name of a kind of pictures in the table."""
    return f"captcha_guard, {target}" if target in (*OURS, CLASSICA) else target


def fingerprint(target: str, peers: Path | None) -> str:
    """Return text that changes with the drawing of these pictures.

    For our pictures it is a hash of sample pictures and their answers. Some of the other packages ignore the seed, so
    for them it is the version, and the symbols given to those that have none of their own.
    """
    if target in DISTRIBUTIONS and peers:
        package = DISTRIBUTIONS[target]
        [version] = {one.version for one in distributions(name=package, path=[str(peers / package)])}
        return f"{version} {ALPHABET}"
    return hashlib.sha256(repr(_samples(target, peers, FINGERPRINT, "fingerprint")).encode()).hexdigest()[:16]


def judge(task: Task, peers: Path | None) -> Judged:
    """Search the best ways, and measure with them."""
    start = time.perf_counter()
    rehearsal = _samples(task.target, peers, task.rehearse, "rehearsal")
    opponent = OPPONENTS[task.opponent](_symbols(rehearsal))
    found = rehearse(opponent, rehearsal)
    plain = next(way for way in found if way.untreated)
    fixed = [way for way in found if not way.adaptive][:FIXED_JUDGES]
    adaptive = [way for way in found if way.adaptive][:ADAPTIVE_JUDGES]
    fresh = _samples(task.target, peers, task.pictures, task.seed)
    outcome = attack(opponent, fresh, list(dict.fromkeys([plain, *fixed, *adaptive])))
    return Judged(
        task,
        opponent.version,
        _best(outcome, [plain]),
        _best(outcome, fixed),
        _best(outcome, adaptive) if adaptive else None,
        round(time.perf_counter() - start, 1),
    )


def read_untreated(task: Task, peers: Path | None) -> Judged:
    """Read the pictures as they are, in each mode of the program."""
    start = time.perf_counter()
    opponent = OPPONENTS[task.opponent](_symbols(_samples(task.target, peers, task.rehearse, "rehearsal")))
    fresh = _samples(task.target, peers, task.pictures, task.seed)
    tried = [Way(mode=mode) for mode in opponent.modes]
    plain = _best(attack(opponent, fresh, tried), tried)
    return Judged(task, opponent.version, plain, None, None, round(time.perf_counter() - start, 1))


def rehearse(opponent: Opponent, samples: Sequence[Sample]) -> list[Way]:
    """Return the ways that were tried on all pictures, the best first."""
    # A detector finds rows by itself, and is too slow to try cuts, so only turns are tried.
    cuts, adaptive = ([WHOLE], []) if isinstance(opponent, RapidocrDetector) else (list(FIXED), list(ADAPTIVE))
    mode = opponent.modes[:1]
    scouts = attack(opponent, samples[::3], ways(mode, treatments=[PLAIN], cuts=cuts))
    pairs = dict.fromkeys([(WHOLE, STRAIGHT), *((way.cut, way.turn) for way in scouts.ranked()[:PAIRS])])
    tried = [way for cut, turn in pairs for way in ways(mode, cuts=[cut], turns=[turn])]
    ranked = attack(opponent, samples[::2], [*tried, *ways(mode, cuts=adaptive)]).ranked()
    kept = [
        Way(),
        *[way for way in ranked if not way.adaptive][:FIXED_KEPT],
        *[way for way in ranked if way.adaptive][:ADAPTIVE_KEPT],
    ]
    chosen = dict.fromkeys(way._replace(mode=mode) for way in kept for mode in opponent.modes)
    return attack(opponent, samples, list(chosen)).ranked()


def _symbols(samples: Sequence[Sample]) -> str:
    """Return the symbols of the codes of these pictures."""
    return "".join(sorted({symbol for sample in samples for code in sample.codes for symbol in code.upper()}))


def _samples(target: str, peers: Path | None, count: int, seed: str) -> list[Sample]:
    with Worker(target, peers=peers, seed=seed, styles=STYLES) as worker:
        return [Sample(one.image, one.answers) for one in worker.draw(count)]


def _best(outcome: Outcome, among: Sequence[Way]) -> tuple[str, int]:
    best = max(among, key=lambda way: outcome.share(way).hits)
    return str(best), outcome.share(best).hits


def table(results: Sequence[Judged], unread: Sequence[Unread] = ()) -> str:
    """Return the results as Markdown, in the order of the targets."""
    order, programs = [CLASSICA, *OURS, *DISTRIBUTIONS], list(OPPONENTS)
    rows = [(one.task.target, one.task.opponent, one.row) for one in results]
    rows += [(one.target, one.opponent, one.row) for one in unread]
    ranked = sorted(rows, key=lambda row: (order.index(row[0]), programs.index(row[1])))
    return "\n".join([HEAD, *(row for _, _, row in ranked)])


def main() -> None:
    """Run the tasks that aren't in the file yet, and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--peers", type=Path)
    options.add_argument("--count", type=int, default=500)
    options.add_argument("--rehearse", type=int, default=60, metavar="PICTURES")
    options.add_argument("--seed", default="judge")
    options.add_argument("--only", nargs="*", choices=(CLASSICA, *OURS, *DISTRIBUTIONS), help="kinds of pictures")
    options.add_argument("--opponents", nargs="*", choices=tuple(OPPONENTS), default=tuple(OPPONENTS))
    options.add_argument("--untreated", action="store_true", help="read the pictures only as they are")
    options.add_argument("--results", type=Path, help="a file with one result a line")
    given = options.parse_args()
    targets = given.only or [CLASSICA, *OURS, *DISTRIBUTIONS]
    reasons = missing(targets, given.opponents, given.peers)
    drawings = {target: fingerprint(target, given.peers) for target in targets if target not in reasons}
    tasks = [
        Task(target, drawings[target], opponent, given.count, given.rehearse, given.seed)
        for target in drawings
        for opponent in given.opponents
        if opponent not in reasons
    ]
    unread = [
        Unread(target, opponent, reasons.get(target) or reasons[opponent])
        for target in targets
        for opponent in given.opponents
        if target in reasons or opponent in reasons
    ]
    if given.untreated:
        results = [read_untreated(task, given.peers) for task in tasks]
    else:
        results = work(tasks, given.peers, SharedLines(given.results) if given.results else None)
    print(table(results, unread))
    print(f"\n{given.count} pictures in each row. The intervals are Wilson's, 95 %.")


def missing(targets: Sequence[str], opponents: Sequence[str], peers: Path | None) -> dict[str, str]:
    """Return the targets and programs that can't be measured, with the reason."""
    reasons = {}
    for target in targets:
        package = DISTRIBUTIONS.get(target)
        if package and not (peers and (peers / package).is_dir()):
            reasons[target] = f"{package} isn't in the folder of peers"
    for opponent in opponents:
        try:
            OPPONENTS[opponent](ALPHABET)
        except AttackError as error:
            reasons[opponent] = str(error).splitlines()[0]
    return reasons


def work(tasks: Sequence[Task], peers: Path | None, file: SharedLines | None) -> list[Judged]:
    """Run the tasks that are neither done nor in progress. Returns all results of these tasks."""
    if file is None:
        return [judge(task, peers) for task in tasks]
    for task in tasks:
        with file.claimed(repr(task)) as mine:
            if mine and task not in {Judged.of(line).task for line in file.read()}:
                file.write(asdict(judge(task, peers)))
    return [one for one in map(Judged.of, file.read()) if one.task in tasks]


if __name__ == "__main__":
    main()
