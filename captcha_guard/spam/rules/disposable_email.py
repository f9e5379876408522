"""Disposable e-mail addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from ...messages import message
from ..submission import Submission
from ..text.normalised import normalised
from ..verdict import Finding


class DisposableEmail:
    """Scores addresses of these domains and their subdomains."""

    slug: ClassVar[str] = "disposable_email"
    looks_at: ClassVar[tuple[str, ...]] = ("email",)
    weight: ClassVar[int] = 30
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The e-mail address is a disposable one.")

    def __init__(self, domains: Iterable[str]) -> None:
        self.domains = frozenset(domain.strip().strip(".").casefold() for domain in domains)

    def check(self, submission: Submission) -> Finding | None:
        """Check the domain of the e-mail address."""
        domain = normalised(submission.email).rpartition("@")[2].strip(".")
        while domain:
            if domain in self.domains:
                return Finding(
                    self.slug, self.weight, message("E-mail addresses of %(domain)s are disposable.", domain=domain)
                )
            domain = domain.partition(".")[2]
        return None
