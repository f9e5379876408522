"""All bots of the zoo, with what each may do: how often it tries, from how many addresses, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.bots.bot import Bot, Plan
from tests.benchmarks.bots.crawlers import BlindPoster, FastFiller, Flooder, FormFiller, Guesser
from tests.benchmarks.bots.forgers import CrossSitePoster, HeaderForger, JsonClient
from tests.benchmarks.bots.harvester import TabHarvester
from tests.benchmarks.bots.hider import PLACES, FieldHider
from tests.benchmarks.bots.links import SPELLINGS, links
from tests.benchmarks.bots.poster import Poster
from tests.benchmarks.bots.replays import PassForker, Replayer
from tests.benchmarks.bots.solvers import Farm, Program, TrainedNetwork
from tests.benchmarks.bots.texts import Collection, random_spam
from tests.benchmarks.bots.writers import copied, nearly_copied, tricked, tricks

#: Bots that have no right code, or only one that is used already.
WITHOUT_CODE = "without a code"
#: Bots that read or buy codes.
SOLVERS = "solvers"
#: Bots that always have a right code and vary their texts. They show what the judge does.
TEXTS = "texts"

HOUR, DAY = 3_600.0, 86_400.0

#: So long after a text, the guard doesn't compare with it any more.
FORGOTTEN = 25 * HOUR

#: Within the limits for one address: 10 an hour.
PACE = 360.0


@dataclass(frozen=True)
class Entry:
    """A bot with its plan, and a smaller one for a quick run. ``make`` raises an error if the bot can't run here."""

    name: str
    group: str
    make: Callable[[], Bot]
    full: Plan
    quick: Plan

    def plan(self, *, quick: bool) -> Plan:
        """Return the plan against the journal."""
        return self.quick if quick else self.full

    def small(self, *, quick: bool) -> Plan:
        """Return the plan against the plain applications: the same pace with fewer attempts."""
        plan, attempts = self.quick, 5 if quick else 20
        addresses = min(plan.addresses, 5)
        return Plan(attempts, addresses, PACE if addresses > 1 else plan.pause, plan.waits, plan.hours)


def zoo(spam: Collection, network: Path | None, *, quick: bool) -> Sequence[Entry]:
    """Return all bots. Solvers and the subtle spammer post ``spam``."""

    def poster(name: str, solver: str) -> Callable[[], Bot]:
        return lambda: Poster(name, Program(solver), spam.write)

    def trained() -> Bot:
        if network is None:
            raise OSError("no network given")
        return Poster("trained network", TrainedNetwork(network), spam.write)

    crawl, few = Plan(1020, 34, PACE), Plan(60, 6, PACE)
    return (
        Entry("blind poster", WITHOUT_CODE, lambda: BlindPoster(random_spam), crawl, few),
        Entry("form filler", WITHOUT_CODE, lambda: FormFiller(random_spam), crawl, few),
        Entry("fast filler", WITHOUT_CODE, lambda: FastFiller(random_spam), crawl, few),
        Entry("guesser", WITHOUT_CODE, lambda: Guesser(random_spam), crawl, few),
        Entry("JSON client", WITHOUT_CODE, lambda: JsonClient(random_spam), crawl, few),
        Entry("replayer", WITHOUT_CODE, lambda: Replayer(Farm(), random_spam), Plan(1020, 34, 20), Plan(60, 6, 20)),
        Entry(
            "pass forker", WITHOUT_CODE, lambda: PassForker(Farm(), random_spam), Plan(1020, 34, 20), Plan(60, 6, 20)
        ),
        Entry(
            "cross-site poster",
            WITHOUT_CODE,
            lambda: CrossSitePoster("cross-site poster", Farm(), random_spam),
            crawl,
            few,
        ),
        Entry("flooder", WITHOUT_CODE, lambda: Flooder(random_spam), Plan(1020, 1, 3.6), Plan(60, 1, 60)),
        Entry("ddddocr", SOLVERS, poster("ddddocr", "ddddocr"), Plan(400, 20, PACE), Plan(20, 4, PACE)),
        Entry("RapidOCR", SOLVERS, poster("RapidOCR", "rapidocr-detector"), Plan(200, 10, PACE), Plan(8, 4, PACE)),
        Entry("Tesseract", SOLVERS, poster("Tesseract", "tesseract"), Plan(200, 10, PACE), Plan(8, 4, PACE)),
        Entry("trained network", SOLVERS, trained, Plan(300, 30, PACE), Plan(30, 6, PACE)),
        Entry(
            "tab harvester",
            SOLVERS,
            lambda: TabHarvester(spam.write, 40 if quick else 500),
            Plan(50, 10, 60),
            Plan(10, 5, 60),
        ),
        Entry(
            "solving farm",
            SOLVERS,
            lambda: Poster("solving farm", Farm(), spam.write),
            Plan(200, 1, waits=True, hours=24),
            Plan(80, 1, waits=True, hours=24),
        ),
        Entry(
            "header forger",
            SOLVERS,
            lambda: HeaderForger("header forger", Farm(), spam.write),
            Plan(200, 1, 5, hours=24),
            Plan(30, 1, 60, hours=24),
        ),
        Entry(
            "distributed farm",
            SOLVERS,
            lambda: Poster("distributed farm", Farm(), spam.write),
            Plan(1000, 1000),
            Plan(60, 60),
        ),
        Entry(
            "copy-paster",
            TEXTS,
            lambda: Poster("copy-paster", Farm(), copied),
            Plan(100, 20, PACE),
            Plan(20, 5, PACE),
        ),
        Entry(
            "near-copier",
            TEXTS,
            lambda: Poster("near-copier", Farm(), nearly_copied),
            Plan(100, 20, PACE),
            Plan(20, 5, PACE),
        ),
        Entry("link dropper", TEXTS, lambda: Poster("link dropper", Farm(), links), _each(SPELLINGS), _each(SPELLINGS)),
        Entry(
            "subtle spammer",
            TEXTS,
            lambda: Poster("subtle spammer", Farm(), spam.write),
            Plan(min(500, len(spam.spam)), 50, PACE),
            Plan(50, 10, PACE),
        ),
        Entry(
            "letter tricks", TEXTS, lambda: Poster("letter tricks", Farm(), tricked), _each(tricks()), _each(tricks())
        ),
        Entry(
            "field hider", TEXTS, lambda: FieldHider("field hider", Farm(), random_spam), _each(PLACES), _each(PLACES)
        ),
    )


def _each(kinds: Sized) -> Plan:
    """Return a plan for one attempt with each kind, each from another address and when the others are forgotten."""
    number = len(kinds)
    return Plan(number, number, FORGOTTEN * number)
