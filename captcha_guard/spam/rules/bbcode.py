"""Links written in BBCode."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..text.normalised import without_code
from ..verdict import Finding


class BBCode:
    """Scores BBCode links: spam programs post them everywhere, although few blogs render them as links."""

    slug: ClassVar[str] = "bbcode"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 40
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "A link is written in BBCode."

    def check(self, submission: Submission) -> Finding | None:
        """Look for ``[url]`` and ``[link]``, except in code."""
        text = without_code(submission.text.plain)
        if "[url" not in text and "[link" not in text:
            return None
        return Finding(self.slug, self.weight, "A link is written in BBCode.")
