"""Links to sites that spam has linked to before."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message, message_n
from ..history import Memory, Party, shown, sites_of, with_kept
from ..submission import Submission
from ..verdict import Finding


class LinkedHost:
    """Scores sites that spam links to and kept comments hardly ever do: domains, or pages on large platforms."""

    slug: ClassVar[str] = "linked_host"
    looks_at: ClassVar[tuple[str, ...]] = ("body", "url")
    weight: ClassVar[int] = 30
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("Spam has linked to this host.")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def check(self, submission: Submission) -> Finding | None:
        """Look up each site of the links and of the website field, all of its subdomains together."""
        for site in sites_of(submission.text):
            past = self._memory.history(Party.HOST, (site,))
            if past is None:
                return None
            if past.spam > 4 * past.ham:
                score = self.weight if past.spam == 1 else 2 * self.weight
                sentence = message_n(
                    "%(count)d comment that linked to %(site)s was spam.",
                    "%(count)d comments that linked to %(site)s were spam.",
                    past.spam,
                    site=shown(site, submission),
                )
                return Finding(self.slug, score, with_kept(sentence, past))
        return None
