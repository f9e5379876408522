"""Addresses written so that they aren't links, which link counters miss."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from ..lists.known_hosts import is_forge, is_work
from ..submission import Submission
from ..verdict import Finding

#: A domain followed by a path. Without a path, as in "numpy.org" or "main.rs", it is often an ordinary mention.
PLAIN: Final = re.compile(
    r"(?<![\w./@:-])(?P<host>[a-z0-9][a-z0-9-]{1,62}(?:\.[a-z0-9-]{1,62}){0,3}\."
    r"(?:com|net|org|info|biz|ru|xyz|top|shop|site|online|club|store|live|win|vip|me|co))/[a-z0-9]"
)
_ENDING: Final = "com|net|org|info|biz|ru|xyz|top|shop|site|online|club|store"
_SPACE: Final = r"[^\S\x1e]{1,3}"
#: A domain with white space on both sides of the dot, or before the dot only if a path follows. Readers write ".NET"
#: after any word, and ".NET/Java" too, so "name .net/x" doesn't count.
DISGUISED: Final = re.compile(
    rf"(?<![\w./@:-])[a-z](?:[a-z0-9-]{{3,62}}+(?:{_SPACE}\.{_SPACE}|\s?[\[(]\s?(?:dot|\.)\s?[\])]\s?)(?:{_ENDING})\b"
    rf"|[a-z0-9-]{{3,62}}+{_SPACE}\.(?!net/)(?:{_ENDING})/[a-z0-9])"
)
#: Every match of ``DISGUISED`` contains this, and searching for this first is much faster.
_APART: Final = re.compile(r"\s\.|[\[(]\s?(?:dot|\.)")


class BareDomain:
    """Scores a domain with a path, and scores a disguised one double: example . com, example[dot]com."""

    slug: ClassVar[str] = "bare_domain"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 15
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "A domain is written so that it isn't a link."

    def check(self, submission: Submission) -> Finding | None:
        """Look for domains without a scheme, outside the links."""
        plain = submission.text.plain
        if _APART.search(plain) and DISGUISED.search(plain):
            return Finding(self.slug, 2 * self.weight, "A domain is disguised so that it isn't a link.")
        if "/" in plain and any(map(_is_foreign, PLAIN.findall(plain))):
            return Finding(self.slug, self.weight, "A domain with a path is written without being a link.")
        return None


def _is_foreign(host: str) -> bool:
    return not is_work(host) and not is_forge(host)
