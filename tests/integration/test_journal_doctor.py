"""The doctor checks the journal."""

from __future__ import annotations

from flask import Flask

from .doctors_site import seen_on
from .journal_fixtures import POST, journal, printed_journal

__all__ = ["journal", "printed_journal"]


def test_the_doctor_finds_nothing_wrong_with_the_journal_not_even_a_hint(journal: Flask) -> None:
    result = seen_on(journal, f"/posts/{POST}")
    assert result.diagnoses == []
    assert set(result.unchecked) == {"CG301"}  # there is no proxy in front of it
