"""The journal under load, over real sockets: ``python -m tests.benchmarks.load [--quick] [--workers 1 2 4]``.

gunicorn's sync workers serve the journal without its guard, with it on SQLite and with it on Redis. The three alternate
in every round, so that other load on the machine affects all. In each turn there are, one after the other:

- four readers, each sending the next request after the answer
- three commenters, in the same way
- readers at a rate of 40 pages a second, and a commenter (calm)
- the same, and one client that posts comments over four connections (flood)

A commenter fetches the page and the picture, solves the code and posts, each time from another address. Readers' times
count from the moment when a page was due. The visitors run on the same cores as the servers and use a share of them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.endurance import table
from tests.crowd.gunicorn_server import gunicorn
from tests.crowd.journal import SECRET, clear_comments, copy_journal, environment, make_journal
from tests.crowd.visits import Plan, Site, Visits, visit
from tests.redis_server import redis_server

WITHOUT, STORES = "without the guard", ("SQLite", "Redis")
PACE, READERS, COMMENTERS, FLOODERS = 40, 4, 3, 4

THROUGHPUT = (
    *("workers", "the journal", "pages/s", "of without", "p50 ms", "p99 ms"),
    *("comments/s", "of without", "p50 ms", "p99 ms"),
)
FLOOD = (
    *("workers", "the journal", "the flood was answered", "flood/s", "pages, calm: p50 ms", "p99 ms"),
    *("under the flood: p50 ms", "p99 ms", "comments/s, calm → under the flood"),
)

#: The statuses of answers that may be counted. With the guard, a flood is refused.
USUAL = {"page": {200}, "form": {200}, "picture": {200}, "comment": {303}, "flood": {303, 422, 429}}

Key = tuple[int, str, str]  # workers, store, plan


def plans(seconds: float) -> Mapping[str, Plan]:
    return {
        "reading": Plan(seconds, readers=READERS),
        "commenting": Plan(seconds, commenters=COMMENTERS),
        "calm": Plan(seconds, readers=READERS, pace=PACE, commenters=1),
        "flood": Plan(seconds, readers=READERS, pace=PACE, commenters=1, flooders=FLOODERS),
    }


@contextmanager
def sites(workers: int, folder: Path, redis_uri: str) -> Iterator[dict[str, Site]]:
    """Serve the three journals, each with this many workers."""
    printed = folder / "printed"
    printed.mkdir()
    pages = make_journal(printed)
    with ExitStack() as stack:
        served = {}
        for name in (WITHOUT, *STORES):
            own = folder / name.split()[0]
            copy_journal(printed, own)
            settings: dict[str, object] = {"CAPTCHA_GUARD_MIN_SECONDS": 0}
            if name == "Redis":
                settings["CAPTCHA_GUARD_STORAGE_URI"] = redis_uri
            variables = environment(own, settings, guarded=name != WITHOUT)
            server = stack.enter_context(
                gunicorn("tests.crowd.journal:create_app()", own, workers=workers, environment=variables)
            )
            solving = {**settings, "SECRET_KEY": (own / SECRET).read_text().strip(), "CAPTCHA_GUARD_LEARNING": "off"}
            served[name] = Site(server.port, pages, own, solving if name != WITHOUT else None)
        yield served


def measure(workers: Sequence[int], rounds: int, seconds: float) -> dict[Key, list[Visits]]:
    found: dict[Key, list[Visits]] = {}
    for number in workers:
        with (
            TemporaryDirectory() as name,
            redis_server(Path(name)) as redis_uri,
            sites(number, Path(name), redis_uri) as served,
        ):
            for site in served.values():
                visit(site, Plan(min(seconds, 2.0), readers=READERS, commenters=COMMENTERS))  # to warm it up
            turns = [(number, store, plan) for plan in plans(seconds) for store in served]
            found |= {turn: [] for turn in turns}
            for lap in range(rounds):
                for turn in turns if lap % 2 == 0 else reversed(turns):  # so that the order changes
                    _, store, plan = turn
                    clear_comments(served[store].folder)
                    found[turn].append(checked(visit(served[store], plans(seconds)[plan]), turn))
    return found


def checked(visits: Visits, turn: Key) -> Visits:
    """Return the visits. Exits if a page or a comment wasn't answered as usual, because the figures would be wrong."""
    for kind, usual in USUAL.items():
        if unusual := sorted(set(visits.statuses.get(kind, ())) - usual):
            raise SystemExit(f"{turn}: a {kind} was answered with {unusual}, so the figures would be wrong")
    return visits


def throughput(found: Mapping[Key, list[Visits]]) -> Iterator[list[str]]:
    for workers, store, plan in found:
        if plan == "reading":
            pages = _figures(found, (workers, store, "reading"), "page")
            yield [str(workers), store, *pages, *_figures(found, (workers, store, "commenting"), "comment")]


def _figures(found: Mapping[Key, list[Visits]], key: Key, kind: str) -> list[str]:
    """Return the requests per second, their ratio to the unguarded journal's in the same rounds, and their times."""
    workers, _, plan = key
    rates, bare = ([one.rate(kind) for one in found[other]] for other in (key, (workers, WITHOUT, plan)))
    ratio = median(own / base for own, base in zip(rates, bare, strict=True))
    return [f"{median(rates):,.0f}", f"{ratio:.2f}", *_quantiles(found[key], kind)]


def flooded(found: Mapping[Key, list[Visits]]) -> Iterator[list[str]]:
    for (workers, store, plan), rounds in found.items():
        if plan != "flood":
            continue
        calm = found[workers, store, "calm"]
        answered = sum((visits.statuses["flood"] for visits in rounds), Counter[int]())
        statuses = ", ".join(f"{times:,} of {status}" for status, times in sorted(answered.items()))
        rate = median(visits.rate("flood") for visits in rounds)
        comments = [f"{median(visits.rate('comment') for visits in one):,.1f}" for one in (calm, rounds)]
        pages = _quantiles(calm, "page"), _quantiles(rounds, "page")
        yield [str(workers), store, statuses, f"{rate:,.0f}", *pages[0], *pages[1], " → ".join(comments)]


def _quantiles(rounds: Sequence[Visits], kind: str) -> list[str]:
    together = Visits()
    for visits in rounds:
        together.add(visits)
    return [f"{together.at(kind, share):.1f}" for share in (0.5, 0.99)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--quick", action="store_true", help="one round of a second each, to see that it works")
    given = parser.parse_args()
    rounds, seconds = (1, 1.0) if given.quick else (given.rounds, given.seconds)
    found = measure(given.workers, rounds, seconds)
    print(table(THROUGHPUT, throughput(found), texts=2), end="\n\n")
    print(table(FLOOD, flooded(found), texts=3), end="\n\n")
    print(f"{rounds} round{'s' * (rounds > 1)} of {seconds:.0f} s each.")


if __name__ == "__main__":
    main()
