"""Reads the counts of a span of time from the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from math import ceil, floor
from typing import Final

from ..database.database import Database
from ..database.table import Table
from ..errors import ConfigError
from .counts import Raw, Statistics, counts_of, period_of
from .tables import DAY, DAYS, DAYS_KEPT, HOUR, HOURS, HOURS_KEPT

#: The table for each value of ``by``, the seconds of one period, and the seconds for which it is kept.
_BY: Final = {"hour": (HOURS, HOUR, HOURS_KEPT), "day": (DAYS, DAY, DAYS_KEPT)}

#: The number of seconds that ``until`` may be in the future. In every time zone, the next midnight is nearer.
_AHEAD: Final = 2 * DAY

#: What was counted, by the start of the hour or day in seconds since 1970.
ByStart = Mapping[int, Raw]


def read_statistics(database: Database, since: datetime, until: datetime, *, by: str, now: float) -> Statistics:
    """Return what was counted from ``since`` to ``until``, in whole hours or days of UTC that contain both.

    :param now: seconds since 1970.
    :raises TypeError: ``since`` or ``until`` isn't a datetime.
    :raises ConfigError: one of them has no time zone, or isn't within what is kept, or ``by`` isn't "hour" or "day".
    :raises DatabaseUnavailableError: the database can't be used.
    """
    if by not in _BY:
        raise ConfigError(f"by is {by!r}; write 'hour' or 'day'")
    begin, end = seconds_of("since", since), seconds_of("until", until)
    if end <= begin:
        raise ConfigError(f"since is {since} and until is {until}; since must be earlier")
    table, length, kept = _BY[by]
    first, last = floor(begin / length) * length, ceil(end / length) * length
    if first < floor((now - kept) / length) * length:
        other = "; by='day' has older ones" if by == "hour" else ""
        raise ConfigError(
            f"since is {since}; {by}s are kept for {kept // DAY:,} days, since {_time(int(now) - kept)}{other}"
        )
    if end > now + _AHEAD:
        raise ConfigError(f"until is {until}, which is in the future; use a time up to now, {_time(int(now))}")
    found = read_counts(database, table, first, last)
    series = tuple(period_of(found.get(start, {}), _time(start)) for start in range(first, last, length))
    return Statistics(_time(first), _time(last), by, counts_of(sum_of(found.values())), series)


def read_counts(database: Database, table: Table, first: int, last: int, counters: Collection[str] = ()) -> ByStart:
    """Return the counts of the periods that start at ``first`` or later, and before ``last``.

    :param counters: the counters that are needed. By default, all of them.
    :raises DatabaseUnavailableError: the database can't be used.
    """
    if database.is_missing:
        return {}
    names = ", ".join(f":counter_{number}" for number in range(len(counters)))
    only = f" AND counter IN ({names})" if counters else ""
    query = f"{table.select} WHERE started >= :first AND started < :last{only}"
    with database.reading() as access:
        rows = access.rows(query, (first, last, *counters))
    found: dict[int, dict[str, dict[str, int]]] = {}
    for start, counter, label, amount in rows:
        found.setdefault(start, {}).setdefault(counter, {})[label] = amount
    return found


def sum_of(several: Iterable[Raw]) -> Raw:
    """Return the sum of the counts of several periods."""
    total: dict[str, dict[str, int]] = {}
    for raw in several:
        for counter, numbers in raw.items():
            sums = total.setdefault(counter, {})
            for label, number in numbers.items():
                sums[label] = sums.get(label, 0) + number
    return total


def seconds_of(name: str, moment: datetime) -> float:
    """Return a moment in seconds since 1970. ``name`` is that of the argument, for errors.

    :raises TypeError: it isn't a datetime.
    :raises ConfigError: it has no time zone.
    """
    if not isinstance(moment, datetime):
        raise TypeError(f"{name} is {moment!r}; pass a datetime with a time zone, such as datetime.now(UTC)")
    if moment.utcoffset() is None:
        raise ConfigError(f"{name} is {moment}, which has no time zone; add one, such as tzinfo=UTC")
    return moment.timestamp()


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
