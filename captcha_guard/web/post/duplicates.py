"""Keeps the same comment from being stored twice: one atomic increment claims it before the view runs."""

from __future__ import annotations

import hmac
from contextlib import suppress
from typing import TYPE_CHECKING

from ...errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...counters.spent import Spent
    from ...spam.submission import Submission
    from ..state import State

#: Seconds for which the same comment counts as a repetition.
REMEMBERED = 86_400


def known(submission: Submission, spent: Spent, secret: bytes, known_as: Callable[[Submission], str]) -> bool:
    """Return whether a comment is stored already; False where the store fails.

    ``known_as`` as of ``Moderation.known_as``.
    """
    try:
        taken = spent.is_spent(_here(submission.duplicate_key, secret))
        return taken and not spent.is_spent(_forgotten(known_as(submission), secret))
    except StoreUnavailableError:
        return False


def is_known(submission: Submission, state: State) -> bool:
    """Return whether this very comment is stored already, or on its way."""
    return submission.can_be_duplicate and known(submission, state.spent, state.secret, state.moderation.known_as)


def claim(submission: Submission, state: State, *, again: bool) -> str | None:
    """Claim a comment, once: return the key under which it can be released, or None if it was claimed before.

    Returns "" where nothing was claimed: for what may be posted twice, while the store fails, and for a comment that
    may come ``again`` (its code was asked for together with a refusal for this) or that was forgotten.
    """
    if not submission.can_be_duplicate:
        return ""
    mark = _here(submission.duplicate_key, state.secret)
    try:
        first = state.spent.claim(mark, REMEMBERED)
    except StoreUnavailableError:
        return ""
    if first:
        return mark
    return "" if again or _was_forgotten(submission, state) else None


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
