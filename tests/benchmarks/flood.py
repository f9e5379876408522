"""How large the counters' file gets in a flood of clients that were never seen: ``python -m tests.benchmarks.flood``.

Each client comes once, from one of 10,000 networks, at 20 clients a second on the benchmark's own clock. Its comment is
charged to the windows of the client and its network, and spends a nonce. Takes a minute or two.
"""

from __future__ import annotations

import argparse
import sqlite3
import time
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

import time_machine

from captcha_guard.counters.client import WIDE, Client
from captcha_guard.counters.policy import Policy
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from tests.conftest import NOON

COMMENTS = Policy.parse("comments", "2 per minute; 10 per hour; 30 per day")
NETWORKS = 10_000
PER_SECOND = 20
NONCE_KEPT = 960
STEPS = 10


def entries(number: int) -> list[tuple[str, int, int, int]]:
    """Return the windows that a client's comment is charged to."""
    client = Client(digest(f"client{number}"), ((WIDE, digest(f"network{number * 7919 % NETWORKS}")),))
    charges = COMMENTS.windows(client, prefix="captcha_guard")
    return [(charge.key, charge.item.amount, charge.item.get_expiry(), 1) for charge in charges]


def digest(name: str) -> str:
    """Return a name's digest, as long as the key of a client."""
    return blake2b(name.encode(), digest_size=16).hexdigest()


def row(what: str, storage: SQLiteStorage, seconds: float) -> str:
    """Return a line of the table. ``seconds`` is the processor time of a comment, or 0 where none came."""
    path = Path(storage.storage)
    journal = path.with_name(f"{path.name}-wal").stat().st_size
    with closing(sqlite3.connect(path)) as connection:
        windows, counters = (
            connection.execute(f"SELECT count(*) FROM limits_{table}").fetchone()[0]  # noqa: S608 (our own names)
            for table in ("windows", "counters")
        )
        free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size"))
    used = path.stat().st_size - free * size
    each = used / max(1, windows + counters)
    cells = f"{windows:,} | {counters:,} | {path.stat().st_size / 1e6:.1f} | {journal / 1e6:.1f} | {each:.0f}"
    return f"| {what} | {cells} | {f'{seconds * 1e6:.0f}' if seconds else ''} |"


def run(clients: int, most: int) -> list[str]:
    """Return the table, as Markdown."""
    lines = [
        "| after | lists of hits | counters | file, MB | write-ahead log, MB | bytes a row | µs a comment |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    with (
        TemporaryDirectory() as folder,
        closing(SQLiteStorage(f"sqlite:///{folder}/counters.sqlite3", most_windows=most)) as storage,
        time_machine.travel(NOON, tick=False) as clock,
    ):
        for step in range(STEPS):
            begin = time.thread_time()
            for number in range(step * clients // STEPS, (step + 1) * clients // STEPS):
                storage.acquire_entries(entries(number))
                storage.incr(f"captcha_guard/spent/{blake2b(b'%d' % number, digest_size=12).hexdigest()}", NONCE_KEPT)
                clock.shift(1 / PER_SECOND)
            spent = (time.thread_time() - begin) / (clients / STEPS)
            lines.append(row(f"{(step + 1) * clients // STEPS:,} clients", storage, spent))
        clock.shift(86_400)
        begin = time.thread_time()
        swept = storage.sweep()
        took = f"{swept:,} rows ({time.thread_time() - begin:.1f} s)"
        lines.append(row(f"a day without clients, and a purge of {took}", storage, 0.0))
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--clients", type=int, default=250_000)
    parser.add_argument("--most", type=int, default=500_000)
    arguments = parser.parse_args()
    print("\n".join(run(arguments.clients, arguments.most)))
