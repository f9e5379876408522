"""Finds what is unusual in the last 24 hours. docs/statistics.md has the reason for each number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, sqrt
from typing import Final

from ..database.database import Database
from ..messages import message
from .counts import FAILED, SECONDS, SOLVED, Counts, counts_of, share_of_solved
from .interval import Share
from .reading import read_counts, sum_of
from .tables import DAY, HOUR, HOURS

#: The number of days before the last 24 hours that show what is usual: four of each weekday.
PAST_DAYS: Final = 28
#: The fewest of these days with ``ENOUGH`` codes.
FEWEST_DAYS: Final = 7
#: The fewest codes in 24 hours for a statement about them.
ENOUGH: Final = 20
#: The usual band reaches this many standard deviations of the past days' rates to each side of their mean.
DEVIATIONS: Final = 2.0
#: The quantile of the standard normal distribution for a 99 % interval.
Z: Final = 2.575829
#: A median time to solve below this many seconds is unusual.
LEAST_SECONDS: Final = 2.0
#: The fewest replays, and their share of all tries, that are unusual.
FEWEST_REPLAYS: Final = 5
MOST_REPLAYED: Final = 0.05

#: The reason of a code whose nonce was already spent.
_REPLAYED: Final = "code_used"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something unusual in the last 24 hours.

    ``slug`` is ``pass_rate`` (0 to 1), ``solve_time`` (median in seconds) or ``replays`` (codes that had been used
    before). ``sentence`` describes it to the moderator. ``usual`` is the band in which ``value`` usually is; an end
    that is ``None`` is open.
    """

    slug: str
    sentence: str
    value: float
    usual: tuple[float | None, float | None]


def find_alerts(database: Database, now: float) -> tuple[Alert, ...]:
    """Return what is unusual in the 24 hours before ``now`` (seconds since 1970).

    :raises DatabaseUnavailableError: the database can't be used.
    """
    end = floor(now / HOUR) * HOUR + HOUR
    found = read_counts(database, HOURS, end - (1 + PAST_DAYS) * DAY, end, (SOLVED, FAILED, SECONDS))
    recent, *past = (
        counts_of(sum_of(raw for start, raw in found.items() if first <= start < first + DAY))
        for first in range(end - DAY, end - (2 + PAST_DAYS) * DAY, -DAY)
    )
    checks = (_pass_rate(recent, past), _solve_time(recent), _replays(recent))
    return tuple(alert for alert in checks if alert is not None)


def _pass_rate(recent: Counts, past: list[Counts]) -> Alert | None:
    """Compare the rate with the past days. The whole interval of the rate must be outside of the usual band."""
    share = _share_of(recent)
    shares = [one for one in map(_share_of, past) if one is not None]
    if share is None or len(shares) < FEWEST_DAYS:
        return None
    low, high = _band(shares)
    lowest, highest = share.wilson(Z)
    if lowest <= high and highest >= low:
        return None
    sentence = message(
        "In the last 24 hours, %(rate)d %% of the security codes were solved. Usually, it is %(low)d to %(high)d %%.",
        rate=round(100 * share.rate),
        low=round(100 * low),
        high=round(100 * high),
    )
    return Alert("pass_rate", sentence, share.rate, (low, high))


def _solve_time(recent: Counts) -> Alert | None:
    solved, median = share_of_solved(recent.solved, {}), recent.median_seconds
    if solved is None or solved.hits < ENOUGH or median is None or median >= LEAST_SECONDS:
        return None
    sentence = message(
        "In the last 24 hours, half of the security codes were solved within %(seconds)s s. People need more than "
        "%(least)s s, so a program may be solving them.",
        seconds=median,
        least=LEAST_SECONDS,
    )
    return Alert("solve_time", sentence, median, (LEAST_SECONDS, None))


def _replays(recent: Counts) -> Alert | None:
    replayed, tried = recent.failed.get(_REPLAYED, 0), share_of_solved(recent.solved, recent.failed)
    if tried is None or tried.trials < ENOUGH or replayed < FEWEST_REPLAYS:
        return None
    if Share(replayed, tried.trials).wilson(Z)[0] <= MOST_REPLAYED:
        return None
    most = floor(MOST_REPLAYED * tried.trials)
    sentence = message(
        "In the last 24 hours, %(replayed)d of %(tried)d security codes had been used before. A program may be sending "
        "the same forms again and again.",
        replayed=replayed,
        tried=tried.trials,
    )
    return Alert("replays", sentence, replayed, (0, most))


def _share_of(counts: Counts) -> Share | None:
    """Return the share of solved codes, ``None`` if there were too few codes."""
    share = share_of_solved(counts.solved, counts.failed)
    return share if share is not None and share.trials >= ENOUGH else None


def _band(shares: Sequence[Share]) -> tuple[float, float]:
    """Return the usual band. It is at least as wide as the interval of all past days together.

    A few days may be equal by chance, such as days on which all codes were solved, and then deviate by nothing.
    """
    rates = [share.rate for share in shares]
    mean = sum(rates) / len(rates)
    reach = DEVIATIONS * sqrt(sum((rate - mean) ** 2 for rate in rates) / (len(rates) - 1))
    together = Share(sum(share.hits for share in shares), sum(share.trials for share in shares))
    lowest, highest = together.wilson(Z)
    return max(0.0, min(mean - reach, lowest)), min(1.0, max(mean + reach, highest))
