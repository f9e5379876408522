"""What remains to be done when the view has answered: statuses, what is remembered, and what is taken back."""

from __future__ import annotations

import logging
from enum import Enum, auto

from flask import Response, current_app

from ...errors import StoreUnavailableError, TokenError
from ..maintenance import keep_house
from ..request_state import current_journey
from ..state import current_state
from ..views.field import pass_for
from ..views.fragments import MARK, is_htmx, mark
from ..views.missing_field import tell_of_missing_field
from ..views.pages import stamp, wants_json
from .captcha_check import spend
from .pass_binding import says_too_little
from .result import Outcome

logger = logging.getLogger("captcha_guard")


class Fate(Enum):
    """What became of a comment that the view was given; ``DOUBTFUL`` where nothing says."""

    STORED = auto()
    NOT_STORED = auto()
    DOUBTFUL = auto()


def settle(response: Response) -> Response:
    """Send every judged response out with its exact status; keep what was stored, take back what was not."""
    journey = current_journey()
    if journey.private and not response.cache_control:
        response.cache_control.private = True
    for outcome in journey.outcomes.values():
        if outcome.refusal is not None and response.status_code == 200:
            stamp(response, outcome.refusal)
        if MARK not in response.headers and not wants_json():
            mark(response, "spent" if outcome.refusal is None else "host")
        _settle(outcome, _fate_of(outcome, response), response)
    tell_of_missing_field(response)
    if journey.outcomes:
        keep_house()
    journey.finished = True
    return response


def _fate_of(outcome: Outcome, response: Response) -> Fate:
    """Return what became of the comment: by the view's own word, its status, its form's errors, or its page.

    A page below 400 that shows our field again may say "thank you" or "please fill in your name".
    """
    journey = current_journey()
    if outcome.refusal is not None:
        return Fate.NOT_STORED
    if journey.stored is not None:
        return Fate.STORED if journey.stored else Fate.NOT_STORED
    if response.status_code >= 400 or (journey.forms and all(form.errors for form in journey.forms)):
        return Fate.NOT_STORED  # of several forms in a page, the others lack the fields of the one that was sent
    shown_again = outcome.scope in journey.passes and response.status_code < 300
    return Fate.DOUBTFUL if shown_again else Fate.STORED


def _settle(outcome: Outcome, fate: Fate, response: Response) -> None:
    if fate is Fate.NOT_STORED:
        _release(outcome)
        if (wants_json() or is_htmx()) and (earned := pass_for(outcome)) is not None:
            response.headers["Captcha-Pass"] = earned
        return
    _keep(outcome)
    if fate is Fate.STORED or says_too_little(outcome.posted):
        _withdraw_pass(outcome)


def _withdraw_pass(outcome: Outcome) -> None:
    """Spend a pass that a page of this request already shows, though its comment is stored."""
    token = current_journey().passes.get(outcome.scope)
    if token is None:
        return
    state = current_state()
    try:
        spend(state, state.issuer.open(token).challenge)
    except (StoreUnavailableError, TokenError):
        logger.warning("captcha_guard: a pass for a comment that is stored could not be withdrawn")


def settle_error(error: BaseException | None) -> None:
    """Take back what was claimed where the request ended in an error."""
    journey = current_journey()
    if error is not None and not journey.finished:
        for outcome in journey.outcomes.values():
            _release(outcome)


def _keep(outcome: Outcome) -> None:
    if outcome.submission is None:
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
