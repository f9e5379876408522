"""Links in a language that this form does not speak."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..text.normalised import without_code
from ..verdict import Finding


class BBCode:
    """Weighs BBCode links: programs post them everywhere, and few blogs show them as links."""

    slug: ClassVar[str] = "bbcode"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 40
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "A link is written in BBCode."

    def check(self, submission: Submission) -> Finding | None:
        """Look for ``[url]`` and ``[link]``; who quotes them as code does not link."""
        said = without_code(submission.text.plain)
        if "[url" not in said and "[link" not in said:
            return None
        return Finding(self.slug, self.weight, "A link is written in BBCode.")
