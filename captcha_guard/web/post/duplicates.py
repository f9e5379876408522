"""Keeps a comment from being stored twice: one atomic increment claims it before the view runs."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ...errors import StoreUnavailableError
from ...spam.comment_key import comment_key, duplicate_key

if TYPE_CHECKING:
    from ...counters.spent import Spent
    from ...spam.submission import Submission
    from ..state import State

logger = logging.getLogger("captcha_guard")

#: Seconds for which a comment with the same text counts as a duplicate.
REMEMBERED = 86_400


def known(submission: Submission, spent: Spent, secret: bytes) -> bool:
    """Return whether a comment is already stored. False if the store fails."""
    try:
        taken = spent.is_spent(duplicate_key(submission, secret))
        return taken and not spent.is_spent(_forgotten(comment_key(submission, secret)))
    except StoreUnavailableError:
        return False


def is_known(submission: Submission, state: State) -> bool:
    """Return whether this exact comment is already stored or being stored."""
    return submission.can_be_duplicate and known(submission, state.spent, state.secret)


def claim(submission: Submission, state: State, *, again: bool) -> str | None:
    """Claim a comment. Returns the key that releases the claim, or None if the comment was claimed before.

    A comment that was erased can be claimed again. Returns "" if nothing was claimed: for a comment that can't be a
    duplicate, while the store fails, and with ``again``, which means that the solved code allows a repetition.
    """
    if not submission.can_be_duplicate:
        return ""
    key = duplicate_key(submission, state.secret)
    try:
        first = state.spent.claim(key, REMEMBERED)
    except StoreUnavailableError:
        return ""
    if first:
        return key
    if again:
        return ""
    return key if _was_forgotten(submission, state) else None


def release(claimed: str | None, state: State) -> None:
    """Release a claim, because the comment isn't stored. Does nothing for a comment that wasn't claimed."""
    if not claimed:
        return
    try:
        state.spent.release(claimed)
    except StoreUnavailableError:
        logger.warning("captcha_guard: a comment that was not stored may count as a duplicate for a day")


def note_forgotten(key: str, state: State) -> None:
    """Record that the comment with this comment key was erased, so that it can be posted again."""
    with suppress(StoreUnavailableError):
        state.spent.claim(_forgotten(key), REMEMBERED)


def _was_forgotten(submission: Submission, state: State) -> bool:
    key = _forgotten(comment_key(submission, state.secret))
    with suppress(StoreUnavailableError):
        if state.spent.is_spent(key):
            state.spent.release(key)
            return True
    return False


def _forgotten(key: str) -> str:
    return f"forgotten/{key}"
