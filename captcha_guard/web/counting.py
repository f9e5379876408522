"""What the guard's events count as in the statistics.

Each event is counted where it is signalled, with ``state.recorder.count`` and one of these functions. The recorder
calls the function later, in a background thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..counters.without_code import NO_CODE
from ..signals import PASS_KIND
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

#: The reasons of findings that no rule has found: how the comment was sent, and that a code couldn't be checked.
NOT_RULES: Final = frozenset({NO_CODE, "no_code_limit", "store_unavailable"})


def code_shown() -> Iterator[Counted]:
    """Yield the counts of a code that the visitor sees."""
    yield SHOWN, ""


def code_solved(kind: str, seconds: int) -> Iterator[Counted]:
    """Yield the counts of a solved code of this kind. ``seconds`` is the time from its issue."""
    yield SOLVED, kind
    if kind != PASS_KIND:
        yield SECONDS, seconds_label(kind, edge_of(seconds))


def code_failed(reason: str) -> Iterator[Counted]:
    """Yield the counts of a code that wasn't solved."""
    yield FAILED, reason


def request_limited(policy: str) -> Iterator[Counted]:
    """Yield the counts of a request that a limit refused."""
    yield LIMITS, policy


def submission_refused(reason: str) -> Iterator[Counted]:
    """Yield the counts of a refused POST."""
    yield REFUSED, reason


def submission_judged(verdict: Verdict) -> Iterator[Counted]:
    """Yield the counts of a judged submission."""
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
