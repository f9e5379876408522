"""Maintenance of the journal: what is due is done in a background thread after a request, or by ``journal tidy``."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from flask import Flask, Response, current_app

from demo_blog.database import db
from demo_blog.desk import decisions, digest

TASKS: tuple[Callable[[], object], ...] = (
    decisions.forget_undone,
    decisions.delete_finally,
    decisions.delete_spam,
    digest.send_if_due,
)
"""What is done, in this order. A task that has nothing to do takes one query."""

INTERVAL_SECONDS = 60.0

_EXTENSION = "journal_maintenance"

logger = logging.getLogger(__name__)


class _Timetable:
    """When this process runs maintenance next. Only one thread runs it."""

    def __init__(self) -> None:
        self._next = 0.0
        self._lock = threading.Lock()

    def claim(self, now: float) -> bool:
        """Return whether maintenance is due. Then it is due again a minute later."""
        with self._lock:
            if now < self._next:
                return False
            self._next = now + INTERVAL_SECONDS
            return True


def init_app(app: Flask) -> None:
    """Run maintenance after requests, at most once a minute in each process. Tests call :func:`run` instead."""
    app.extensions[_EXTENSION] = _Timetable()
    app.after_request(_start)


def run() -> None:
    """Do everything that is due. A task that fails is logged, and the next one runs."""
    for task in TASKS:
        try:
            task()
        except Exception:
            db.session.rollback()
            logger.exception(
                "The maintenance task %s failed. It is tried again at the next maintenance.", task.__name__
            )


def _start(response: Response) -> Response:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    timetable: _Timetable = app.extensions[_EXTENSION]
    if not app.testing and timetable.claim(time.monotonic()):
        threading.Thread(target=_run_in, args=(app,), name="journal-maintenance", daemon=True).start()
    return response


def _run_in(app: Flask) -> None:
    with app.app_context():
        run()
