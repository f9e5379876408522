"""The time of a replay of 100,000 records, and their size on disk: ``python -m tests.benchmarks.replay [URI]``.

Most of the records have random actions, so that most of them change. Without an argument they are in a SQLite file in a
temporary folder.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from captcha_guard.database.background_writer import BackgroundWriter
from captcha_guard.database.database import Database
from captcha_guard.database.opening import open_database
from captcha_guard.replay.record import Found, Record
from captcha_guard.replay.records import RETENTION, Records
from captcha_guard.replay.replay import Replayer
from captcha_guard.spam.code_demand import CodeState
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.rules import RULES, standard
from captcha_guard.spam.verdict import Action
from tests.benchmarks.endurance import table

RECORDS = int(RETENTION.most)
CLIENTS = 20_000
#: Different combinations of findings.
COMBINATIONS = 1_000
BEGIN = 1_800_000_000.0
#: Seconds between two records.
BETWEEN = 50

TRIALS: dict[str, dict[str, Any]] = {
    "the present settings": {},
    "another threshold": {"thresholds": {"hold": 50}},
    "another weight": {"weights": {"links": 60}},
    "other limits": {"comment_limits": "2 per minute; 10 per hour; 30 per day"},
}


def records() -> Iterator[Record]:
    """Yield random records in the order of time."""
    source = random.Random(0)
    clients = [(f"{source.getrandbits(128):032x}", (f"{source.getrandbits(128):032x}",)) for _ in range(CLIENTS)]
    slugs = [rule.slug for rule in RULES]
    combinations = [
        tuple(
            Found(source.choice(slugs), source.randrange(60), source.choice([Action.ACCEPT, Action.HOLD]))
            for _ in range(source.randrange(4))
        )
        for _ in range(COMBINATIONS)
    ]
    for number in range(RECORDS):
        client, networks = source.choice(clients)
        yield Record(
            BEGIN + number * BETWEEN,
            f"{source.getrandbits(88):022x}",
            client,
            networks,
            scope=source.randbytes(8),
            mark=f"{number:032x}",
            action=source.choice(list(Action)),
            chance=source.random() if number % 2 else None,
            findings=source.choice(combinations),
            reason="",
            code=CodeState("always", moderated=True, solved=True),
            counted=True,
        )


def measure(database: Database) -> None:
    """Write the records, and print the time of each replay of them."""
    writer = BackgroundWriter(database, every=3_600)
    stored = Records(database, writer, secret=b"sixteen bytes ...")
    begun = time.process_time()
    for number, one in enumerate(records()):
        stored.add(one)
        if number % 1_000 == 999:
            writer.write(insist=True)
    rows = [["making and writing them", f"{time.process_time() - begun:.1f}", "", ""]]
    judge, end = Judge(standard()), BEGIN + RECORDS * BETWEEN
    for name, settings in TRIALS.items():
        begun, wall = time.process_time(), time.perf_counter()
        result = Replayer(judge, **settings).replay(stored.read(BEGIN, end), BEGIN)
        took = f"{time.process_time() - begun:.1f}", f"{time.perf_counter() - wall:.1f}"
        rows.append([f"a replay with {name}", *took, f"{len(result.changed):,}"])
    writer.stop()
    print(table((f"{RECORDS:,} records", "processor time, s", "in all, s", "actions changed"), rows))


def main() -> None:
    """Measure in a database of its own, or in the one of the argument, which should be empty."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "judge.sqlite3"
        with closing(open_database(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{path}")) as database:
            measure(database)
        if path.exists():
            print(f"\nThe SQLite file has {path.stat().st_size / 1e6:.0f} MB.")


if __name__ == "__main__":
    main()
