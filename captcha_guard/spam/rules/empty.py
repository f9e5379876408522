"""Nothing to read where something was posted."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..verdict import Finding


class Empty:
    """Holds a body of marks that nobody sees. A blank one is for the form to notice, and tags may be shown as text."""

    slug: ClassVar[str] = "empty"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 60
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "The comment shows nothing."

    def check(self, submission: Submission) -> Finding | None:
        """Look for anything that can be seen in the body, or where that is blank, in the other texts."""
        body, *others = submission.text.passages
        filled = [passage for passage in (others if body.blank else [body]) if not passage.blank]
        if not filled or any(passage.tagged.strip() for passage in filled):
            return None
        return Finding(self.slug, self.weight, "The comment was filled in, and shows nothing.")
