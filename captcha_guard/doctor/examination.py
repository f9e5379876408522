"""All checks of one moment, made on one site."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .checks import CHECKS
from .diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from .site import Site


@dataclass(frozen=True)
class Result:
    """What is wrong, what could not be checked and why (by code), and the codes of what is fine."""

    diagnoses: list[Diagnosis] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)
    fine: list[str] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """0: nothing but hints, 1: warnings, 2: faults."""
        return max((diagnosis.severity for diagnosis in self.diagnoses), default=Severity.HINT).value


def examine(site: Site, moment: Moment, checks: Iterable[Check] = CHECKS) -> Result:
    """Make the checks of ``moment``; one that fails is told as not made, and the others go on."""
    result = Result()
    for check in checks:
        if moment not in check.moments:
            continue
        before = len(result.diagnoses)
        try:
            for diagnosis in check.examine(site):
                result.diagnoses.append(diagnosis)
        except CannotTellError as error:
            result.unchecked[check.code] = str(error)
        except Exception as error:
            result.unchecked[check.code] = f"the check failed: {type(error).__name__}: {error}"
        else:
            if len(result.diagnoses) == before:
                result.fine.append(check.code)
    return result
