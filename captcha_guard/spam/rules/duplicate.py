"""The same comment a second time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import ClassVar

from ..submission import Submission
from ..text.invisible import without_unseen
from ..verdict import Action, Finding


class Duplicate:
    """Refuses a comment that was already taken on this scope. ``known`` says whether it was."""

    slug: ClassVar[str] = "duplicate"
    looks_at: ClassVar[tuple[str, ...]] = ("scope", "author", "email", "body")
    weight: ClassVar[int] = 100
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = "This very comment has already been posted here."

    def __init__(self, known: Callable[[Submission], bool]) -> None:
        self._known = known

    def check(self, submission: Submission) -> Finding | None:
        """Look at scope, author, e-mail and body, and at all else that was posted, but for the space around them."""
        if not can_repeat(submission) or not self._known(submission):
            return None
        return already_said()


def already_said() -> Finding:
    """Return the finding for a comment that is already here."""
    return Finding(Duplicate.slug, Duplicate.weight, Duplicate.sentence, Action.REJECT, final=True)


def can_repeat(submission: Submission) -> bool:
    """Say whether there is anything in a POST that is said once: a button may be pressed twice."""
    return bool(submission.body.strip()) or any(len(text.split(maxsplit=1)) > 1 for text in submission.other)


def repetition(submission: Submission) -> str:
    """Return 32 hexadecimal digits that are the same only for the very same POST by the same sender.

    Clients that give neither a name nor an email are as many senders.
    """
    nameless = not (submission.author.strip() or submission.email.strip())
    return _fingerprint(fingerprint(submission), submission.whole, submission.client if nameless else "")


def fingerprint(submission: Submission) -> str:
    """Return 32 hexadecimal digits that stand for who said what where.

    Where no field has the role of the body, all texts without a role stand for it.
    """
    said = (submission.body,) if submission.body.strip() else submission.other
    return _fingerprint(submission.scope, submission.author, submission.email, *said)


@lru_cache(maxsize=8)  # asked several times within one POST
def _fingerprint(*said: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in said:
        written = " ".join(without_unseen(part).split()).encode("utf-8", "surrogatepass")
        digest.update(len(written).to_bytes(8, "big") + written)
    return digest.hexdigest()
