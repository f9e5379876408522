"""The doctor checks the journal."""

from __future__ import annotations

import pytest
from flask import Flask

from .doctors_site import seen_on
from .journal_fixtures import POST, journal, printed_journal

__all__ = ["journal", "printed_journal"]


@pytest.mark.parametrize("path", [f"/posts/{POST}", "/desk/log-in"])
def test_the_doctor_finds_nothing_wrong_with_the_journal_not_even_a_hint(journal: Flask, path: str) -> None:
    result = seen_on(journal, path)
    assert result.diagnoses == []
    assert set(result.unchecked) == {"CG301"}  # there is no proxy in front of it
