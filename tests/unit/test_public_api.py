"""The public names, their signatures, the settings and the commands don't change unnoticed."""

from __future__ import annotations

from pathlib import Path

from tests.public_api import listing

LIST = Path(__file__).parents[1] / "public_api.txt"
ADVICE = "if the change is intended, run: python -m tests.public_api > tests/public_api.txt"


def test_the_public_api_is_the_one_that_is_listed() -> None:
    listed, found = LIST.read_text().splitlines(), listing().splitlines()
    assert [line for line in listed if line not in found] == [], f"gone or changed; {ADVICE}"
    assert [line for line in found if line not in listed] == [], f"new or changed; {ADVICE}"
    assert found == listed, ADVICE
