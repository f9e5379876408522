"""An address that is no link, so that link counters miss it."""

from __future__ import annotations

import re
from typing import ClassVar

from ..submission import Submission
from ..verdict import Finding

#: A domain with a path behind it: "numpy.org" and "main.rs" in passing are for nobody to weigh.
PLAIN = re.compile(
    r"(?<![\w./@:-])[a-z0-9][a-z0-9-]{1,62}(?:\.[a-z0-9-]{1,62}){0,3}\."
    r"(?:com|net|org|info|biz|ru|xyz|top|shop|site|online|club|store|live|win|vip|me|co)/[a-z0-9]"
)
_ENDING = "com|net|org|info|biz|ru|xyz|top|shop|site|online|club|store"
_SPACE = r"[^\S\x1e]{1,3}"
#: Space on both sides of the dot, or before it where a path follows or the name has a digit: readers write ".NET" and
#: ".com" behind any word.
DISGUISED = re.compile(
    rf"(?<![\w./@:-])[a-z][a-z0-9-]{{3,62}}+(?:(?:{_SPACE}\.{_SPACE}|\s?[\[(]\s?(?:dot|\.)\s?[\])]\s?)(?:{_ENDING})\b"
    rf"|{_SPACE}\.(?:{_ENDING})/[a-z0-9])"
    rf"|(?<![\w./@:-])(?=[a-z-]{{1,40}}+[0-9])[a-z0-9-]{{4,62}}+{_SPACE}\.(?:{_ENDING})\b"
)
#: Every match contains this, which is found much faster.
_APART = re.compile(r"\s\.|[\[(]\s?(?:dot|\.)")


class BareDomain:
    """Weighs a domain with a path, and more so one that is taken apart: example . com, example[dot]com."""

    slug: ClassVar[str] = "bare_domain"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 15
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "A domain is written so that it is no link."

    def check(self, submission: Submission) -> Finding | None:
        """Look for domains without a scheme outside the links."""
        plain = submission.text.plain
        if _APART.search(plain) and DISGUISED.search(plain):
            return Finding(self.slug, 2 * self.weight, "A domain is taken apart so that it is no link.")
        if "/" in plain and PLAIN.search(plain):
            return Finding(self.slug, self.weight, "A domain stands there without being a link.")
        return None
