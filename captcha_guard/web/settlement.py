"""What remains to be done when the view has answered: statuses, what is remembered, and what is taken back."""

from __future__ import annotations

import logging

from flask import Response, current_app

from ..errors import StoreUnavailableError
from .field import solved_pass
from .housekeeping import keep_house
from .journey import current_journey
from .outcome import Outcome
from .pages import stamp, wants_json
from .state import current_state

logger = logging.getLogger("captcha_guard")


def settle(response: Response) -> Response:
    """Send every judged response out with its exact status; keep what was stored, take back what was not."""
    journey = current_journey()
    if journey.private and not response.cache_control:
        response.cache_control.private = True
    for outcome in journey.outcomes.values():
        if outcome.refusal is not None and response.status_code == 200:
            stamp(response, outcome.refusal)
        stored = response.status_code < 400 and not journey.pass_shown
        if stored:
            _keep(outcome)
        else:
            _release(outcome)
            if outcome.refusal is None and outcome.proof.solved and wants_json():
                response.headers["Captcha-Pass"] = solved_pass(outcome)
    if journey.quota is not None:
        journey.quota.write(response.headers)
    if journey.outcomes:
        keep_house()
    journey.finished = True
    return response


def settle_error(error: BaseException | None) -> None:
    """Take back what was claimed where the request ended in an error."""
    journey = current_journey()
    if error is not None and not journey.finished:
        for outcome in journey.outcomes.values():
            _release(outcome)


def _keep(outcome: Outcome) -> None:
    if outcome.refusal is not None or outcome.submission is None:
        return
    moderated, moderation = outcome.protection.moderated, current_state().moderation
    try:
        moderation.keep(outcome.submission, outcome.verdict, outcome.rules_score, taught_later=moderated)
    except Exception:  # the comment is stored, and its author is told so
        logger.exception("captcha_guard: a comment that was stored is not remembered")


def _release(outcome: Outcome) -> None:
    if not outcome.claimed:
        return
    try:
        current_state().spent.release(outcome.claimed)
    except StoreUnavailableError:
        current_app.logger.warning("captcha_guard: a comment that was not stored may count as a duplicate for a day")
