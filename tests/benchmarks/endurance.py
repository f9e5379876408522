"""Tests that run for hours, also under faults: ``python -m tests.benchmarks.endurance WHAT [--quick]``.

- ``tokens``: 10,000 tokens, each posted by eight workers at once, on SQLite and on Redis, and a broken control
- ``limits``: what eight workers grant clients that post at once, with and without forged headers
- ``faults``: Redis killed and restarted, hung, and 2 s slow, for 60 s each under load
- ``challenges``: a worker's memory over 100,000 challenges, with a picture for every fourth
- ``flood``: two workers' memory, and the size of SQLite's file, over 1,000,000 POSTs with a token each

Each prints its table of docs/measurements/scaling.md. The clients run on the same cores as the servers. ``--quick``
does a hundredth (of ``faults``, a fifth), as a test of the program. ``--share 0.5`` does half.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.crowd.blog import MODERATED, OPEN
from tests.crowd.race import RACERS, race_for_limits, race_for_tokens, racers, settings_of
from tests.crowd.siege import account, besieged
from tests.crowd.worker import BOTS, ONE_DRAWN_IN, challenge, flood, run
from tests.faulty_redis import faulty_redis, proxy
from tests.redis_server import redis_server

TOKENS, CONTROL_TOKENS = 10_000, 1_000
CLIENTS, ALLOWED = 200, 20
CHALLENGES, POSTS, FLOODED = 100_000, 1_000_000, 2
SIEGE, DOWN, SLOW = 60.0, 3.0, 2.0  # seconds: of load in all, of one fault, and of the delay of late answers
STORES = ("SQLite", "Redis")


def table(head: Iterable[str], rows: Iterable[Iterable[str]], *, texts: int = 1) -> str:
    """Return Markdown. The first columns are texts, the others figures."""
    head = list(head)
    lines = [head, ["---"] * texts + ["---:"] * (len(head) - texts), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


@contextmanager
def store(name: str, folder: Path) -> Iterator[str]:
    """Open a store in ``folder`` and yield its URI."""
    if name == "SQLite":
        yield f"sqlite:///{folder}/counters.sqlite3"
        return
    with redis_server(folder) as uri:
        yield uri


def tokens(share: float) -> str:
    rows = []
    for name in STORES:
        for control in (False, True):
            number = max(10, int((CONTROL_TOKENS if control else TOKENS) * share))
            with (
                TemporaryDirectory() as folder,
                store(name, Path(folder)) as uri,
                racers(Path(folder, "blog"), settings_of(uri), control=control) as crew,
            ):
                outcome = race_for_tokens(crew, number)
            more = sum(count for times, count in outcome.accepted.items() if times > 1)
            who = "control: look up, then delete" if control else "captcha_guard"
            rate = RACERS * number / outcome.seconds
            figures = (number, RACERS * number, outcome.stored, more)
            rows.append([name, who, *(f"{figure:,}" for figure in figures), f"{rate:,.0f}"])
    return table(
        ("Store", "nonces spent by", "tokens", "POSTs", "accepted", "tokens accepted twice or more", "POSTs/s"),
        rows,
        texts=2,
    )


def limits(share: float) -> str:
    clients, rows = max(2, int(CLIENTS * share)), []
    for name in STORES:
        with TemporaryDirectory() as folder, store(name, Path(folder)) as uri:
            settings = settings_of(uri, {"CAPTCHA_GUARD_COMMENT_LIMITS": f"{ALLOWED} per hour"})
            with racers(Path(folder, "blog"), settings) as crew:
                for forged in (False, True):
                    rounds = ALLOWED // RACERS + 2
                    granted = race_for_limits(crew, clients, rounds, forged=forged)
                    who = "under another address by six headers" if forged else "as it is"
                    figures = (clients, rounds * RACERS, ALLOWED, min(granted), max(granted))
                    rows.append([name, who, *(f"{figure:,}" for figure in figures)])
    return table(
        ("Store", "each client posts", "clients", "POSTs each", "limit", "least granted", "most granted"), rows, texts=2
    )


@dataclass(frozen=True)
class Fault:
    """A fault of a store: the store's address, and how the fault begins and ends."""

    uri: str
    begin: Callable[[], None]
    end: Callable[[], None]


@contextmanager
def fault(name: str, folder: Path) -> Iterator[Fault]:
    with faulty_redis(folder, keeps=True) as redis, proxy(redis.port) as between:

        def late(seconds: float) -> None:
            between.delay = seconds

        yield {
            "killed, started again": Fault(redis.uri, redis.kill, redis.start),
            "hung (SIGSTOP)": Fault(redis.uri, redis.stop, redis.go_on),
            f"{SLOW:.0f} s slow": Fault(between.uri, lambda: late(SLOW), lambda: late(0)),
        }[name]


def faults(share: float) -> str:
    rows = []
    for name in ("killed, started again", "hung (SIGSTOP)", f"{SLOW:.0f} s slow"):
        with TemporaryDirectory() as folder, fault(name, Path(folder)) as one:
            spans = []
            with besieged(Path(folder, "blog"), one.uri) as siege:
                with siege.running():
                    until = time.monotonic() + max(2 * (2 * DOWN + 1), SIEGE * share)
                    while time.monotonic() + 2 * DOWN < until:
                        time.sleep(DOWN)
                        began = time.monotonic()
                        one.begin()
                        time.sleep(DOWN)
                        one.end()
                        spans.append((began, time.monotonic()))
                    time.sleep(max(0, until - time.monotonic()))
                result = account(siege, spans)
        became = sum(result.states.values(), Counter[str]())
        figures = [len(spans), sum(became.values()), became["published"], result.states[MODERATED]["held"]]
        figures += [result.states[OPEN]["shown"], result.failures, result.lost, result.twice]
        recovery = f"{max(result.recovery):.2f} s"
        rows.append([name, *(f"{figure:,}" for figure in figures), recovery, f"{result.longest:.2f} s"])
    head = ("Redis", "faults", "POSTs", "published", "held", "503, text shown", "500 or no answer", "lost")
    return table((*head, "published without a spent nonce", "longest recovery", "longest answer"), rows)


def challenges(share: float) -> str:
    return memory("challenges", challenge, int(CHALLENGES * share), f"one in {ONE_DRAWN_IN} drawn")


def flooded(share: float) -> str:
    return memory("POSTs with a token each", flood, int(POSTS * share), f"from {BOTS} addresses", FLOODED)


def memory(what: str, task: Callable[..., int], times: int, how: str, workers: int = 1) -> str:
    begin, rows = time.monotonic(), []
    with TemporaryDirectory() as folder:
        for number, one in enumerate(run(task, times, Path(folder), workers=workers), 1):
            at = [one.resident[int(len(one.resident) * part)] for part in (0.1, 0.25, 0.5, 0.75)]
            sizes = [f"{size / 2**20:.1f}" for size in (*at, one.resident[-1])]
            statuses = ", ".join(f"{times:,} of {status}" for status, times in sorted(one.statuses.items()))
            rows.append(
                [
                    f"worker {number} of {workers}",
                    statuses,
                    *sizes,
                    f"{one.drift:+.1%}",
                    f"{(one.file + one.log) / 2**20:.1f}",
                ]
            )
    minutes = (time.monotonic() - begin) / 60
    head = (f"{times:,} {what}, {how}", "answers", *(f"MiB at {part} %" for part in (10, 25, 50, 75, 100)))
    return (
        table((*head, "furthest from 10 %", "SQLite's file and log, most MiB"), rows, texts=2)
        + f"\n\n{minutes:.1f} min."
    )


WHAT = {"tokens": tokens, "limits": limits, "faults": faults, "challenges": challenges, "flood": flooded}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--share", type=float, default=1.0)
    given = parser.parse_args()
    print(WHAT[given.what]((0.2 if given.what == "faults" else 0.01) if given.quick else given.share))
