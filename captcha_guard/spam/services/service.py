"""What every outside service is asked, and the three kinds of answer: a finding, nothing found, a fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ..submission import Submission
from ..verdict import Finding

#: The fields of one question as they are posted; no key of the site's is among them.
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """A service gave no verdict: ``reason`` is a fixed slug, ``sentence`` is for the log and the moderator.

    A fault is never taken for "not spam". ``again`` says whether the same question may be answered later.
    """

    service: str
    reason: str
    sentence: str
    again: bool = True


class Service(Protocol):
    """One service that judges submissions.

    ``slug`` is fixed for ever. ``clean_for`` and ``found_for`` are the seconds for which an answer holds: one without,
    and one with a finding.
    """

    slug: str
    clean_for: float
    found_for: float

    def form(self, submission: Submission, address: str) -> Form | Fault | None:
        """Return what would be asked; ``None`` where there is nothing to ask about."""
        ...

    def essence(self, form: Form) -> Form:
        """Return the fields on which the answer depends, so that the same question is not asked twice."""
        ...

    def ask(self, form: Form, recheck: str = "") -> Finding | Fault | None:
        """Ask; ``recheck`` says why, where it is not the first time."""
        ...

    def check(self, submission: Submission, address: str) -> Finding | Fault | None:
        """Ask about a submission from ``address`` straight away: no cache, no breaker."""
        ...


@runtime_checkable
class CorrectableService(Protocol):
    """A service that wants to be told when it was wrong."""

    def tell(self, form: Form, *, spam: bool) -> Fault | None:
        """Say what the comment that was asked about in ``form`` really was."""
        ...
