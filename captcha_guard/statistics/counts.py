"""What was counted in a span of time, as values for the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..signals import PASS_KIND
from .histogram import median
from .interval import Share

#: The counters in the database. Those with the name of a field of ``Counts`` become that field.
VERDICTS: Final = "verdicts"
REASONS: Final = "reasons"
ALONE: Final = "alone"
MEANT: Final = "meant"
SHADOWED: Final = "shadowed"
SHOWN: Final = "shown"
SOLVED: Final = "solved"
SECONDS: Final = "seconds"
FAILED: Final = "failed"
REFUSED: Final = "refused"
LIMITS: Final = "limits"

#: The verdicts, which are listed even when their number is 0.
ACTIONS: Final = ("accept", "challenge", "hold", "aside", "reject")

#: How often each label was counted, by counter.
Raw = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted in a span of time.

    - ``verdicts``: judged submissions by action (accept, challenge, hold, aside, reject).
    - ``reasons``: judged submissions by the slug of a finding. A submission with several findings counts for each slug.
    - ``alone``: held, set aside or rejected submissions in which only one rule found anything, by its slug.
    - ``meant``: submissions with findings that were recorded but not counted (shadow mode, or a solved code cancelled
      them), by the action that all findings together would have led to. ``shadowed`` has the slugs of these findings.
    - ``shown``: security codes shown.
    - ``solved``: solved codes by kind. The kind ``pass`` is a code that was solved before.
    - ``failed``: codes that weren't solved, by reason (``code_wrong``, ``code_used``, ``token_expired`` ...).
    - ``refused``: refusals that end a POST, by reason (``limited``, ``cross_site``, ``too_large``, ``duplicate`` ...).
    - ``limits``: requests that a limit refused, by its policy (``comments``, ``challenges``, ``pictures`` ...).
    - ``median_seconds``: the median time from a code to its right answer; up to 31 s to the second, then within 3 %.
      Passes don't count. ``median_by_kind`` has it for each kind.
    - ``pass_rate``: the share of solved codes among solved and failed ones, 0 to 1, without passes.

    The medians and the rate are ``None`` if there was nothing to count. Mappings have the largest numbers first.
    """

    verdicts: Mapping[str, int]
    reasons: Mapping[str, int]
    alone: Mapping[str, int]
    meant: Mapping[str, int]
    shadowed: Mapping[str, int]
    shown: int
    solved: Mapping[str, int]
    failed: Mapping[str, int]
    refused: Mapping[str, int]
    limits: Mapping[str, int]
    median_seconds: float | None
    median_by_kind: Mapping[str, float]
    pass_rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period(Counts):
    """What was counted in one hour or on one day. ``start`` is when it began, in UTC."""

    start: datetime


@dataclass(frozen=True, slots=True)
class Statistics:
    """What was counted between ``since`` and ``until``, in whole hours or days of UTC.

    ``by`` is "hour" or "day". ``series`` has each of these periods, also those without counts, the oldest first.
    ``total`` is their sum.
    """

    since: datetime
    until: datetime
    by: str
    total: Counts
    series: tuple[Period, ...]


def counts_of(raw: Raw) -> Counts:
    """Return what the database has counted as ``Counts``."""
    return Counts(**_fields(raw))


def period_of(raw: Raw, start: datetime) -> Period:
    """Return what the database has counted in the hour or on the day that begins at ``start``."""
    return Period(start=start, **_fields(raw))


def share_of_solved(solved: Mapping[str, int], failed: Mapping[str, int]) -> Share | None:
    """Return the share of solved codes among those that were tried, without passes. ``None`` if none was tried."""
    passed = sum(number for kind, number in solved.items() if kind != PASS_KIND)
    tried = passed + sum(failed.values())
    return Share(passed, tried) if tried else None


def seconds_label(kind: str, edge: int) -> str:
    """Return the label under which a solved code's seconds are counted. ``edge`` is that of the histogram's bin."""
    return f"{kind} {edge}"


def _fields(raw: Raw) -> dict[str, Any]:
    solved, failed = _sorted(raw.get(SOLVED, {})), _sorted(raw.get(FAILED, {}))
    by_kind = _bins_by_kind(raw.get(SECONDS, {}))
    together: dict[int, int] = {}
    for bins in by_kind.values():
        for edge, number in bins.items():
            together[edge] = together.get(edge, 0) + number
    medians = {kind: middle for kind, bins in sorted(by_kind.items()) if (middle := median(bins)) is not None}
    share = share_of_solved(solved, failed)
    return {
        "verdicts": dict.fromkeys(ACTIONS, 0) | dict(raw.get(VERDICTS, {})),
        "reasons": _sorted(raw.get(REASONS, {})),
        "alone": _sorted(raw.get(ALONE, {})),
        "meant": _sorted(raw.get(MEANT, {})),
        "shadowed": _sorted(raw.get(SHADOWED, {})),
        "shown": sum(raw.get(SHOWN, {}).values()),
        "solved": solved,
        "failed": failed,
        "refused": _sorted(raw.get(REFUSED, {})),
        "limits": _sorted(raw.get(LIMITS, {})),
        "median_seconds": median(together),
        "median_by_kind": medians,
        "pass_rate": None if share is None else share.rate,
    }


def _sorted(numbers: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(numbers.items(), key=lambda item: (-item[1], item[0])))


def _bins_by_kind(labels: Mapping[str, int]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for label, number in labels.items():
        kind, _, edge = label.rpartition(" ")
        if edge.isdecimal():
            found.setdefault(kind, {})[int(edge)] = number
    return found
