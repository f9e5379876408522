"""What remains to be done when the view has answered: statuses, what is remembered, and what is taken back."""

from __future__ import annotations

import logging
from enum import Enum, auto

from flask import Response, current_app

from ...errors import StoreUnavailableError, TokenError
from ..maintenance import keep_house
from ..request_state import current_request_state
from ..state import current_state
from ..views.field import pass_for
from ..views.fragments import MARK, is_htmx, mark
from ..views.missing_field import tell_of_missing_field
from ..views.pages import stamp, wants_json
from .captcha_check import spend
from .pass_binding import says_too_little
from .result import Result

logger = logging.getLogger("captcha_guard")


class Fate(Enum):
    """What became of a comment that the view was given; ``DOUBTFUL`` where nothing says."""

    STORED = auto()
    NOT_STORED = auto()
    DOUBTFUL = auto()


def settle(response: Response) -> Response:
    """Send every judged response out with its exact status; keep what was stored, take back what was not."""
    request_state = current_request_state()
    if request_state.private and not response.cache_control:
        response.cache_control.private = True
    for result in request_state.results.values():
        if result.refusal is not None and response.status_code == 200:
            stamp(response, result.refusal)
        if MARK not in response.headers and not wants_json():
            mark(response, "spent" if result.refusal is None else "host")
        _settle(result, _fate_of(result, response), response)
    tell_of_missing_field(response)
    if request_state.results:
        keep_house()
    request_state.finished = True
    return response


def _fate_of(result: Result, response: Response) -> Fate:
    """Return what became of the comment: by the view's own word, its status, its form's errors, or its page.

    A page below 400 that shows our field again may say "thank you" or "please fill in your name".
    """
    request_state = current_request_state()
    if result.refusal is not None:
        return Fate.NOT_STORED
    if request_state.stored is not None:
        return Fate.STORED if request_state.stored else Fate.NOT_STORED
    if response.status_code >= 400 or (request_state.forms and all(form.errors for form in request_state.forms)):
        return Fate.NOT_STORED  # of several forms in a page, the others lack the fields of the one that was sent
    shown_again = result.scope in request_state.passes and response.status_code < 300
    return Fate.DOUBTFUL if shown_again else Fate.STORED


def _settle(result: Result, fate: Fate, response: Response) -> None:
    if fate is Fate.NOT_STORED:
        _release(result)
        if (wants_json() or is_htmx()) and (earned := pass_for(result)) is not None:
            response.headers["Captcha-Pass"] = earned
        return
    _keep(result)
    if fate is Fate.STORED or says_too_little(result.posted):
        _withdraw_pass(result)


def _withdraw_pass(result: Result) -> None:
    """Spend a pass that a page of this request already shows, though its comment is stored."""
    token = current_request_state().passes.get(result.scope)
    if token is None:
        return
    state = current_state()
    try:
        spend(state, state.issuer.open(token).challenge)
    except (StoreUnavailableError, TokenError):
        logger.warning("captcha_guard: a pass for a comment that is stored could not be withdrawn")


def settle_error(error: BaseException | None) -> None:
    """Take back what was claimed where the request ended in an error."""
    request_state = current_request_state()
    if error is not None and not request_state.finished:
        for result in request_state.results.values():
            _release(result)


def _keep(result: Result) -> None:
    if result.submission is None:
        return
    moderated, moderation = result.protection.moderated, current_state().moderation
    try:
        moderation.keep(result.submission, result.verdict, result.rules_score, taught_later=moderated)
    except Exception:  # the comment is stored, and its author is told so
        logger.exception("captcha_guard: a comment that was stored is not remembered")


def _release(result: Result) -> None:
    if not result.claimed:
        return
    try:
        current_state().spent.release(result.claimed)
    except StoreUnavailableError:
        current_app.logger.warning("captcha_guard: a comment that was not stored may count as a duplicate for a day")
