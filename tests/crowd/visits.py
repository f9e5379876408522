"""The visitors of a journal: readers, commenters, and one client that floods it. Each kind runs in its own process."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.synchronize import Barrier
from pathlib import Path

from flask import Flask

from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.crowd.race import solver
from tests.crowd.visitor import Answer, Visitor, addresses
from tests.processes import fresh_processes, in_processes

PROSE = (
    "the loop reads bound twice and then once more before table grows so keys move buckets probe carry bit sum adder "
    "latch clock tick second leap stack frame heap tree root leaf walk depth proof step case lemma holds fails why "
    "think maybe wrong chapter two figure margin note example nice thanks question answer machine tape state halt"
)
WORDS = PROSE.split()

#: The networks (127.x) of commenters, and the one address of a flood.
COMMENTERS, FLOODER = 1, "127.250.0.7"


@dataclass(frozen=True)
class Site:
    """A journal that is served at ``port``: its ``pages``, and its settings with the secret if it has a guard."""

    port: int
    pages: Sequence[str]
    folder: Path
    settings: Mapping[str, object] | None


@dataclass(frozen=True)
class Plan:
    """The visitors for this many ``seconds``. Each sends the next request after the answer.

    With ``pace``, all readers together request this many pages a second instead. ``flooders`` are connections of one
    client.
    """

    seconds: float
    readers: int = 0
    pace: float = 0.0
    commenters: int = 0
    flooders: int = 0


@dataclass
class Visits:
    """The time of each request in seconds and the statuses, by kind of request. ``seconds`` is the total time."""

    seconds: float = 0.0
    times: dict[str, list[float]] = field(default_factory=dict)
    statuses: dict[str, Counter[int]] = field(default_factory=dict)

    def note(self, kind: str, seconds: float, status: int) -> None:
        """Add a request."""
        self.times.setdefault(kind, []).append(seconds)
        self.statuses.setdefault(kind, Counter())[status] += 1

    def add(self, other: Visits) -> None:
        """Add all requests of another record."""
        for kind, times in other.times.items():
            self.times.setdefault(kind, []).extend(times)
            self.statuses.setdefault(kind, Counter()).update(other.statuses[kind])

    def rate(self, kind: str, *statuses: int) -> float:
        """Return the requests per second of a kind, or only those with the given statuses."""
        counted = self.statuses.get(kind, Counter())
        return sum(counted[status] for status in statuses or counted) / self.seconds

    def at(self, kind: str, share: float) -> float:
        """Return a quantile of a kind's times, in ms."""
        ordered = sorted(self.times[kind])
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


Role = Callable[[Site, Plan, Visits, int, float], None]


def visit(site: Site, plan: Plan) -> Visits:
    """Let all visitors come at once, and return the answers."""
    context = fresh_processes()
    roles: list[tuple[Role, int]] = [(read, plan.readers), (comment, plan.commenters), (flood, plan.flooders)]
    here = [(role, number) for role, number in roles if number]
    start = context.Barrier(len(here))
    visits = Visits(plan.seconds)
    for record in in_processes(context, _run_visitor, [(who, site, plan, start) for who in here]):
        visits.add(record)
    return visits


def read(site: Site, plan: Plan, visits: Visits, number: int, until: float) -> None:
    """Read pages one after the other. With a pace, a page's time starts when it was due, so it includes waits."""
    visitor, rng = Visitor(site.port, f"127.251.{number}.7"), random.Random(number)
    pause = plan.readers / plan.pace if plan.pace else 0.0
    due = time.monotonic() + pause * rng.random()
    while due < until:
        time.sleep(max(0.0, due - time.monotonic()))
        status = visitor.get(rng.choice(site.pages[1:])).status
        visits.note("page", time.monotonic() - due, status)
        due = due + pause if pause else time.monotonic()


def comment(site: Site, plan: Plan, visits: Visits, number: int, until: float) -> None:
    """Open a page, fetch the picture, type the code, and send a comment. Then repeat from another address.

    Texts and addresses differ from those of earlier visits, because the guard refuses a comment that it knows.
    """
    rng = random.Random()
    app = solver(site.folder, site.settings, "demo_blog") if site.settings is not None else None
    for address in islice(addresses(COMMENTERS), rng.randrange(number * 20_000, number * 20_000 + 19_000), None):
        if time.monotonic() > until:
            return
        _comment(site, Visitor(site.port, address), app, visits, rng)


def _comment(site: Site, visitor: Visitor, app: Flask | None, visits: Visits, rng: random.Random) -> None:
    page = rng.choice(site.pages)
    fields = _timed(visits, "form", lambda: visitor.get(page)).fields()
    fields |= {"author": rng.choice(WORDS).title(), "body": f"{' '.join(rng.choices(WORDS, k=20)).capitalize()}."}
    if app is not None:
        token = fields[TOKEN]
        _timed(visits, "picture", lambda: visitor.get(f"/captcha-guard/{token}.png"))
        fields[ANSWER] = solve(app, token)
    _timed(visits, "comment", lambda: visitor.post(f"{page}/comments", fields))


def flood(site: Site, plan: Plan, visits: Visits, number: int, until: float) -> None:
    """Post comments from one address, again and again, with a form that was fetched once."""
    visitor, rng, page = Visitor(site.port, FLOODER), random.Random(number), site.pages[0]
    fields = visitor.get(page).fields() | {"author": "Bot", ANSWER: "WRONG"}
    while time.monotonic() < until:
        fields["body"] = f"Buy {' '.join(rng.choices(WORDS, k=20))} now."
        _timed(visits, "flood", lambda: visitor.post(f"{page}/comments", fields))


def _timed(visits: Visits, kind: str, ask: Callable[[], Answer]) -> Answer:
    begin = time.monotonic()
    answer = ask()
    visits.note(kind, time.monotonic() - begin, answer.status)
    return answer


def _run_visitor(who: tuple[Role, int], site: Site, plan: Plan, start: Barrier) -> Visits:
    role, number = who
    records = [Visits() for _ in range(number)]
    start.wait()
    until = time.monotonic() + plan.seconds
    threads = [
        threading.Thread(target=role, args=(site, plan, visits, place, until)) for place, visits in enumerate(records)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in records[1:]:
        records[0].add(other)
    return records[0]
