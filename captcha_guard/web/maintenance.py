"""Runs maintenance in a background thread after a POST."""

from __future__ import annotations

import logging
import threading
import time

from flask import Flask

from ..signals import aside_expired, unmarked_learned
from ..spam.moderation import Tidied
from .state import current_state, this_app

logger = logging.getLogger("captcha_guard")


def tidy(now: float | None = None) -> Tidied:
    """Run the maintenance that is due in the current application, and return what was done.

    ``now`` is in seconds since 1970. A database that can't be used doesn't raise an error here.
    """
    state, app = current_state(), this_app()

    def expired(name: str) -> None:
        aside_expired.send(app, id=name)

    def unmarked(name: str) -> None:
        unmarked_learned.send(app, id=name)

    now = state.clock() if now is None else now
    for part in (state.recorder, state.bans, state.records):
        part.sweep(now)
    return state.moderation.tidy(now, expired, unmarked)


def start_maintenance() -> threading.Thread | None:
    """Start maintenance for the current application if it is due in this process.

    Returns the thread that runs it, or None if it wasn't due or no thread could be started.
    """
    if not current_state().timetable.claim(time.monotonic()):
        return None
    thread = threading.Thread(target=_tidy, args=(this_app(),), name="captcha_guard-tidy", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # no thread can be started; a later POST tries again
        logger.warning("captcha_guard: maintenance did not run, because no thread could be started: %s", error)
        return None
    return thread


def _tidy(app: Flask) -> None:
    try:
        with app.app_context():
            tidy()
    except Exception:
        logger.exception("captcha_guard: maintenance failed; a later POST starts it again")
