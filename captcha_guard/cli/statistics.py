"""``flask captcha-guard statistics``: prints what was counted, and what is unusual."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click
from flask.cli import with_appcontext

from ..errors import ConfigError
from ..extension import CaptchaGuard
from ..statistics.alerts import Alert
from ..statistics.counts import Counts, Period, Statistics
from ..web.state import current_state

#: The days that are shown by default.
DAYS = 30


def _time(ctx: click.Context, param: click.Parameter, text: str | None) -> datetime | None:
    """Return a date or time in ISO format. Without a time zone, it is in UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} isn't a date or time; write 2026-11-29 or 2026-11-29T18:00+01:00"
        raise click.BadParameter(message, ctx, param) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@click.command("statistics")
@click.option("--since", callback=_time, metavar="TIME", help=f"Default: {DAYS} days before --until.")
@click.option("--until", callback=_time, metavar="TIME", help="Default: now.")
@click.option("--by", type=click.Choice(["hour", "day"]), default="day", show_default=True, help="Length of a period.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@with_appcontext
def statistics(since: datetime | None, until: datetime | None, by: str, as_json: bool) -> None:  # noqa: FBT001 - click passes it
    """Show verdicts, codes, limits and refusals, and what was unusual in the last 24 hours.

    TIME is a date or time in ISO format, such as 2026-11-29 or 2026-11-29T18:00. Without a time zone, it is in UTC.
    Hours are kept for 35 days, days for 2 years. What a running site counts arrives after at most 5 seconds.
    """
    guard = CaptchaGuard()
    until = until or datetime.fromtimestamp(current_state().clock(), UTC)
    try:
        found = guard.statistics(since or until - timedelta(days=DAYS), until, by=by)
    except (ConfigError, OverflowError) as error:  # the earliest dates have no 30 days before them
        raise click.UsageError(str(error)) from error
    alerts = guard.alerts()
    if as_json:
        document = asdict(found) | {"alerts": [asdict(alert) for alert in alerts]}
        click.echo(json.dumps(document, default=datetime.isoformat, indent=2))
        return
    for line in (*_summary(found), *_table(found), *_alerts(alerts)):
        click.echo(line)


def _summary(found: Statistics) -> Iterator[str]:
    total = found.total
    yield f"{found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC"
    yield f"Judged: {_listed(total.verdicts)}"
    yield f"Reasons: {_listed(total.reasons)}"
    yield f"Stopped by one rule alone: {_listed(total.alone)}"
    if total.meant:
        yield f"If all findings counted: {_listed(total.meant)}"
        yield f"Findings that didn't count: {_listed(total.shadowed)}"
    yield f"Refused: {_listed(total.refused)}"
    yield f"Limits: {_listed(total.limits)}"
    yield f"Codes shown: {total.shown:,}"
    yield f"Codes solved: {_listed(total.solved)}"
    yield f"Codes failed: {_listed(total.failed)}"
    yield f"Pass rate: {_percent(total)}"
    yield f"Median time to solve: {_seconds(total.median_seconds)}{_by_kind(total)}"


def _table(found: Statistics) -> Iterator[str]:
    """Return an aligned table with one period per line. Periods without counts are left out."""
    head = ("", "accepted", "asked", "held", "aside", "rejected", "refused", "shown", "passed", "seconds")
    rows: list[tuple[str, ...]] = [head]
    shown = "%Y-%m-%d %H:%M" if found.by == "hour" else "%Y-%m-%d"
    rows += [_row(period, shown) for period in found.series if _has_counts(period)]
    if len(rows) == 1:
        return
    yield ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))


def _row(period: Period, shown: str) -> tuple[str, ...]:
    numbers = (*period.verdicts.values(), sum(period.refused.values()), period.shown)
    seconds = "-" if period.median_seconds is None else f"{period.median_seconds:g}"
    return (f"{period.start:{shown}}", *(f"{number:,}" for number in numbers), _percent(period), seconds)


def _has_counts(counts: Counts) -> bool:
    several = (counts.verdicts, counts.refused, counts.limits, counts.solved, counts.failed)
    return bool(counts.shown or any(any(numbers.values()) for numbers in several))


def _alerts(alerts: tuple[Alert, ...]) -> Iterator[str]:
    yield ""
    if not alerts:
        yield "Nothing was unusual in the last 24 hours, or there are too few codes to tell."
    for alert in alerts:
        yield f"Alert ({alert.slug}): {alert.sentence}"


def _listed(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in numbers.items() if number) or "-"


def _by_kind(counts: Counts) -> str:
    kinds = ", ".join(f"{kind} {_seconds(seconds)}" for kind, seconds in counts.median_by_kind.items())
    return f" ({kinds})" if kinds else ""


def _percent(counts: Counts) -> str:
    return "-" if counts.pass_rate is None else f"{100 * counts.pass_rate:.1f} %"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:g} s"
