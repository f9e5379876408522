"""A field is longer than any blog stores."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..verdict import Action, Finding


class TooLong:
    """Refuses what would not fit. The lengths, in characters, are those of WordPress core."""

    slug = "too_long"
    longest: ClassVar[dict[str, int]] = {"author": 245, "email": 100, "url": 200, "body": 65_525}

    def check(self, submission: Submission) -> Finding | None:
        """Look at the length of author, e-mail, URL and body."""
        for field, longest in self.longest.items():
            length = len(getattr(submission, field))
            if length > longest:
                sentence = f"The field {field} is {length} characters long; {longest} are allowed."
                return Finding(self.slug, 100, sentence, Action.REJECT, final=True)
        return None
