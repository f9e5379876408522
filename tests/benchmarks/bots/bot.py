"""What a bot is, how often it tries, and what became of each try."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from tests.benchmarks.bots.site import Site
from tests.crowd.visitor import Answer, Visitor

PUBLISHED, HELD, ASIDE, REFUSED = "published", "held", "aside", "refused"
OUTCOMES = (PUBLISHED, HELD, ASIDE, REFUSED)
HOUR = 3600.0

STATES = {"published": PUBLISHED, "held": HELD, "spam": ASIDE}


@dataclass(frozen=True)
class Plan:
    """How a bot tries: this many ``attempts``, from each of its addresses in turn.

    ``pause`` is the number of seconds between two attempts of one address. A bot that ``waits`` does what
    ``Retry-After`` says before it tries again. It stops when ``hours`` have passed.
    """

    attempts: int
    addresses: int = 1
    pause: float = 0.0
    waits: bool = False
    hours: float = 10_000.0


class Bot:
    """A program that posts comments. ``solves`` means that it reads or buys codes, so it may get some right."""

    name: str = ""
    solves: bool = False

    def begin(self, site: Site, visitor: Visitor) -> None:
        """Prepare the attempts. Comments that are stored here don't count."""

    def attempt(self, site: Site, visitor: Visitor, number: int) -> Answer:
        """Try to post one comment, and return the answer to the POST."""
        raise NotImplementedError


@dataclass(frozen=True)
class Attempt:
    """One attempt: its time in seconds since the first one, its address, its outcome, and the status of the answer."""

    at: float
    address: str
    outcome: str
    status: int
    number: int = 0


@dataclass
class Record:
    """What became of all attempts of a bot. ``cpu`` is its processor time in seconds, ``hours`` is simulated time.

    ``read`` counts the codes that a solver answered, and ``right`` the right ones of them.
    """

    bot: str
    site: str
    addresses: int
    attempts: list[Attempt] = field(default_factory=list)
    cpu: float = 0.0
    hours: float = 0.0
    read: int = 0
    right: int = 0

    def count(self, outcome: str) -> int:
        """Return how many attempts had this outcome."""
        return sum(one.outcome == outcome for one in self.attempts)

    def statuses(self) -> Counter[int]:
        """Return the statuses with which attempts were refused."""
        return Counter(one.status for one in self.attempts if one.outcome == REFUSED)

    @property
    def most_in_an_hour(self) -> int:
        """The most comments that were published from one address within an hour."""
        times: dict[str, list[float]] = {}
        for one in self.attempts:
            if one.outcome == PUBLISHED:
                times.setdefault(one.address, []).append(one.at)
        return max((sum(at <= one < at + HOUR for one in own) for own in times.values() for at in own), default=0)

    @property
    def per_hour_and_address(self) -> float:
        """The mean number of published comments per hour and address."""
        return self.count(PUBLISHED) / (max(self.hours, 1.0) * self.addresses)


def run(bot: Bot, site: Site, plan: Plan, addresses: Iterator[str]) -> Record:
    """Let a bot try as planned, each time from the next of its addresses. Returns what became of the attempts."""
    visitors = [Visitor(site.port, address) for address in islice(addresses, plan.addresses)]
    record = Record(bot.name, site.name, len(visitors))
    begin = time.time()
    before = _processor_time()
    bot.begin(site, visitors[0])
    record.cpu += _processor_time() - before
    for number in range(plan.attempts):
        if time.time() - begin >= plan.hours * HOUR:
            break
        visitor = visitors[number % len(visitors)]
        newest = site.comments.newest()
        before = _processor_time()
        answer = bot.attempt(site, visitor, number)
        record.cpu += _processor_time() - before
        stored = site.comments.after(newest)
        outcome = STATES[stored[-1].state] if stored else REFUSED
        record.attempts.append(Attempt(time.time() - begin, visitor.address, outcome, answer.status, number))
        wait = float(answer.headers.get("retry-after", 0)) if plan.waits else 0.0
        site.clock.sleep(max(plan.pause / len(visitors), wait))
    record.hours = (time.time() - begin) / HOUR
    record.read, record.right = getattr(bot, "read", 0), getattr(bot, "right", 0)
    return record


def _processor_time() -> float:
    """Return the seconds that this process and the programs that it has run have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
