"""Fields that are longer than blogs store."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message, message_n
from ..names import field_name
from ..submission import Submission
from ..verdict import Action, Finding


class TooLong:
    """Refuses fields that exceed the lengths of WordPress core, in characters."""

    slug: ClassVar[str] = "too_long"
    looks_at: ClassVar[tuple[str, ...]] = ("author", "email", "url", "body")
    weight: ClassVar[int] = 100
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = message("A field is longer than blogs store.")
    longest: ClassVar[dict[str, int]] = {"author": 245, "email": 100, "url": 200, "body": 65_525}

    def check(self, submission: Submission) -> Finding | None:
        """Check the lengths of author, e-mail, URL and body."""
        for field, longest in self.longest.items():
            length = len(getattr(submission, field))
            if length > longest:
                sentence = message_n(
                    "The field %(field)s is %(count)d character long; %(most)d are allowed.",
                    "The field %(field)s is %(count)d characters long; %(most)d are allowed.",
                    length,
                    field=field_name(field),
                    most=longest,
                )
                return Finding(self.slug, self.weight, sentence, Action.REJECT, final=True)
        return None
