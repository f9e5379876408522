"""docs/doctor.md lists the codes as they are."""

from __future__ import annotations

import re
from pathlib import Path

from captcha_guard.doctor.checks import CHECKS
from captcha_guard.doctor.diagnosis import Moment

PAGE = (Path(__file__).parents[2] / "docs/doctor.md").read_text()


def test_the_table_has_every_code_with_what_it_says_how_bad_it_is_and_when_it_is_looked_for() -> None:
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
