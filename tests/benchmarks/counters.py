"""Measures how fast the counters count, and whether they are exact: ``python -m tests.benchmarks.counters``.

The stores alternate in one run, so that a busy machine slows all of them. 50 clients try 80 hits each against a limit
of 40, distributed over 1 to 8 processes. An exact store grants 2,000 of the 4,000. Takes about two minutes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from secrets import token_hex
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from limits import parse
from limits.strategies import STRATEGIES

from captcha_guard.counters.client import client_of
from captcha_guard.counters.limits import Limits, Policy
from captcha_guard.counters.spent import Spent
from captcha_guard.counters.store import open_storage
from tests.broken_counters import ReadThenWriteStorage
from tests.redis_server import redis_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from limits.storage import Storage

CLIENTS, TRIES, ALLOWED = 50, 80, 40
PROCESSES = (1, 2, 4, 8)
ROUNDS = 3
POSTS = 2000
STORES = ("SQLite", "Redis", "memory, each process its own", "control: read, then write")


@dataclass(frozen=True)
class Run:
    """One race: hits per second of all processes together, the granted hits, and the seconds of each hit."""

    rate: float
    granted: int
    seconds: list[float]


def _open(store: str, folder: Path, redis_uri: str) -> Storage:
    if store == "Redis":
        return open_storage(redis_uri)
    if store.startswith("memory"):
        return open_storage("memory://")
    uri = f"sqlite:///{folder}/{store.partition(':')[0]}.sqlite3"
    return ReadThenWriteStorage(uri) if store.startswith("control") else open_storage(uri)


def _hit(make: Callable[[], Storage], strategy: str, name: str, tries: int, *, start: Any, results: Any) -> None:
    storage = make()
    limiter, item = STRATEGIES[strategy](storage), parse(f"{ALLOWED} per hour")
    storage.check()
    start.wait()
    granted, seconds = 0, []
    begin = time.monotonic()
    for number in range(tries):
        before = time.perf_counter()
        granted += limiter.hit(item, name, str(number % CLIENTS))
        seconds.append(time.perf_counter() - before)
    results.put((begin, time.monotonic(), granted, seconds))


def race(make: Callable[[], Storage], strategy: str, processes: int) -> Run:
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(processes), context.Queue()
    tries = CLIENTS * TRIES // processes
    arguments = (make, strategy, token_hex(8), tries)
    meeting = {"start": start, "results": results}
    racers = [context.Process(target=_hit, args=arguments, kwargs=meeting) for _ in range(processes)]
    for racer in racers:
        racer.start()
    answers = [results.get(timeout=120) for _ in racers]
    for racer in racers:
        racer.join()
    begins, ends, granted, seconds = zip(*answers, strict=True)
    return Run(tries * processes / (max(ends) - min(begins)), sum(granted), sorted(s for own in seconds for s in own))


def post(make: Callable[[], Storage]) -> list[float]:
    """Count as one guarded POST does: six windows, one nonce, and a read of the wrong answers."""
    storage = make()
    policies = {
        "comments": Policy.parse("comments", "2 per minute; 10 per hour; 30 per day"),
        "wrong": Policy.parse("wrong", "10 per 10 minutes"),
    }
    limits, spent, secret = Limits(storage, policies=policies), Spent(storage), token_hex().encode()
    seconds = []
    for number in range(POSTS):
        before = time.perf_counter()
        client = client_of(f"10.{number % 7}.{number >> 8 & 255}.{number & 255}", secret=secret)
        limits.hit("comments", client)
        limits.stats(("wrong", client))
        spent.claim(f"nonce {number}", 900)
        seconds.append(time.perf_counter() - before)
    return sorted(seconds)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def at(ordered: list[float], share: float) -> str:
    return f"{ordered[int(len(ordered) * share)] * 1e6:,.0f} µs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    measured = parser.parse_args().rounds
    runs: dict[tuple[str, int, str], list[Run]] = {}
    posts: dict[str, list[float]] = {}
    with TemporaryDirectory() as name, redis_server(Path(name)) as redis_uri:
        makers = {store: partial(_open, store, Path(name), redis_uri) for store in STORES}
        for _ in range(measured):
            for case in product(("fixed-window", "moving-window"), PROCESSES, STORES):
                strategy, processes, store = case
                runs.setdefault(case, []).append(race(makers[store], strategy, processes))
            for store in STORES[:3]:
                posts.setdefault(store, []).extend(post(makers[store]))
    head = ("Strategy", "processes", "store", "hits/s", "of SQLite's", "p50", "p99", "granted of 2,000")
    print(table(head, rows(runs)), end="\n\n")
    counted = ((store, at(sorted(seconds), 0.5), at(sorted(seconds), 0.99)) for store, seconds in posts.items())
    print(table(("What one guarded POST counts", "p50", "p99"), counted))


def rows(runs: dict[tuple[str, int, str], list[Run]]) -> Iterable[list[str]]:
    for (strategy, processes, store), rounds in runs.items():
        rate = median(run.rate for run in rounds)
        base = median(run.rate for run in runs[strategy, processes, "SQLite"])
        seconds = sorted(second for run in rounds for second in run.seconds)
        granted = sorted({run.granted for run in rounds})
        yield [
            strategy,
            str(processes),
            store,
            f"{rate:,.0f}",
            f"{rate / base:.2f}",
            at(seconds, 0.5),
            at(seconds, 0.99),
            " to ".join(f"{count:,}" for count in dict.fromkeys((granted[0], granted[-1]))),
        ]


if __name__ == "__main__":
    main()
