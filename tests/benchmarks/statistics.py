"""Measures what the statistics cost: ``python -m tests.benchmarks.statistics [--posts 4000] [--submissions 1000000]``.

The cost of a POST is that of two guarded applications in one run, with and without statistics. Their calls alternate,
and the application that is called first alternates, too. It is the processor time of the request's thread, because
others use the same cores. Then a year of submissions is counted in SQLite and in a real
PostgreSQL, and the queries of a page with plots are timed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import time_machine
from flask import Flask

from captcha_guard.database.background_writer import BackgroundWriter
from captcha_guard.database.database import Database
from captcha_guard.database.opening import open_database
from captcha_guard.statistics.alerts import find_alerts
from captcha_guard.statistics.counts import (
    ALONE,
    FAILED,
    LIMITS,
    REASONS,
    REFUSED,
    SECONDS,
    SHOWN,
    SOLVED,
    VERDICTS,
    seconds_label,
)
from captcha_guard.statistics.histogram import edge_of
from captcha_guard.statistics.reading import read_statistics
from captcha_guard.statistics.recorder import Counted, Recorder
from captcha_guard.statistics.tables import DAY, HOUR
from captcha_guard.web.state import NAME, State
from tests.benchmarks.endurance import table
from tests.benchmarks.guard import PAUSE, blog, comment, quantile, timed
from tests.postgresql_server import postgresql_server

#: POSTs before the measurement, and the number of parts of it, each with a ratio of its own.
WARM_UP, PARTS = 100, 10

#: The seconds of a Python process that all queries of one kind are repeated for, and the fewest repetitions.
REPEATED, FEWEST = 2.0, 5

#: The end of the year: 15 January 2027, 12:00 UTC.
END = 1_800_014_400

RULES = ("links", "too_fast", "phrases", "learned", "honeypot", "moderated_words", "bbcode", "flattery", "contact")


class NoRecorder(Recorder):
    """Counts nothing."""

    def count(self, counts_of: Callable[..., Iterable[Counted]], *details: object) -> None:
        """Do nothing."""


def without_statistics(folder: Path) -> Flask:
    """Return a guarded application that counts nothing."""
    app = blog(folder, guarded=True)
    state: State = app.extensions[NAME]
    app.extensions[NAME] = replace(state, recorder=NoRecorder(state.database, state.writer))
    return app


def cost(posts: int) -> str:
    """Return the table of a POST with and without statistics."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        apps = without_statistics(Path(folder, "without")), blog(Path(folder, "with"), guarded=True)
        clients = [app.test_client() for app in apps]
        times: tuple[list[float], list[float]] = ([], [])
        with time_machine.travel(time.time()) as clock:
            for number in range(posts + WARM_UP):
                clock.shift(PAUSE)
                address = f"10.{number % 250}.{number // 250 % 250}.7"
                for which in (0, 1) if number % 2 else (1, 0):
                    times[which].append(timed(clients[which], comment(apps[which], number), address, time.thread_time))
            written = write_time(apps[1].extensions[NAME])
    columns = [column[WARM_UP:] for column in times]
    rows = [
        [name, *(f"{quantile(sorted(column), percent):.3f}" for percent in (50, 99)), f"{statistics.fmean(column):.3f}"]
        for name, column in zip(("without statistics", "with statistics"), columns, strict=True)
    ]
    size = posts // PARTS
    parts = [slice(start, start + size) for start in range(0, size * PARTS, size)]
    medians = [[statistics.median(column[part]) for part in parts] for column in columns]
    ratios = [after / before for before, after in zip(*medians, strict=True)]
    error = statistics.stdev(ratios) / len(ratios) ** 0.5
    found = table(["processor time of a guarded comment POST", "p50 ms", "p99 ms", "mean ms"], rows)
    return (
        f"{found}\n\nRatio of the medians, in {PARTS} parts: {statistics.fmean(ratios):.3f}, standard error "
        f"{error:.3f}. {posts:,} POSTs each.\n\nA write of 40 submissions takes {written:.2f} ms."
    )


def write_time(state: State) -> float:
    """Return the median time of a write with the counts of a busy site, in ms."""
    events = [event for number in range(40) for event in submission(random.Random(number))]
    times = []
    for _ in range(50):
        state.recorder.count(list, events)
        start = time.perf_counter()
        if not state.recorder.write():
            raise SystemExit("the counts could not be written: the figures would be wrong")
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def submission(source: random.Random) -> Iterator[Counted]:
    """Return the events of one submission."""
    yield SHOWN, ""
    if source.random() < 0.1:
        policy = source.choice(("comments", "wrong", "pictures", "challenges"))
        yield LIMITS, policy
        yield REFUSED, "limited"
        return
    if source.random() < 0.8:
        kind, seconds = source.choice(("image", "image", "image", "sound")), round(source.lognormvariate(3.2, 0.9))
        yield SOLVED, kind
        yield SECONDS, seconds_label(kind, edge_of(seconds))
    else:
        yield FAILED, source.choice(("code_wrong", "code_missing", "code_used", "token_expired"))
    action = source.choice(("accept", "accept", "accept", "challenge", "hold", "aside", "reject"))
    yield VERDICTS, action
    if action != "accept":
        found = source.sample(RULES, source.randint(1, 3))
        yield from ((REASONS, rule) for rule in found)
        if len(found) == 1:
            yield ALONE, found[0]


@dataclass
class Year:
    """A database with a year of submissions."""

    database: Database
    now: float = END - 365 * DAY

    def fill(self, submissions: int) -> None:
        """Count the submissions, spread evenly over the hours of the year."""
        writer, source = BackgroundWriter(self.database, every=DAY), random.Random(0)
        recorder = Recorder(self.database, writer, clock=lambda: self.now)
        hours = 365 * DAY // HOUR
        for hour in range(hours):
            self.now = END - (hours - hour) * HOUR
            for _ in range(submissions * (hour + 1) // hours - submissions * hour // hours):
                recorder.count(list, submission(source))
            if hour % 24 == 23 and not (recorder.write(insist=True) and recorder.sweep(self.now) is not None):
                raise SystemExit("the counts could not be written: the figures would be wrong")
        writer.stop()

    def rows(self) -> tuple[int, int]:
        """Return the number of rows of hours and of days."""
        with self.database.reading() as access:
            [(hours,)] = access.rows("SELECT count(*) FROM judge_statistics_hours")
            [(days,)] = access.rows("SELECT count(*) FROM judge_statistics_days")
        return hours, days

    def timed(self) -> list[float]:
        """Return the times of the queries in ms, in the order of ``QUERIES``."""
        return [repeated(lambda query=query: query(self.database)) for query in QUERIES.values()]  # type: ignore[misc]


def span(database: Database, days: int, by: str) -> None:
    """Read a span that ends now."""
    until = datetime.fromtimestamp(END, UTC)
    found = read_statistics(database, until - timedelta(days=days), until, by=by, now=END)
    if not found.total.shown:
        raise SystemExit("nothing was counted: the figures would be wrong")


QUERIES: dict[str, Callable[[Database], object]] = {
    "a day by hour": lambda database: span(database, 1, "hour"),
    "30 days by day": lambda database: span(database, 30, "day"),
    "35 days by hour": lambda database: span(database, 35, "hour"),
    "a year by day": lambda database: span(database, 365, "day"),
    "alerts": lambda database: find_alerts(database, END),
}


def repeated(query: Callable[[], object]) -> float:
    """Return the shortest time of a query in ms, because others use the same cores."""
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < FEWEST or time.perf_counter() - begun < REPEATED:
        start = time.perf_counter()
        query()
        times.append(1000 * (time.perf_counter() - start))
    return min(times)


def queries(submissions: int) -> str:
    """Return the table of the queries after a year with this many submissions."""
    with TemporaryDirectory() as folder, postgresql_server() as server:
        uris = {"SQLite": f"sqlite:///{folder}/judge.sqlite3", "PostgreSQL": server.database()}
        columns, filled = [], []
        for uri in uris.values():
            with closing(open_database(uri)) as database:
                year = Year(database)
                year.fill(submissions)
                filled.append(year.rows())
                columns.append(year.timed())
        size = Path(folder, "judge.sqlite3").stat().st_size
    rows = [[name, *(f"{one:.0f}" for one in times)] for name, *times in zip(QUERIES, *columns, strict=True)]
    found = table([f"{submissions:,} submissions in a year", *(f"{name} ms" for name in uris)], rows)
    [(hours, days), *_] = filled
    return f"{found}\n\n{hours:,} rows of hours and {days:,} rows of days; the SQLite file has {size / 1e6:.1f} MB."


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--posts", type=int, default=4000)
    parser.add_argument("--submissions", type=int, default=1_000_000)
    given = parser.parse_args()
    if given.posts:
        print(cost(given.posts), end="\n\n")
    if given.submissions:
        print(queries(given.submissions))
