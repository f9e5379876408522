"""How long each fuzz test runs: some fixed cases, or new random cases for ``FUZZ_SECONDS`` seconds.

``FUZZ_SECONDS=60 pytest -s tests/fuzz`` runs each test for a minute and prints how many cases it tried.
Without the variable, the cases are the same in every run.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

VARIABLE: Final = "FUZZ_SECONDS"

#: Cases of a test without a budget, and of one round of a test with one.
EXAMPLES: Final = 30
ROUND: Final = 200

#: How often a failing case is made smaller before it is reported.
_PHASES: Final = (Phase.generate, Phase.shrink)

Case = TypeVar("Case")


def fuzz(name: str, cases: st.SearchStrategy[Case], check: Callable[[Case], None], examples: int = EXAMPLES) -> None:
    """Call ``check`` for many cases. A failing case is made as small as possible and printed."""
    budget = float(os.environ.get(VARIABLE) or 0)
    if not budget:
        _round(cases, check, examples, seed_value=None)
        return
    tried, begin = 0, time.monotonic()

    def counted(case: Case) -> None:
        nonlocal tried
        tried += 1
        check(case)

    while time.monotonic() - begin < budget:
        _round(cases, counted, ROUND, seed_value=random.SystemRandom().randrange(2**32))
    print(f"{name}: {tried:,} cases in {time.monotonic() - begin:.0f} s")


def _round(
    cases: st.SearchStrategy[Case], check: Callable[[Case], None], examples: int, *, seed_value: int | None
) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=seed_value is None,
        phases=_PHASES,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def each(case: Case) -> None:
        check(case)

    (each if seed_value is None else seed(seed_value)(each))()
