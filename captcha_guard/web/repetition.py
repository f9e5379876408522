"""The same comment a second time: its fingerprint is claimed by one atomic increment, before the view runs."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import has_request_context

from ..errors import StoreUnavailableError
from ..spam.rules.duplicate import already_said, fingerprint
from .journey import current_journey
from .refusal import Refusal

if TYPE_CHECKING:
    from ..counters.spent import Spent
    from ..spam.submission import Submission
    from .outcome import Outcome
    from .state import State

#: Seconds for which the same comment counts as a repetition.
REMEMBERED = 86_400


def known(spent: Spent, secret: bytes, mark: str) -> bool:
    """Say whether a comment is here already; no, where the claim will tell, and where the store can't."""
    if has_request_context() and mark in current_journey().unsaid:
        return False
    try:
        return spent.is_spent(_here(mark, secret))
    except StoreUnavailableError:
        return False


def is_known(submission: Submission, state: State) -> bool:
    """Say whether this very comment was taken already, or is on its way."""
    return bool(submission.body.strip()) and known(state.spent, state.secret, fingerprint(submission))


def look_later(submission: Submission) -> None:
    """Spare the rules the look for a comment that was looked for, or is claimed if it gets so far."""
    current_journey().unsaid.add(fingerprint(submission))


def claim(outcome: Outcome, state: State) -> Outcome:
    """Claim the comment's fingerprint, once; a second one is refused. While the store fails, none is.

    A pass is good for a comment that the view may have stored: only what the view did with it was in doubt.
    """
    submission = outcome.submission
    if outcome.refusal is not None or outcome.claimed or submission is None or not submission.body.strip():
        return outcome
    mark = _here(fingerprint(submission), state.secret)
    try:
        first = state.spent.claim(mark, REMEMBERED)
    except StoreUnavailableError:
        return outcome
    if first:
        return replace(outcome, claimed=mark)
    if outcome.proof.solved and outcome.proof.is_pass:
        return outcome
    verdict = outcome.verdict.found(already_said())
    return replace(outcome, verdict=verdict, refusal=Refusal.because("duplicate"))


def _here(mark: str, secret: bytes) -> str:
    """Return the mark as this site's store knows it: what another site says in the same store is no repetition."""
    return hmac.digest(secret, b"captcha_guard.said" + mark.encode(), "sha256")[:16].hex()
