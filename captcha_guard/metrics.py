"""Metrics for Prometheus: whether the store works, and the number of verdicts by action. Needs ``prometheus-client``.

Call :func:`observe` once for each application. The metrics are those of one process. With several workers, use
``prometheus_client``'s multiprocess mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from .extras import missing
from .signals import store_available, store_unavailable, submission_judged

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge
except ModuleNotFoundError as error:
    raise missing("captcha_guard.metrics", "prometheus-client", error) from error

if TYPE_CHECKING:
    from .spam.verdict import Verdict


def observe(app: Flask, registry: CollectorRegistry = REGISTRY) -> None:
    """Update ``captcha_guard_store_up`` (1 or 0) and ``captcha_guard_verdicts_total`` (by ``action``) for ``app``."""
    up = Gauge("captcha_guard_store_up", "Whether the counters' store answers.", registry=registry)
    up.set(1)
    verdicts = Counter("captcha_guard_verdicts", "Submissions judged, by action.", ["action"], registry=registry)

    def count(_: Flask, *, verdict: Verdict, **__: object) -> None:
        verdicts.labels(verdict.action.name.lower()).inc()

    def down(_: Flask, **__: object) -> None:
        up.set(0)

    def again(_: Flask, **__: object) -> None:
        up.set(1)

    submission_judged.connect(count, app, weak=False)
    store_unavailable.connect(down, app, weak=False)
    store_available.connect(again, app, weak=False)
