"""Alerts: what is unusual in the last 24 hours compared with the site's own past."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from captcha_guard.database.background_writer import BackgroundWriter
from captcha_guard.database.opening import open_database
from captcha_guard.statistics.alerts import Alert, find_alerts
from captcha_guard.statistics.counts import FAILED, SECONDS, SOLVED
from captcha_guard.statistics.recorder import Recorder
from captcha_guard.statistics.tables import DAY, HOUR

NOW = 1_800_014_400.0


class Site:
    """A database in which a test counts the codes of past days."""

    def __init__(self, path: Path) -> None:
        self.database = open_database(f"sqlite:///{path}")
        self._now = NOW
        self._writer = BackgroundWriter(self.database, every=3_600)
        self._recorder = Recorder(self.database, self._writer, clock=lambda: self._now)

    def day(self, ago: int, solved: int, failed: int, *, reason: str = "code_wrong", seconds: int = 20) -> None:
        """Count codes in several hours of the 24 hours that ended ``ago`` days before now."""
        for number in range(solved + failed):
            self._now = NOW - ago * DAY - number % 24 * HOUR
            if number < solved:
                self._recorder.count(list, [(SOLVED, "image"), (SECONDS, f"image {seconds}")])
            else:
                self._recorder.count(list, [(FAILED, reason)])
        assert self._recorder.write()

    def alerts(self) -> tuple[Alert, ...]:
        return find_alerts(self.database, NOW)

    def close(self) -> None:
        self._writer.stop()
        self.database.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with closing(Site(tmp_path / "judge.sqlite3")) as site:
        yield site


def ordinary_days(site: Site, days: int = 14) -> None:
    """Count days with rates from 88 to 92 %."""
    for ago in range(1, days + 1):
        site.day(ago, 44 + ago % 3, 6 - ago % 3)


def slugs(site: Site) -> list[str]:
    return [alert.slug for alert in site.alerts()]


def test_a_site_without_counts_has_no_alerts(site: Site) -> None:
    assert site.alerts() == ()


def test_an_ordinary_day_has_no_alerts(site: Site) -> None:
    ordinary_days(site)
    site.day(0, 44, 6)
    assert site.alerts() == ()


@pytest.mark.parametrize(("solved", "failed"), [(20, 30), (300, 0)])
def test_a_pass_rate_outside_of_the_usual_band_is_an_alert(site: Site, solved: int, failed: int) -> None:
    ordinary_days(site)
    site.day(0, solved, failed)
    [alert] = site.alerts()
    assert (alert.slug, alert.value) == ("pass_rate", solved / (solved + failed))
    assert list(alert.usual) == pytest.approx([0.87, 0.93], abs=0.01)
    assert alert.sentence == (
        f"In the last 24 hours, {100 * alert.value:.0f} % of the security codes were solved. Usually, it is 87 to 93 %."
    )


def test_a_few_codes_that_chance_can_explain_are_no_alert(site: Site) -> None:
    ordinary_days(site)
    site.day(0, 15, 5)  # 75 %, with an interval up to 92 %
    assert site.alerts() == ()
    site.day(0, 60, 20)
    assert slugs(site) == ["pass_rate"]


def test_one_failed_code_after_a_week_without_any_is_no_alert(site: Site) -> None:
    for ago in range(1, 8):
        site.day(ago, 20, 0)
    site.day(0, 19, 1)
    assert site.alerts() == ()
    site.day(0, 0, 19)
    assert slugs(site) == ["pass_rate"]


def test_days_that_differ_much_have_a_wide_band(site: Site) -> None:
    for ago in range(1, 15):
        site.day(ago, 20 + 25 * (ago % 2), 30 - 25 * (ago % 2))
    site.day(0, 20, 30)
    assert site.alerts() == ()


@pytest.mark.parametrize(("days", "expected"), [(6, []), (7, ["pass_rate"]), (28, ["pass_rate"])])
def test_the_band_needs_seven_days(site: Site, days: int, expected: list[str]) -> None:
    ordinary_days(site, days)
    site.day(0, 10, 40)
    assert slugs(site) == expected


@pytest.mark.parametrize(("tried", "expected"), [(19, []), (20, ["pass_rate"])])
def test_the_last_day_needs_twenty_codes(site: Site, tried: int, expected: list[str]) -> None:
    ordinary_days(site)
    site.day(0, 0, tried)
    assert slugs(site) == expected


def test_days_with_few_codes_and_days_before_the_last_four_weeks_do_not_count(site: Site) -> None:
    for ago in range(1, 15):
        site.day(ago, 19, 0)
    for ago in range(29, 33):
        site.day(ago, 45, 5)
    site.day(0, 0, 50)
    assert site.alerts() == ()


@pytest.mark.parametrize(("seconds", "solved", "expected"), [(1, 20, ["solve_time"]), (2, 20, []), (1, 19, [])])
def test_codes_that_are_solved_within_2_s_are_an_alert(
    site: Site, seconds: int, solved: int, expected: list[str]
) -> None:
    site.day(0, solved, 0, seconds=seconds)
    assert slugs(site) == expected


def test_the_alert_about_the_time_has_the_median(site: Site) -> None:
    site.day(0, 20, 0, seconds=0)
    site.day(0, 20, 0, seconds=1)
    [alert] = site.alerts()
    assert (alert.value, alert.usual) == (0.5, (2.0, None))
    assert "within 0.5 s. People need more than 2 s" in alert.sentence


@pytest.mark.parametrize(
    ("solved", "replayed", "expected"),
    [(90, 10, []), (89, 11, ["replays"]), (10, 5, []), (16, 4, []), (15, 5, ["replays"])],
)
def test_replayed_codes_are_an_alert(site: Site, solved: int, replayed: int, expected: list[str]) -> None:
    site.day(0, solved, replayed, reason="code_used")
    assert slugs(site) == expected


def test_the_alert_about_replays_has_their_number(site: Site) -> None:
    site.day(0, 60, 40, reason="code_used")
    [alert] = site.alerts()
    assert (alert.value, alert.usual) == (40, (0, 5))
    assert "40 of 100 security codes" in alert.sentence
