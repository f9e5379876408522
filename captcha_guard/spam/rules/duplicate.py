"""Comments that were already posted on the same page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import ClassVar

from ..submission import Submission
from ..text.invisible import without_unseen
from ..verdict import Action, Finding


class Duplicate:
    """Refuses a comment that was already accepted in this scope. ``known`` returns whether it was."""

    slug: ClassVar[str] = "duplicate"
    looks_at: ClassVar[tuple[str, ...]] = ("scope", "author", "email", "body")
    weight: ClassVar[int] = 100
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = "This very comment has already been posted here."

    def __init__(self, known: Callable[[Submission], bool]) -> None:
        self._known = known

    def check(self, submission: Submission) -> Finding | None:
        """Compare scope, author, e-mail, body and all other posted texts, ignoring surrounding white space."""
        if not can_repeat(submission) or not self._known(submission):
            return None
        return already_said()


def already_said() -> Finding:
    """Return the finding for a comment that was posted before."""
    return Finding(Duplicate.slug, Duplicate.weight, Duplicate.sentence, Action.REJECT, final=True)


def can_repeat(submission: Submission) -> bool:
    """Return whether a repetition of this POST would be a duplicate.

    A POST without text, such as that of a button, may be repeated.
    """
    return bool(submission.body.strip()) or any(len(text.split(maxsplit=1)) > 1 for text in submission.other)


def repetition(submission: Submission) -> str:
    """Return 32 hexadecimal digits that identify a POST and its sender.

    Senders without a name and e-mail are told apart by their client.
    """
    nameless = not (submission.author.strip() or submission.email.strip())
    return _fingerprint(fingerprint(submission), submission.whole, submission.client if nameless else "")


def fingerprint(submission: Submission) -> str:
    """Return 32 hexadecimal digits that identify scope, author, e-mail and body.

    If the body is empty, all texts without a role are used instead.
    """
    said = (submission.body,) if submission.body.strip() else submission.other
    return _fingerprint(submission.scope, submission.author, submission.email, *said)


@lru_cache(maxsize=8)  # called several times during one POST
def _fingerprint(*said: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in said:
        written = " ".join(without_unseen(part).split()).encode("utf-8", "surrogatepass")
        digest.update(len(written).to_bytes(8, "big") + written)
    return digest.hexdigest()
