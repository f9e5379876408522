"""All bots of the zoo, with what each may do: how often it tries, from how many addresses, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, replace
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
from tests.benchmarks.bots.texts import Collection, Writer, random_spam
from tests.benchmarks.bots.writers import copied, nearly_copied, tricked, tricks

#: Bots that have no right code, or only one that is used already.
WITHOUT_CODE = "without a code"
#: Bots that read or buy codes.
SOLVERS = "solvers"
#: Bots that always have a right code and vary their texts. They show what the judge does.
TEXTS = "texts"

HOUR = 3_600.0

#: So long after a text, the guard doesn't compare with it any more.
FORGOTTEN = 25 * HOUR

#: Within the limits for one address: 10 an hour.
PACE = 360.0


#: A run with a share of the attempts makes at least this many, from at least so many addresses.
FEWEST, FEWEST_ADDRESSES = 20, 4

#: Attempts on each of the plain applications, and in a run with a small share.
ON_PLAIN, FEW_ON_PLAIN = 10, 5


@dataclass(frozen=True)
class Entry:
    """A bot with its plan for a whole run. ``make`` raises an error if the bot can't run here.

    An ``uncut`` plan stays the same in a run with a share of the attempts: it tries each kind once, or lasts for a day.
    """

    name: str
    group: str
    make: Callable[[], Bot]
    whole: Plan
    uncut: bool = False

    def plan(self, share: float) -> Plan:
        """Return the plan against the journal with this share of the attempts and addresses."""
        if self.uncut or share >= 1:
            return self.whole
        attempts = _part(self.whole.attempts, share, FEWEST)
        addresses = _part(self.whole.addresses, share, FEWEST_ADDRESSES)
        return replace(self.whole, attempts=attempts, addresses=addresses)

    def small(self, share: float) -> Plan:
        """Return the plan against the plain applications: the same pace with few attempts."""
        attempts = _part(ON_PLAIN, share, FEW_ON_PLAIN)
        addresses, pause = min(self.whole.addresses, attempts // 2), min(self.whole.pause, PACE)
        return replace(self.whole, attempts=attempts, addresses=addresses, pause=pause)


def zoo(spam: Collection, network: Path | None, share: float) -> Sequence[Entry]:
    """Return all bots. Solvers and the subtle spammer post ``spam``."""

    def reader(name: str, program: str) -> Callable[[], Bot]:
        return lambda: Poster(name, Program(program), spam.write)

    def trained() -> Bot:
        if network is None:
            raise OSError("no network given")
        return Poster("trained network", TrainedNetwork(network), spam.write)

    def buyer(name: str, write: Writer, kind: type[Poster] = Poster) -> Callable[[], Bot]:
        return lambda: kind(name, Farm(), write)

    tabs = _part(500, share, 2 * FEWEST)
    crawl, burst, day = Plan(1020, 34, PACE), Plan(1020, 34, 20), Plan(200, 1, waits=True, hours=24)
    return (
        Entry("blind poster", WITHOUT_CODE, lambda: BlindPoster(random_spam), crawl),
        Entry("form filler", WITHOUT_CODE, lambda: FormFiller(random_spam), crawl),
        Entry("fast filler", WITHOUT_CODE, lambda: FastFiller(random_spam), crawl),
        Entry("guesser", WITHOUT_CODE, lambda: Guesser(random_spam), crawl),
        Entry("JSON client", WITHOUT_CODE, lambda: JsonClient(random_spam), crawl),
        Entry("replayer", WITHOUT_CODE, lambda: Replayer(Farm(), random_spam), burst),
        Entry("pass forker", WITHOUT_CODE, lambda: PassForker(Farm(), random_spam), burst),
        Entry("cross-site poster", WITHOUT_CODE, buyer("cross-site poster", random_spam, CrossSitePoster), crawl),
        Entry("flooder", WITHOUT_CODE, lambda: Flooder(random_spam), Plan(1020, 1, 3.6)),
        Entry("ddddocr", SOLVERS, reader("ddddocr", "ddddocr"), Plan(200, 10, PACE)),
        Entry("RapidOCR", SOLVERS, reader("RapidOCR", "rapidocr"), Plan(100, 5, PACE)),
        Entry("Tesseract", SOLVERS, reader("Tesseract", "tesseract"), Plan(100, 5, PACE)),
        Entry("trained network", SOLVERS, trained, Plan(200, 20, PACE)),
        Entry("tab harvester", SOLVERS, lambda: TabHarvester(spam.write, tabs), Plan(50, 10, 60)),
        Entry("solving farm", SOLVERS, buyer("solving farm", spam.write), day, uncut=True),
        Entry("header forger", SOLVERS, buyer("header forger", spam.write, HeaderForger), Plan(200, 1, 5)),
        Entry("distributed farm", SOLVERS, buyer("distributed farm", spam.write), Plan(1000, 1000)),
        Entry("copy-paster", TEXTS, buyer("copy-paster", copied), Plan(100, 20, PACE)),
        Entry("near-copier", TEXTS, buyer("near-copier", nearly_copied), Plan(100, 20, PACE)),
        Entry("link dropper", TEXTS, buyer("link dropper", links), _each(SPELLINGS), uncut=True),
        Entry("subtle spammer", TEXTS, buyer("subtle spammer", spam.write), Plan(min(300, len(spam.spam)), 30, PACE)),
        Entry("letter tricks", TEXTS, buyer("letter tricks", tricked), _each(tricks()), uncut=True),
        Entry("field hider", TEXTS, buyer("field hider", random_spam, FieldHider), _each(PLACES), uncut=True),
    )


def _each(kinds: Sized) -> Plan:
    """Return a plan for one attempt with each kind, each from another address and when the others are forgotten."""
    number = len(kinds)
    return Plan(number, number, FORGOTTEN * number)


def _part(number: int, share: float, least: int) -> int:
    return max(round(number * min(share, 1.0)), min(number, least))
