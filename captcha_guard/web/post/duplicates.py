"""The same comment a second time: its fingerprint is claimed by one atomic increment, before the view runs."""

from __future__ import annotations

import hmac
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import has_request_context

from ...errors import StoreUnavailableError
from ...spam.rules.duplicate import already_said, can_repeat, repetition
from ..request_state import current_journey
from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...counters.spent import Spent
    from ...spam.submission import Submission
    from ..state import State
    from .result import Outcome

#: Seconds for which the same comment counts as a repetition.
REMEMBERED = 86_400


def known(submission: Submission, spent: Spent, secret: bytes, known_as: Callable[[Submission], str]) -> bool:
    """Say whether a comment is here already; no, where the claim will tell, and where the store can't.

    ``known_as`` as of ``Moderation.known_as``.
    """
    mark = repetition(submission)
    if has_request_context() and mark in current_journey().unsaid:
        return False
    try:
        taken = spent.is_spent(_here(mark, secret))
        return taken and not spent.is_spent(_forgotten(known_as(submission), secret))
    except StoreUnavailableError:
        return False


def is_known(submission: Submission, state: State) -> bool:
    """Say whether this very comment was taken already, or is on its way; the rules needn't look again."""
    found = can_repeat(submission) and known(submission, state.spent, state.secret, state.moderation.known_as)
    if not found:
        look_later(submission)
    return found


def look_later(submission: Submission) -> None:
    """Spare the rules the look for a comment that was looked for, or is claimed if it gets so far."""
    current_journey().unsaid.add(repetition(submission))


def claim(outcome: Outcome, state: State) -> Outcome:
    """Claim the comment's fingerprint, once; a second one is refused. While the store fails, none is.

    A pass, or a code that was asked for together with a refusal for this, lets the same comment in once more. So does
    the wish to forget the one that was taken.
    """
    submission = outcome.submission
    if outcome.refusal is not None or outcome.claimed or submission is None or not can_repeat(submission):
        return outcome
    mark = _here(repetition(submission), state.secret)
    try:
        first = state.spent.claim(mark, REMEMBERED)
    except StoreUnavailableError:
        return outcome
    if first:
        return replace(outcome, claimed=mark)
    if outcome.proof.repeats or _was_forgotten(submission, state):
        return outcome
    verdict = outcome.verdict.found(already_said())
    return replace(outcome, verdict=verdict, refusal=Refusal.because("duplicate"))


def note_forgotten(known_as: str, state: State) -> None:
    """Note that a comment was erased, so that it can be posted again; ``known_as`` as of ``Moderation.known_as``."""
    with suppress(StoreUnavailableError):
        state.spent.claim(_forgotten(known_as, state.secret), REMEMBERED)


def _was_forgotten(submission: Submission, state: State) -> bool:
    mark = _forgotten(state.moderation.known_as(submission), state.secret)
    with suppress(StoreUnavailableError):
        if state.spent.is_spent(mark):
            state.spent.release(mark)
            return True
    return False


def _forgotten(known_as: str, secret: bytes) -> str:
    return _here(f"forgotten/{known_as}", secret)


def _here(mark: str, secret: bytes) -> str:
    """Return the mark as this site's store knows it: what another site says in the same store is no repetition."""
    return hmac.digest(secret, b"captcha_guard.said" + mark.encode(), "sha256")[:16].hex()
