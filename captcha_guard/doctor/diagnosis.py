"""The base class of all checks, and the diagnoses that they return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from .site import Site


class Severity(IntEnum):
    """The severity of a diagnosis. The highest one is the exit status of ``flask captcha-guard doctor``."""

    HINT = 0
    WARNING = 1
    FAULT = 2


class Moment(Enum):
    """When a check runs: at start-up (no network, under 1 ms), while the site serves requests, or in the command."""

    START = "start"
    SERVING = "serving"
    DOCTOR = "doctor"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One problem: its stable ``code``, what was ``found`` on this site, and the ``fix``.

    ``refuses`` means that the application must not start with this problem.
    """

    code: str
    severity: Severity
    title: str
    found: str
    fix: str
    refuses: bool = False

    def __str__(self) -> str:
        return f"{self.code}: {self.title} {self.found} {self.fix}"


class CannotCheckError(Exception):
    """The check couldn't be run. The message has the reason, and what would help."""


class Check(ABC):
    """Finds one problem. A ``code`` never changes its meaning. The ``title`` describes the problem in one sentence."""

    code: ClassVar[str]
    title: ClassVar[str]
    severity: ClassVar[Severity]
    moments: ClassVar[frozenset[Moment]]
    fix: ClassVar[str]

    @abstractmethod
    def run(self, site: Site) -> Iterable[Diagnosis]:
        """Return the problems found. Raises ``CannotCheckError`` if the check can't be run."""

    def found(
        self, problem: str, *, severity: Severity | None = None, fix: str = "", refuses: bool = False
    ) -> Diagnosis:
        """Return this check's diagnosis of a problem. ``severity`` and ``fix`` replace the check's own."""
        level = self.severity if severity is None else severity
        return Diagnosis(self.code, level, self.title, problem, fix or self.fix, refuses)
