"""Links written in HTML."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..submission import Submission
from ..text.contexts import without_code
from ..text.link import host_of
from ..text.link_scanner import scan
from ..verdict import Finding


class LinkMarkup:
    """Scores links written in HTML: people paste an address, programs paste a tag."""

    slug: ClassVar[str] = "link_markup"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 15
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("A link is written in HTML.")

    def check(self, submission: Submission) -> Finding | None:
        """Look for ``<a href=`` with link text other than the address, except in code.

        Link text without a letter, such as a time or a number, doesn't count.
        """
        text = without_code(submission.text.tagged)
        if "<a" not in text:
            return None
        for _, link in scan(text, submission.site):
            has_letters = any(map(str.isalpha, link.label))
            if link.marked_up and has_letters and host_of(link.label) != link.host:
                return Finding(self.slug, self.weight, message("A link is written in HTML."))
        return None
