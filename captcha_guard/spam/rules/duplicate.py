"""The same comment a second time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import ClassVar

from ..submission import Submission
from ..verdict import Action, Finding


class Duplicate:
    """Refuses a comment that was already taken on this scope. ``known`` says whether a fingerprint has been taken."""

    slug: ClassVar[str] = "duplicate"
    looks_at: ClassVar[tuple[str, ...]] = ("scope", "author", "email", "body")
    weight: ClassVar[int] = 100
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = "This very comment has already been posted here."

    def __init__(self, known: Callable[[str], bool]) -> None:
        self._known = known

    def check(self, submission: Submission) -> Finding | None:
        """Look at scope, author, e-mail and body, to the letter but for the space around them."""
        if not submission.body.strip() or not self._known(fingerprint(submission)):
            return None
        return already_said()


def already_said() -> Finding:
    """Return the finding for a comment that is already here."""
    return Finding(Duplicate.slug, Duplicate.weight, Duplicate.sentence, Action.REJECT, final=True)


def fingerprint(submission: Submission) -> str:
    """Return 32 hexadecimal digits that stand for who said what where.

    Where no field has the role of the body, all texts without a role stand for it.
    """
    said = (submission.body,) if submission.body.strip() else submission.other
    return _fingerprint(submission.scope, submission.author, submission.email, *said)


@lru_cache(maxsize=4)  # asked several times within one POST
def _fingerprint(*said: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in said:
        written = " ".join(part.split()).encode("utf-8", "surrogatepass")
        digest.update(len(written).to_bytes(8, "big") + written)
    return digest.hexdigest()
