"""What time makes due is done after somebody's POST, on a thread that nobody waits for."""

from __future__ import annotations

import logging
import threading
import time

from flask import Flask

from ..signals import aside_expired
from ..spam.moderation import Tidied
from .state import current_state, this_app

logger = logging.getLogger("captcha_guard")


def tidy(now: float | None = None) -> Tidied:
    """Do what is due in the current application at ``now``, in seconds since 1970; never raises for a file's sake."""
    state, app = current_state(), this_app()

    def expired(name: str) -> None:
        aside_expired.send(app, id=name)

    return state.moderation.tidy(state.clock() if now is None else now, expired)


def keep_house() -> threading.Thread | None:
    """Start tidying in the current application if that is due in this process; returns the thread that does it."""
    if not current_state().timetable.claim(time.monotonic()):
        return None
    thread = threading.Thread(target=_tidy, args=(this_app(),), name="captcha_guard-tidy", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # no thread to be had: the next POST tries again
        logger.warning("captcha_guard: nothing was tidied: %s", error)
        return None
    return thread


def _tidy(app: Flask) -> None:
    try:
        with app.app_context():
            tidy()
    except Exception:
        logger.exception("captcha_guard: tidying failed; it is tried again")
