"""Metrics for Prometheus: whether the store works, and what happened to codes and submissions.

Needs ``prometheus-client``. Call :func:`observe` once for each application. The metrics are those of one process. With
several workers, use ``prometheus_client``'s multiprocess mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Flask

from .extras import missing
from .signals import (
    PASS_KIND,
    challenge_failed,
    challenge_issued,
    challenge_solved,
    limit_reached,
    store_available,
    store_unavailable,
    submission_judged,
    submission_refused,
)

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
except ModuleNotFoundError as error:
    raise missing("captcha_guard.metrics", "prometheus-client", error) from error

if TYPE_CHECKING:
    from .spam.verdict import Verdict

#: The upper edges of the buckets for the time to solve, in seconds.
BUCKETS: Final = (1, 2, 3, 5, 8, 13, 21, 34, 60, 120, 300, 600, 1800, 3600)


def observe(app: Flask, registry: CollectorRegistry = REGISTRY) -> None:
    """Update these metrics for ``app``.

    - ``captcha_guard_store_up``: 1 or 0.
    - ``captcha_guard_verdicts_total``: judged submissions by ``action``.
    - ``captcha_guard_refusals_total``: refused POSTs by ``reason``.
    - ``captcha_guard_limits_total``: requests that a limit refused, by ``policy``.
    - ``captcha_guard_challenges_shown_total``: security codes shown.
    - ``captcha_guard_challenges_solved_total``: solved codes by ``kind``; the kind ``pass`` was solved before.
    - ``captcha_guard_challenges_failed_total``: codes that weren't solved, by ``reason``.
    - ``captcha_guard_solve_seconds``: a histogram of the time from a code to its right answer, by ``kind``.
    """
    _observe_store(app, registry)
    _observe_submissions(app, registry)
    _observe_challenges(app, registry)


def _observe_store(app: Flask, registry: CollectorRegistry) -> None:
    up = Gauge("captcha_guard_store_up", "Whether the counters' store answers.", registry=registry)
    up.set(1)

    def down(_: Flask, **__: object) -> None:
        up.set(0)

    def again(_: Flask, **__: object) -> None:
        up.set(1)

    store_unavailable.connect(down, app, weak=False)
    store_available.connect(again, app, weak=False)


def _observe_submissions(app: Flask, registry: CollectorRegistry) -> None:
    verdicts = Counter("captcha_guard_verdicts", "Submissions judged, by action.", ["action"], registry=registry)
    refusals = Counter("captcha_guard_refusals", "POSTs refused, by reason.", ["reason"], registry=registry)
    limits = Counter("captcha_guard_limits", "Requests that a limit refused, by policy.", ["policy"], registry=registry)

    def judged(_: Flask, *, verdict: Verdict, **__: object) -> None:
        verdicts.labels(verdict.action.name.lower()).inc()

    def refused(_: Flask, *, reason: str, **__: object) -> None:
        refusals.labels(reason).inc()

    def limited(_: Flask, *, policy: str, **__: object) -> None:
        limits.labels(policy).inc()

    submission_judged.connect(judged, app, weak=False)
    submission_refused.connect(refused, app, weak=False)
    limit_reached.connect(limited, app, weak=False)


def _observe_challenges(app: Flask, registry: CollectorRegistry) -> None:
    name = "captcha_guard_challenges"
    seen = Counter(f"{name}_shown", "Security codes shown.", registry=registry)
    right = Counter(f"{name}_solved", "Security codes solved, by kind.", ["kind"], registry=registry)
    wrong = Counter(f"{name}_failed", "Security codes not solved, by reason.", ["reason"], registry=registry)
    times = Histogram(
        "captcha_guard_solve_seconds",
        "Seconds from a security code to its right answer, by kind.",
        ["kind"],
        buckets=BUCKETS,
        registry=registry,
    )

    def issued(_: Flask, *, shown: bool, **__: object) -> None:
        if shown:
            seen.inc()

    def solved(_: Flask, *, kind: str, seconds: int, **__: object) -> None:
        right.labels(kind).inc()
        if kind != PASS_KIND:
            times.labels(kind).observe(seconds)

    def failed(_: Flask, *, reason: str, **__: object) -> None:
        wrong.labels(reason).inc()

    challenge_issued.connect(issued, app, weak=False)
    challenge_solved.connect(solved, app, weak=False)
    challenge_failed.connect(failed, app, weak=False)
