"""Runs the checks of one moment on a site."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .checks import CHECKS
from .diagnosis import CannotCheckError, Check, Diagnosis, Moment, Severity
from .site import Site


@dataclass(frozen=True)
class Result:
    """The problems found, why checks couldn't be run (by code), and the codes of checks without problems."""

    diagnoses: list[Diagnosis] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)
    fine: list[str] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """0: hints at most, 1: warnings, 2: faults."""
        return max((diagnosis.severity for diagnosis in self.diagnoses), default=Severity.HINT).value


def run_checks(site: Site, moment: Moment, checks: Iterable[Check] = CHECKS) -> Result:
    """Run the checks of ``moment``. A check that fails is listed in ``unchecked``, and the others still run."""
    result = Result()
    for check in checks:
        if moment not in check.moments:
            continue
        before = len(result.diagnoses)
        try:
            for diagnosis in check.run(site):
                result.diagnoses.append(diagnosis)
        except CannotCheckError as error:
            result.unchecked[check.code] = str(error)
        except Exception as error:
            result.unchecked[check.code] = f"the check failed: {type(error).__name__}: {error}"
        else:
            if len(result.diagnoses) == before:
                result.fine.append(check.code)
    return result
