"""Spam is written for its links."""

from __future__ import annotations

import re

from ..submission import Submission
from ..verdict import Action, Finding

#: A link has a scheme, a leading www, or markup around it: "ASP.NET" is none. Markup and the URL inside count once.
#: No part can run over the start of another of its kind: the time to search hostile text stays linear.
LINK = re.compile(
    r"""\[[^\[\]\n]{0,300}\]\(\s*(?:https?://|www\.)[^)\s]*\)?
    | <a\s(?=[^<>]{0,500}href)[^<>]{0,1000}>(?:\s*(?:https?://|www\.)[^\s<]*)?
    | \[(?:url|link)(?:=[^\[\]\s]{0,500})?\](?:\s*(?:https?://|www\.)[^\s\[]*)?
    | \b(?:https?|ftp)://[^\s<>"']+
    | (?<![\w.@-])www\.[a-z0-9-]+\.[^\s<>"']+""",
    re.IGNORECASE | re.VERBOSE,
)

#: No link goes without one of these; most comments have none, and are spared the expression.
SIGNS = ("://", "www.", "<a", "[url", "[link")


class Links:
    """Holds a comment with ``max_links`` links or more (WordPress core's ``comment_max_links``); 0 looks at none."""

    slug = "links"
    score = 30

    def __init__(self, max_links: int = 2) -> None:
        self.max_links = max_links

    def check(self, submission: Submission) -> Finding | None:
        """Count the links in the body."""
        if not self.max_links:
            return None
        count = count_links(submission.body)
        if count < self.max_links:
            return None
        return Finding(
            self.slug,
            self.score,
            f"The comment has {count} links; from {self.max_links} on it is held.",
            Action.HOLD,
        )


def count_links(text: str) -> int:
    """Return the number of links in ``text``, a marked-up one counting once."""
    lowered = text.lower()
    if not any(sign in lowered for sign in SIGNS):
        return 0
    return sum(1 for _ in LINK.finditer(text))
