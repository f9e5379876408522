"""Links in raw HTML."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..text.link import host_of
from ..text.link_scanner import scan
from ..text.normalised import without_code
from ..verdict import Finding


class LinkMarkup:
    """Weighs links written as HTML: people paste an address, programs paste a tag."""

    slug: ClassVar[str] = "link_markup"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 15
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "A link is written in HTML."

    def check(self, submission: Submission) -> Finding | None:
        """Look for ``<a href=`` with words for the eye in place of the address; a time or a number is no word.

        Who quotes it as code does not link.
        """
        text = submission.text
        said = without_code(text.tagged)
        if "<a" not in said:
            return None
        for _, link in scan(said, submission.site):
            worded = any(map(str.isalpha, link.label))
            if link.marked_up and worded and host_of(link.label) != link.host:
                return Finding(self.slug, self.weight, "A link is written in HTML.")
        return None
