"""What a service offers, and its three kinds of answers: a finding, nothing found, or a fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ..submission import Submission
from ..verdict import Finding

#: The fields of one question as they are posted, without the site's key.
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """A service gave no verdict. This never counts as "not spam".

    ``reason`` is a fixed slug, ``sentence`` is for the log and the moderator. ``again`` tells whether the same
    question may be answered later.
    """

    service: str
    reason: str
    sentence: str
    again: bool = True


class Service(Protocol):
    """One service that judges submissions.

    ``slug`` never changes, because stored data contains it. An answer without a finding is remembered for
    ``clean_for`` seconds, one with a finding for ``found_for`` seconds.
    """

    slug: str
    clean_for: float
    found_for: float

    def form(self, submission: Submission, address: str) -> Form | Fault | None:
        """Return the fields of the question, or ``None`` if there is nothing to ask about."""
        ...

    def cached_fields(self, form: Form) -> Form:
        """Return the fields that the answer depends on. Questions with the same ones are asked once."""
        ...

    def ask(self, form: Form, recheck: str = "") -> Finding | Fault | None:
        """Ask the service. ``recheck`` is the reason for asking again, "" for the first time."""
        ...


@runtime_checkable
class CorrectableService(Protocol):
    """A service that takes corrections of its answers."""

    def correct(self, form: Form, *, spam: bool) -> Fault | None:
        """Send what the comment in ``form`` really was."""
        ...
