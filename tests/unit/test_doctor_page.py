"""docs/doctor.md lists the codes of all checks."""

from __future__ import annotations

import re
from pathlib import Path

from captcha_guard.doctor.checks import CHECKS
from captcha_guard.doctor.diagnosis import Moment

PAGE = (Path(__file__).parents[2] / "docs/doctor.md").read_text()


def test_the_table_has_every_code_with_its_title_severity_and_moments() -> None:
    rows = re.findall(r"^\| (CG\d+) \| (.*) \| (\w+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (
            check.code,
            check.title,
            check.severity.name.lower(),
            ", ".join(moment.value for moment in Moment if moment in check.moments),
        )
        for check in CHECKS
    ]
