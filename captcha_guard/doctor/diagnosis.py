"""What a check says of a site, and the shape that all checks have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from .site import Site


class Severity(IntEnum):
    """How bad it is. The worst one found is the exit status of ``flask captcha-guard doctor``."""

    HINT = 0
    WARNING = 1
    FAULT = 2


class Moment(Enum):
    """When a check is made: while the application is built (no network, under a ms), while it serves, on request."""

    START = "start"
    SERVING = "serving"
    DOCTOR = "doctor"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that is wrong: its stable ``code``, what was ``found`` here, and the ``fix``.

    ``refuses``: the application must not start like this.
    """

    code: str
    severity: Severity
    title: str
    found: str
    fix: str
    refuses: bool = False

    def __str__(self) -> str:
        return f"{self.code}: {self.title} {self.found} {self.fix}"


class CannotTellError(Exception):
    """The check could not be made; the message says why, and what would help."""


class Check(ABC):
    """One question about a site. ``code`` never changes its meaning; ``title`` says what is wrong in one sentence."""

    code: ClassVar[str]
    title: ClassVar[str]
    severity: ClassVar[Severity]
    moments: ClassVar[frozenset[Moment]]
    fix: ClassVar[str]

    @abstractmethod
    def examine(self, site: Site) -> Iterable[Diagnosis]:
        """Return what is wrong, nothing where all is well; raises ``CannotTellError`` where it can't be known."""

    def found(self, what: str, *, severity: Severity | None = None, fix: str = "", refuses: bool = False) -> Diagnosis:
        """Return this check's diagnosis for ``what`` was found; it may be milder or worse than usual."""
        level = self.severity if severity is None else severity
        return Diagnosis(self.code, level, self.title, what, fix or self.fix, refuses)
