"""The journal before the doctor."""

from __future__ import annotations

from flask import Flask

from captcha_guard.doctor.site import Site
from captcha_guard.web.state import NAME

from .doctors_site import seen_by_doctor
from .journal_fixtures import POST, journal, printed_journal

__all__ = ["journal", "printed_journal"]


def test_the_doctor_finds_nothing_wrong_with_the_journal_not_even_a_hint(journal: Flask) -> None:
    result = seen_by_doctor(journal)
    assert result.diagnoses == []
    assert set(result.unchecked) == {"CG101", "CG301"}  # it was built here, and no proxy stands before it


def test_the_doctor_finds_the_journals_forms_by_following_links_from_its_cover(journal: Flask) -> None:
    paths = [page.path for page in Site(journal, journal.extensions[NAME]).visit.pages]
    assert f"/posts/{POST}" in paths
    assert len(paths) >= 10
