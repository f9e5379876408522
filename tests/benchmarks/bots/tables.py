"""The tables of docs/measurements/bots.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from captcha_guard.statistics.interval import Share
from tests.benchmarks.bots.bot import ASIDE, HELD, OUTCOMES, PUBLISHED, REFUSED, Record
from tests.benchmarks.bots.crowds import CROWDS, Crowd
from tests.benchmarks.bots.people import LOST
from tests.benchmarks.bots.roster import SOLVERS, WITHOUT_CODE, Entry
from tests.benchmarks.endurance import table

#: What each bot did, or why it wasn't run.
Results = Mapping[str, Record | str]

#: The largest share of attempts that bots without a code may get published.
ALLOWED = 0.001

_BOTS = (
    *("bot", "attempts", "addresses", "hours", "codes right", *OUTCOMES),
    *("published per hour and address", "most in an hour", "CPU s per published"),
)
_TARGETS = ("target", "bot", "aimed at", "measured", "met")
_PEOPLE = ("people", "comments", "published", "held", "aside", "refused", "lost", "codes", "tries", "longest wait")


def bots(entries: Sequence[Entry], results: Results) -> str:
    """Return what became of every bot's attempts on the journal."""
    return table(_BOTS, [_bot(entry.name, results[entry.name]) for entry in entries])


def refusals(entries: Sequence[Entry], results: Results) -> str:
    """Return the statuses with which attempts on the journal were refused."""
    records = [one for entry in entries if isinstance(one := results[entry.name], Record)]
    statuses = sorted({status for one in records for status in one.statuses()})
    rows = [[one.bot, *(f"{one.statuses()[status] or ''}" for status in statuses)] for one in records]
    return table(("bot", *map(str, statuses)), rows)


def targets(entries: Sequence[Entry], results: Results, crowds: Sequence[Crowd], rows: Sequence[Judged]) -> str:
    """Return each target with what was measured."""
    return table(
        _TARGETS, [*_targets_of_bots(entries, results), *_targets_of_texts(rows), *_targets_of_people(crowds)], texts=2
    )


def people(crowds: Sequence[Crowd]) -> str:
    """Return what became of people's comments."""
    return table(_PEOPLE, [_crowd(one) for one in crowds])


def peers(entries: Sequence[Entry], sites: Mapping[str, Results | str]) -> str:
    """Return how many of the attempts on each site were published. A dash means that the site has no such thing."""
    rows = [[entry.name, *(_published(results, entry.name) for results in sites.values())] for entry in entries]
    return table(("published of attempts by", *sites), rows)


def kinds(records: Mapping[str, tuple[Record, Sequence[str]]]) -> str:
    """Return which spellings or places of spam were published."""
    rows = []
    for name, (record, names) in records.items():
        found = [names[one.number] for one in record.attempts if one.outcome == PUBLISHED]
        stopped = sum(one.outcome in (HELD, ASIDE) for one in record.attempts)
        rows.append([name, ", ".join(f"`{one}`" for one in found) or "none", f"{len(names)}", f"{stopped}"])
    return table(("bot", "published", "tried", "held or aside"), rows, texts=2)


@dataclass(frozen=True)
class Judged:
    """Comments with right codes: how many were published, held and set aside.

    ``alone`` is the share that the judge stops by the text alone, computed without a site. ``spam`` says what they are.
    """

    name: str
    published: int
    held: int
    aside: int
    alone: float
    spam: bool = True

    @classmethod
    def of(cls, counted: Record | Crowd, name: str, alone: float, *, spam: bool = True) -> Judged:
        """Return the counts of a bot or of people."""
        published, held, aside = (counted.count(outcome) for outcome in (PUBLISHED, HELD, ASIDE))
        return cls(name, published, held, aside, alone, spam)

    @property
    def stopped(self) -> Share:
        """The share that was held or set aside."""
        return Share(self.held + self.aside, self.published + self.held + self.aside)


def judged(rows: Sequence[Judged]) -> str:
    """Return what became of comments with right codes, beside the share that the judge stops by itself."""
    return table(
        (
            "comments with right codes",
            "stored",
            PUBLISHED,
            HELD,
            ASIDE,
            "held or aside",
            "95 % interval",
            "by the text alone",
        ),
        [_judged(row) for row in rows],
    )


def _bot(name: str, record: Record | str) -> list[str]:
    if isinstance(record, str):
        return [name, f"not run: {record}", *[""] * (len(_BOTS) - 2)]
    published = record.count(PUBLISHED)
    return [
        name,
        f"{len(record.attempts):,}",
        f"{record.addresses:,}",
        f"{record.hours:,.1f}",
        f"{record.right:,} of {record.read:,}" if record.read else "",
        *(f"{record.count(outcome):,}" for outcome in OUTCOMES),
        f"{record.per_hour_and_address:.2g}" if published else "0",
        f"{record.most_in_an_hour}",
        f"{record.cpu / published:.3f}" if published else "",
    ]


def _targets_of_bots(entries: Sequence[Entry], results: Results) -> Iterator[list[str]]:
    for entry in entries:
        record = results[entry.name]
        if not isinstance(record, Record):
            continue
        published, attempts = record.count(PUBLISHED), len(record.attempts)
        if entry.group == WITHOUT_CODE:
            share = published / attempts
            what = "published without a right code"
            yield [what, entry.name, "0.1 %", f"{share:.2%} ({published} of {attempts:,})", _met(share <= ALLOWED)]
        elif entry.group == SOLVERS and record.read:
            allowed = f"{record.right} of {record.read}"
            yield [
                "published, at most the right codes",
                entry.name,
                allowed,
                f"{published}",
                _met(published <= record.right),
            ]
            most = record.most_in_an_hour
            yield ["published in an hour from one address", entry.name, "10", f"{most}", _met(most <= 10)]


def _targets_of_texts(rows: Sequence[Judged]) -> Iterator[list[str]]:
    """The measured share may be smaller by chance, so its interval counts."""
    for row in rows:
        if row.spam:
            met = max(row.stopped.rate, row.stopped.wilson()[1]) >= row.alone
            aim = f"{row.alone:.1%}"
            yield ["spam held or aside as by the text alone", row.name, aim, f"{row.stopped.rate:.1%}", _met(met)]


def _targets_of_people(crowds: Sequence[Crowd]) -> Iterator[list[str]]:
    for crowd in crowds:
        total = len(crowd.comments)
        right = sum(crowd.count(outcome) for outcome in CROWDS[crowd.name][1])
        bad = crowd.count(LOST) + crowd.count(REFUSED)
        met = right >= 0.99 * total and not bad
        yield ["as configured; none lost or refused", crowd.name, "99 %; 0", f"{right / total:.1%}; {bad}", _met(met)]


def _met(yes: bool) -> str:
    return "yes" if yes else "**no**"


def _crowd(crowd: Crowd) -> list[str]:
    tries = [one.tries for one in crowd.comments]
    asked = [one.asked for one in crowd.comments]
    counts = [f"{crowd.count(outcome)}" for outcome in (PUBLISHED, HELD, ASIDE, REFUSED, LOST)]
    means = [f"{sum(numbers) / len(numbers):.2f}" for numbers in (asked, tries)]
    return [crowd.name, f"{len(tries)}", *counts, *means, f"{max(one.waited for one in crowd.comments):,.0f} s"]


def _published(results: Results | str, name: str) -> str:
    record = results.get(name, "") if not isinstance(results, str) else results
    return f"{record.count(PUBLISHED)} of {len(record.attempts)}" if isinstance(record, Record) else record or "—"


def _judged(row: Judged) -> list[str]:
    low, high = row.stopped.wilson()
    counts = [row.stopped.trials, row.published, row.held, row.aside]
    interval = f"{100 * low:.1f} to {100 * high:.1f} %"
    return [row.name, *(f"{one:,}" for one in counts), f"{row.stopped.rate:.1%}", interval, f"{row.alone:.1%}"]
