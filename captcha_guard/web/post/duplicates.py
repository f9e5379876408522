"""Keeps a comment from being stored twice: one atomic increment claims it before the view runs."""

from __future__ import annotations

import hmac
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ...errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...counters.spent import Spent
    from ...spam.submission import Submission
    from ..state import State

logger = logging.getLogger("captcha_guard")

#: Seconds for which a comment with the same text counts as a duplicate.
REMEMBERED = 86_400


def known(submission: Submission, spent: Spent, secret: bytes, known_as: Callable[[Submission], str]) -> bool:
    """Return whether a comment is already stored. False if the store fails.

    ``known_as`` is a function like ``Moderation.known_as``.
    """
    try:
        taken = spent.is_spent(_store_key(submission.duplicate_key, secret))
        return taken and not spent.is_spent(_forgotten(known_as(submission), secret))
    except StoreUnavailableError:
        return False


def is_known(submission: Submission, state: State) -> bool:
    """Return whether this exact comment is already stored or being stored."""
    return submission.can_be_duplicate and known(submission, state.spent, state.secret, state.moderation.known_as)


def claim(submission: Submission, state: State, *, again: bool) -> str | None:
    """Claim a comment. Returns the key that releases the claim, or None if the comment was claimed before.

    Returns "" if nothing was claimed: for a comment that may be posted twice, while the store fails, for one that may
    come ``again`` (its code was offered with a refusal as a duplicate), and for one that was forgotten.
    """
    if not submission.can_be_duplicate:
        return ""
    mark = _store_key(submission.duplicate_key, state.secret)
    try:
        first = state.spent.claim(mark, REMEMBERED)
    except StoreUnavailableError:
        return ""
    if first:
        return mark
    return "" if again or _was_forgotten(submission, state) else None


def release(claimed: str | None, state: State) -> None:
    """Release a claim, because the comment isn't stored. Does nothing for a comment that wasn't claimed."""
    if not claimed:
        return
    try:
        state.spent.release(claimed)
    except StoreUnavailableError:
        logger.warning("captcha_guard: a comment that was not stored may count as a duplicate for a day")


def note_forgotten(known_as: str, state: State) -> None:
    """Record that a comment was erased, so that it can be posted again. ``known_as`` is its name in the memory."""
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
    return _store_key(f"forgotten/{known_as}", secret)


def _store_key(mark: str, secret: bytes) -> str:
    """Return a mark as a key for the store. It differs from site to site, because sites may share one store."""
    return hmac.digest(secret, b"captcha_guard.said" + mark.encode(), "sha256")[:16].hex()
