"""Metrics for Prometheus: whether the store works, and what happened to codes and submissions.

Needs ``prometheus-client``. Call :func:`observe` once for each application. The metrics are those of one process. With
several workers, use ``prometheus_client``'s multiprocess mode.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary, WeakSet

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

    Applications with the same registry are added up, and ``captcha_guard_store_up`` is 0 while the store of one of them
    doesn't work. Observing an application again changes nothing.
    """
    if registry not in _metrics:
        _metrics[registry] = _Metrics(registry)
    _metrics[registry].observe(app)


class _Metrics:
    """The metrics in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._apps: WeakSet[Flask] = WeakSet()
        self._down: WeakSet[Flask] = WeakSet()
        self._up = Gauge("captcha_guard_store_up", "Whether the counters' store answers.", registry=registry)
        self.report_store()
        self._verdicts = Counter(
            "captcha_guard_verdicts", "Submissions judged, by action.", ["action"], registry=registry
        )
        self._refusals = Counter("captcha_guard_refusals", "POSTs refused, by reason.", ["reason"], registry=registry)
        self._limits = Counter(
            "captcha_guard_limits", "Requests that a limit refused, by policy.", ["policy"], registry=registry
        )
        name = "captcha_guard_challenges"
        self._shown = Counter(f"{name}_shown", "Security codes shown.", registry=registry)
        self._solved = Counter(f"{name}_solved", "Security codes solved, by kind.", ["kind"], registry=registry)
        self._failed = Counter(f"{name}_failed", "Security codes not solved, by reason.", ["reason"], registry=registry)
        self._times = Histogram(
            "captcha_guard_solve_seconds",
            "Seconds from a security code to its right answer, by kind.",
            ["kind"],
            buckets=BUCKETS,
            registry=registry,
        )

    def observe(self, app: Flask) -> None:
        """Update the metrics for an application, unless it is observed already."""
        if app in self._apps:
            return
        self._apps.add(app)
        store_unavailable.connect(self._store_down, app)
        store_available.connect(self._store_up, app)
        submission_judged.connect(self._judged, app)
        submission_refused.connect(self._refused, app)
        limit_reached.connect(self._limited, app)
        challenge_issued.connect(self._issued, app)
        challenge_solved.connect(self._solved_code, app)
        challenge_failed.connect(self._failed_code, app)

    def report_store(self) -> None:
        """Set the gauge of the store."""
        self._up.set(0 if self._down else 1)

    def _store_down(self, app: Flask, **_: object) -> None:
        self._down.add(app)
        self.report_store()

    def _store_up(self, app: Flask, **_: object) -> None:
        self._down.discard(app)
        self.report_store()

    def _judged(self, _: Flask, *, verdict: Verdict, **__: object) -> None:
        self._verdicts.labels(verdict.action.name.lower()).inc()

    def _refused(self, _: Flask, *, reason: str, **__: object) -> None:
        self._refusals.labels(reason).inc()

    def _limited(self, _: Flask, *, policy: str, **__: object) -> None:
        self._limits.labels(policy).inc()

    def _issued(self, _: Flask, *, shown: bool, **__: object) -> None:
        if shown:
            self._shown.inc()

    def _solved_code(self, _: Flask, *, kind: str, seconds: int, **__: object) -> None:
        self._solved.labels(kind).inc()
        if kind != PASS_KIND:
            self._times.labels(kind).observe(seconds)

    def _failed_code(self, _: Flask, *, reason: str, **__: object) -> None:
        self._failed.labels(reason).inc()


#: The metrics of each registry, which has each name only once.
_metrics: WeakKeyDictionary[CollectorRegistry, _Metrics] = WeakKeyDictionary()


def _report_stores() -> None:
    """Set the gauges in a fork. In ``prometheus_client``'s multiprocess mode, each process begins with 0."""
    for metrics in list(_metrics.values()):
        metrics.report_store()


if "PROMETHEUS_MULTIPROC_DIR" in os.environ and hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_report_stores)
