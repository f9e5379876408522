"""The tables of the statistics: how often each event happened in each hour and on each day (UTC).

Every count is added to its hour and to its day at once. So days need no later step, and a count that arrives late is
added to the right day.
"""

from __future__ import annotations

from typing import Final

from ..database.retention import Retention
from ..database.table import Kind, Table

#: Seconds in an hour and in a day.
HOUR: Final = 3_600
DAY: Final = 86_400

#: Seconds for which hours and days are kept.
HOURS_KEPT: Final = 35 * DAY
DAYS_KEPT: Final = 2 * 365 * DAY


def _table(name: str) -> Table:
    """Return a table of counts. ``started`` is when the hour or day begins, in seconds since 1970."""
    columns = {"started": Kind.WHOLE, "counter": Kind.KEY, "label": Kind.KEY, "amount": Kind.WHOLE}
    return Table(name, columns, key=("started", "counter", "label"))


HOURS: Final = _table("judge_statistics_hours")
DAYS: Final = _table("judge_statistics_days")

#: A row expires when its whole hour or day is older than what is kept.
RETENTIONS: Final = (
    Retention(HOURS, "started", kept=HOURS_KEPT + HOUR),
    Retention(DAYS, "started", kept=DAYS_KEPT + DAY),
)


def _add(table: Table) -> str:
    key = ", ".join(table.key)
    return f"{table.insert} ON CONFLICT ({key}) DO UPDATE SET amount = {table.name}.amount + excluded.amount"


#: For each table, the statement that adds a count to what is there.
ADD: Final = {table: _add(table) for table in (HOURS, DAYS)}
