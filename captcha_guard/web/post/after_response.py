"""Finishes a guarded request after the view: sets the status, keeps stored comments, and releases unused claims."""

from __future__ import annotations

import logging
from enum import Enum, auto

from flask import Response

from ...errors import StoreUnavailableError, TokenError
from ..language import follows_header
from ..maintenance import start_maintenance
from ..request_state import current_request_state
from ..state import current_state
from ..views.field import pass_for
from ..views.fragments import MARK, is_htmx, mark
from ..views.missing_field import report_missing_field
from ..views.pages import stamp, wants_json
from .captcha_check import spend
from .duplicates import release
from .pass_binding import is_too_short
from .result import Result

logger = logging.getLogger("captcha_guard")


class CommentState(Enum):
    """Whether the view stored the comment. ``UNKNOWN`` means that nothing in the response says so."""

    STORED = auto()
    NOT_STORED = auto()
    UNKNOWN = auto()


def settle(response: Response) -> Response:
    """Finish the response of a guarded request, and return it.

    Sets the status of a refusal. Keeps a comment that was stored, and releases the claim of one that wasn't.
    """
    request_state = current_request_state()
    if request_state.private and not response.cache_control:
        response.cache_control.private = True
    if request_state.private and follows_header():
        response.vary.add("Accept-Language")
    for result in request_state.results.values():
        if result.refusal is not None and response.status_code == 200:
            stamp(response, result.refusal)
        if MARK not in response.headers and not wants_json():
            mark(response, "spent" if result.refusal is None else "host")
        _settle(result, _comment_state_of(result, response), response)
    report_missing_field(response)
    if request_state.results:
        start_maintenance()
    request_state.finished = True
    return response


def _comment_state_of(result: Result, response: Response) -> CommentState:
    """Return whether the comment was stored, from the view's report, its status, its form's errors, or its page.

    If a page below 400 shows our field again, the state is unknown: it may say "thank you" or "please fill in your
    name".
    """
    request_state = current_request_state()
    if result.refusal is not None:
        return CommentState.NOT_STORED
    if request_state.stored is not None:
        return CommentState.STORED if request_state.stored else CommentState.NOT_STORED
    if response.status_code >= 400 or (request_state.forms and all(form.errors for form in request_state.forms)):
        return CommentState.NOT_STORED  # other forms of the page always have errors: their fields weren't sent
    shown_again = result.scope in request_state.passes and response.status_code < 300
    return CommentState.UNKNOWN if shown_again else CommentState.STORED


def _settle(result: Result, comment_state: CommentState, response: Response) -> None:
    if comment_state is CommentState.NOT_STORED:
        release(result.claimed, current_state())
        if (wants_json() or is_htmx()) and (earned := pass_for(result)) is not None:
            response.headers["Captcha-Pass"] = earned
        return
    _keep(result)
    if comment_state is CommentState.STORED or is_too_short(result.posted):
        _withdraw_pass(result)


def _withdraw_pass(result: Result) -> None:
    """Spend the pass that this request's page shows, because its comment is stored and must not be sent again."""
    token = current_request_state().passes.get(result.scope)
    if token is None:
        return
    state = current_state()
    try:
        spend(state, state.issuer.open(token).challenge)
    except (StoreUnavailableError, TokenError):
        logger.warning("captcha_guard: the pass of a stored comment could not be withdrawn; it may be posted twice")


def settle_error(error: BaseException | None) -> None:
    """Release the request's claims if it ended in an error."""
    request_state = current_request_state()
    if error is not None and not request_state.finished:
        for result in request_state.results.values():
            release(result.claimed, current_state())


def _keep(result: Result) -> None:
    if result.submission is None:
        return
    moderated, moderation = result.protection.moderated, current_state().moderation
    try:
        moderation.keep(result.submission, result.verdict, result.rules_score, taught_later=moderated)
    except Exception:  # the response already says that the comment is stored
        logger.exception("captcha_guard: a stored comment could not be kept in the judge's memory")
