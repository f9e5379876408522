"""Comments that show nothing."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..submission import Submission
from ..verdict import Finding


class Empty:
    """Scores a body of invisible characters only, by default high enough to hold it.

    A blank body is left to the form's own check. Tags count as visible, because a site may show them as text.
    """

    slug: ClassVar[str] = "empty"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 60
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The comment shows nothing.")

    def check(self, submission: Submission) -> Finding | None:
        """Look for anything visible in the body or, if the body is blank, in the other texts."""
        body, *others = submission.text.passages
        filled = [passage for passage in (others if body.blank else [body]) if not passage.blank]
        if not filled or any(passage.tagged.strip() for passage in filled):
            return None
        return Finding(self.slug, self.weight, message("The comment was filled in but shows nothing."))
