"""The parts of a run. Each is a process with its own sites and its own clock, so that all processors are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.bots import plain
from tests.benchmarks.bots.clock import Clock, moving_clock
from tests.benchmarks.bots.crowds import Crowd
from tests.benchmarks.bots.roster import Entry, zoo
from tests.benchmarks.bots.runs import run_bots, run_people
from tests.benchmarks.bots.site import Site, journal_site, plain_site
from tests.benchmarks.bots.tables import Judged, Results
from tests.benchmarks.bots.taught import Lesson, run_taught, teach
from tests.benchmarks.bots.texts import Collection, invented_spam, real_spam
from tests.crowd.journal import copy_journal, make_journal
from tests.crowd.visitor import addresses
from tests.processes import fresh_processes, in_processes

#: So many copies of the journal are attacked at the same time, each by other bots.
TOGETHER = 4

#: Plain applications that need much processor time have a process of their own.
SLOW = ("flask-simple-captcha", "ALTCHA")


@dataclass(frozen=True)
class Options:
    """What the command line says, and a folder for this run. ``share`` is the share of a whole run, up to 1."""

    folder: Path
    share: float
    data: Path | None
    network: Path | None

    def spam(self) -> Collection:
        """Return the texts that solvers post."""
        return real_spam(self.data) if self.data else invented_spam()

    def entries(self) -> Sequence[Entry]:
        """Return all bots."""
        return zoo(self.spam(), self.network, self.share)


@dataclass(frozen=True)
class Found:
    """What all parts measured. ``judged`` is about the taught journal, and empty without data."""

    crowds: Sequence[Crowd]
    results: Results
    judged: Sequence[Judged]
    sites: Mapping[str, Results | str]


def run_parts(options: Options) -> Found:
    """Run all parts at the same time."""
    pages = make_journal(options.folder / "printed")
    fast = tuple(kind for kind in plain.KINDS if kind not in SLOW)
    parts = [
        (_people, options, pages),
        *((_bots, options, pages, number) for number in range(TOGETHER)),
        (_taught, options, pages),
        *((_plain, options, kinds) for kinds in (fast, *((kind,) for kind in SLOW))),
    ]
    people, *groups, taught, first, second, third = in_processes(fresh_processes(), _run, parts)
    results = {name: one for group in groups for name, one in group.items()}
    together = {**first, **second, **third}
    return Found(people, results, taught, {kind: together[kind] for kind in plain.KINDS})


def _run(part: Any, *arguments: Any) -> Any:
    return part(*arguments)


def _people(options: Options, pages: list[str]) -> Sequence[Crowd]:
    with _journal(options, pages, "people") as site:
        return run_people(site, addresses(), options.share)


def _bots(options: Options, pages: list[str], number: int) -> Results:
    plans = [(one, one.plan(options.share)) for one in options.entries()[number::TOGETHER]]
    with _journal(options, pages, f"journal {number}") as site:
        return run_bots(site, addresses(), plans)


def _taught(options: Options, pages: list[str]) -> Sequence[Judged]:
    if options.data is None:
        return ()
    lesson = Lesson.of(options.data, options.share)
    with _journal(options, pages, "taught journal", lesson) as site:
        record, crowd = run_taught(site, lesson, addresses())
    return (
        Judged.of(record, record.bot, lesson.expected(spam=True)),
        Judged.of(crowd, "honest comments, taught journal", lesson.expected(spam=False), spam=False),
    )


def _plain(options: Options, kinds: Sequence[str]) -> Mapping[str, Results | str]:
    found: dict[str, Results | str] = {}
    for kind in kinds:
        if missing := plain.missing(kind):
            found[kind] = f"not run: {', '.join(missing)} not installed"
            continue
        with _clock(options.folder / f"clock {kind}") as clock, plain_site(kind, options.folder / kind, clock) as site:
            plans = [(one, one.small(options.share)) for one in options.entries()]
            found[kind] = run_bots(site, addresses(), plans)
    return found


@contextmanager
def _journal(options: Options, pages: list[str], name: str, lesson: Lesson | None = None) -> Iterator[Site]:
    """Serve a copy of the journal, after a lesson if there is one."""
    folder = options.folder / name
    copy_journal(options.folder / "printed", folder)
    with _clock(options.folder / f"clock {name}") as clock:
        if lesson is not None:
            teach(folder, lesson)
        with journal_site(folder, pages, clock) as site:
            yield site


@contextmanager
def _clock(folder: Path) -> Iterator[Clock]:
    folder.mkdir()
    with moving_clock(folder) as clock:
        yield clock
