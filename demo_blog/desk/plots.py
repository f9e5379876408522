"""The desk's statistics: what the guard counted in a day, a month or a year, and its alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, abort, render_template, request

from captcha_guard import CaptchaGuardError, Period, Statistics
from demo_blog.desk import charts
from demo_blog.guard import guard
from demo_blog.rendering import day

TITLE = "Statistics"

bp = Blueprint("plots", __name__)

VERDICTS: Mapping[str, str] = {
    "accept": "accepted",
    "challenge": "asked for a code",
    "hold": "held",
    "aside": "set aside",
    "reject": "refused",
}
"""The guard's verdicts in words, from the bottom of a column up."""

QUICK_SECONDS = 2
"""Programs solve codes faster than this, people don't."""


@dataclass(frozen=True)
class Span:
    """A span of time that can be shown."""

    title: str
    length: timedelta
    by: str
    label: Callable[[datetime], str]

    def ending(self, now: datetime) -> Statistics:
        """Return what the guard counted in this span before ``now``."""
        return guard.statistics(now - self.length, now, by=self.by)

    def labels(self, series: Sequence[Period]) -> list[str]:
        """Return the name of each hour or day."""
        return [self.label(period.start) for period in series]


SPANS: Mapping[str, Span] = {
    "day": Span("24 hours", timedelta(hours=23), "hour", lambda start: f"{day(start)}, {start:%H}:00 UTC"),
    "month": Span("30 days", timedelta(days=29), "day", day),
    "year": Span("A year", timedelta(days=364), "day", day),
}


@bp.get("/statistics")
def page() -> str:
    """Show the charts of a span of time."""
    name = request.args.get("span", "month")
    if name not in SPANS:
        abort(404)
    span = SPANS[name]
    try:
        counted, alerts = span.ending(datetime.now(UTC)), guard.alerts()
    except CaptchaGuardError as error:  # its database can't be used
        return render_template("desk/statistics.html", spans=SPANS, chosen=name, problem=str(error))
    labels, series = span.labels(counted.series), counted.series
    seconds = charts.line([period.median_seconds for period in series])
    return render_template(
        "desk/statistics.html",
        spans=SPANS,
        chosen=name,
        problem=None,
        alerts=alerts,
        total=counted.total,
        series=list(zip(labels, series, strict=True)),
        labels=labels,
        words=VERDICTS,
        verdicts=charts.stacked([period.verdicts for period in series], labels, tuple(VERDICTS)),
        passed=charts.line([period.pass_rate for period in series], top=1),
        seconds=seconds,
        quick=charts.HEIGHT * (1 - QUICK_SECONDS / seconds.top) if seconds.top > QUICK_SECONDS else None,
        rankings={
            "reasons": charts.ranking(counted.total.reasons),
            "alone": charts.ranking(counted.total.alone),
            "refused": charts.ranking(counted.total.refused),
            "limits": charts.ranking(counted.total.limits),
            "failed": charts.ranking(counted.total.failed),
            "solved": charts.ranking(counted.total.solved),
        },
    )
