"""Counts the guard's signals in the statistics. This is the only place that decides what an event counts as."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flask import Flask

from ..counters.without_code import NO_CODE
from ..signals import (
    PASS_KIND,
    challenge_failed,
    challenge_issued,
    challenge_solved,
    limit_reached,
    submission_judged,
    submission_refused,
)
from ..spam.verdict import Action, Verdict
from ..statistics.counts import (
    ALONE,
    FAILED,
    LIMITS,
    MEANT,
    REASONS,
    REFUSED,
    SECONDS,
    SHADOWED,
    SHOWN,
    SOLVED,
    VERDICTS,
    seconds_label,
)
from ..statistics.histogram import edge_of
from ..statistics.recorder import Counted
from .state import NAME

#: The reasons of findings that no rule has found: how the comment was sent, and that a code couldn't be checked.
NOT_RULES: Final = frozenset({NO_CODE, "no_code_limit", "store_unavailable"})


def count_signals(app: Flask) -> None:
    """Count the signals of this application from now on."""
    challenge_issued.connect(_count_issued, app)
    challenge_solved.connect(_count_solved, app)
    challenge_failed.connect(_count_failed, app)
    limit_reached.connect(_count_limit, app)
    submission_judged.connect(_count_judged, app)
    submission_refused.connect(_count_refused, app)


def _count(app: Flask, *events: Counted) -> None:
    app.extensions[NAME].recorder.count(*events)


def _count_issued(app: Flask, *, shown: bool, **_: object) -> None:
    if shown:
        _count(app, (SHOWN, ""))


def _count_solved(app: Flask, *, kind: str, seconds: int, **_: object) -> None:
    if kind == PASS_KIND:
        _count(app, (SOLVED, kind))
    else:
        _count(app, (SOLVED, kind), (SECONDS, seconds_label(kind, edge_of(seconds))))


def _count_failed(app: Flask, *, reason: str, **_: object) -> None:
    _count(app, (FAILED, reason))


def _count_limit(app: Flask, *, policy: str, **_: object) -> None:
    _count(app, (LIMITS, policy))


def _count_judged(app: Flask, *, verdict: Verdict, **_: object) -> None:
    _count(app, *_events(verdict))


def _count_refused(app: Flask, *, reason: str, **_: object) -> None:
    _count(app, (REFUSED, reason))


def _events(verdict: Verdict) -> Iterator[Counted]:
    yield VERDICTS, verdict.action.name.lower()
    for reason in dict.fromkeys(verdict.reasons):
        yield REASONS, reason
    if verdict.meant is not None:
        yield MEANT, verdict.meant.name.lower()
    for reason in dict.fromkeys(finding.reason for finding in verdict.shadowed):
        yield SHADOWED, reason
    if verdict.action >= Action.HOLD and (rule := _only_rule(verdict)):
        yield ALONE, rule


def _only_rule(verdict: Verdict) -> str:
    """Return the slug of the only rule that found something against the submission, "" if none or several did."""
    against = {one.reason for one in verdict.findings if one.score > 0 or one.action > Action.ACCEPT} - NOT_RULES
    return against.pop() if len(against) == 1 else ""
