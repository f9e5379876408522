"""Links written in BBCode."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from ...messages import message
from ..submission import Submission
from ..text.contexts import without_code
from ..text.normalised import without_tags
from ..verdict import Finding

#: "[link](https://a.example)" is Markdown, and "[url]" alone is part of a configuration or of talk about BBCode.
_WITH_ADDRESS: Final = re.compile(
    r"""\[(?:url|link)(?:=[^\]\w]{0,20}\w|\]\s{0,9}["']?\s{0,9}(?:[a-z]{2,9}\\?:|[\\/]{2}|[\w-]{1,63}\.[\w-]))"""
)


class BBCode:
    """Scores BBCode links: spam programs post them everywhere, although few blogs render them as links."""

    slug: ClassVar[str] = "bbcode"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 40
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("A link is written in BBCode.")

    def check(self, submission: Submission) -> Finding | None:
        """Look for ``[url]`` and ``[link]`` unless they have no address, except in code."""
        text = submission.text.tagged
        if "[url" not in text and "[link" not in text and "[/" not in submission.text.plain:
            return None
        if not _WITH_ADDRESS.search(without_tags(without_code(text))):
            return None
        return Finding(self.slug, self.weight, message("A link is written in BBCode."))
