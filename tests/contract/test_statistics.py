"""The statistics are the same in every database: counting, reading, expiry and several processes' counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest

from captcha_guard.database.background_writer import BackgroundWriter
from captcha_guard.database.database import Database
from captcha_guard.statistics.counts import FAILED, REASONS, SECONDS, SHOWN, SOLVED, VERDICTS, Statistics
from captcha_guard.statistics.reading import read_statistics
from captcha_guard.statistics.recorder import Recorder
from captcha_guard.statistics.tables import DAY, DAYS, HOUR, HOURS

#: 15 January 2027, 12:00 UTC.
NOW = 1_800_014_400
NOON = datetime.fromtimestamp(NOW, UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recorder(database: Database, clock: Clock) -> Iterator[Recorder]:
    writer = BackgroundWriter(database)
    yield Recorder(database, writer, clock=clock)
    writer.stop()


def read(database: Database, since: datetime, until: datetime, by: str = "hour") -> Statistics:
    return read_statistics(database, since, until, by=by, now=NOW)


def rows(database: Database) -> tuple[int, int]:
    with database.reading() as access:
        return len(access.rows(HOURS.select)), len(access.rows(DAYS.select))


def test_counts_are_added_to_their_hour_and_their_day(database: Database, recorder: Recorder, clock: Clock) -> None:
    for hours in (-26, -2, -2, 0, 0, 0):
        clock.now = NOW + hours * HOUR + 59
        recorder.count(list, [(VERDICTS, "hold"), (REASONS, "links")])
    assert recorder.write()
    by_hour = read(database, NOON - timedelta(hours=27), NOON + timedelta(hours=1))
    assert len(by_hour.series) == 28
    counted = {period.start: period.verdicts["hold"] for period in by_hour.series if period.verdicts["hold"]}
    assert counted == {NOON - timedelta(hours=26): 1, NOON - timedelta(hours=2): 2, NOON: 3}
    assert (by_hour.total.verdicts["hold"], by_hour.total.reasons) == (6, {"links": 6})
    by_day = read(database, NOON - timedelta(days=1), NOON, "day")
    assert [(period.start.day, period.verdicts["hold"]) for period in by_day.series] == [(14, 1), (15, 5)]
    assert by_day.total.reasons == {"links": 6}


def test_the_counts_of_several_processes_are_added_up(
    opened: Callable[[], Database], database: Database, clock: Clock
) -> None:
    for number in range(3):
        with closing(opened()) as own:
            recorder = Recorder(own, BackgroundWriter(own), clock=clock)
            for _ in range(2):
                recorder.count(
                    list, [(SHOWN, ""), (SOLVED, "image"), (SECONDS, f"image {7 + number}"), (FAILED, "code_wrong")]
                )
                assert recorder.write()
    total = read(database, NOON, NOON + timedelta(hours=1)).total
    assert (total.shown, total.solved, total.failed) == (6, {"image": 6}, {"code_wrong": 6})
    assert (total.pass_rate, total.median_seconds, total.median_by_kind) == (0.5, 8.0, {"image": 8.0})


def test_more_counts_than_one_statement_takes_are_written(database: Database, recorder: Recorder) -> None:
    for number in range(300):
        recorder.count(list, [(REASONS, f"reason_{number:03}")])
    assert recorder.write()
    assert recorder.write()
    assert rows(database) == (300, 300)
    assert sum(read(database, NOON, NOON + timedelta(hours=1)).total.reasons.values()) == 300


def test_a_slug_of_any_length_and_any_characters_is_counted(database: Database, recorder: Recorder) -> None:
    for slug in ("x" * 500, "x" * 400, "nul\0", "half \ud800", "Größe", "'; --", "a:b", "100%"):
        recorder.count(list, [(REASONS, slug)])
    assert recorder.write()
    reasons = dict(read(database, NOON, NOON + timedelta(hours=1)).total.reasons)
    assert reasons.pop("x" * 64) == 2
    assert reasons == dict.fromkeys(("'; --", "'nul\\x00'", "'half \\ud800'", "100%", "Größe", "a:b"), 1)


def test_a_span_without_counts_has_every_period_and_no_rates(database: Database, recorder: Recorder) -> None:
    for _ in range(2):
        found = read(database, NOON - timedelta(days=365), NOON, "day")
        assert len(found.series) == 366
        assert {sum(period.verdicts.values()) for period in found.series} == {0}
        assert (found.total.shown, found.total.solved, found.total.median_by_kind) == (0, {}, {})
        assert (found.total.pass_rate, found.total.median_seconds) == (None, None)
        recorder.count(list, [(SHOWN, "")])
        assert recorder.write()
        with database.writing() as access:
            access.run("DELETE FROM judge_statistics_days WHERE amount > :least", (0,))


def test_expired_hours_are_deleted_before_their_days(database: Database, recorder: Recorder, clock: Clock) -> None:
    clock.now = NOW - 35 * DAY
    recorder.count(list, [(SHOWN, "")])
    clock.now = NOW - 35 * DAY - 2 * HOUR
    recorder.count(list, [(SHOWN, "")])
    assert recorder.write()
    assert rows(database) == (2, 1)
    assert recorder.sweep(NOW) == 1
    assert recorder.sweep(NOW) == 0
    assert rows(database) == (1, 1)
    assert read(database, NOON - timedelta(days=35), NOON).total.shown == 1
    assert read(database, NOON - timedelta(days=36), NOON, "day").total.shown == 2
    assert recorder.sweep(NOW + 2 * 365 * DAY) == 2
    assert rows(database) == (0, 0)


def test_every_zone_gives_the_same_periods_of_utc(database: Database, recorder: Recorder) -> None:
    recorder.count(list, [(SHOWN, "")])
    assert recorder.write()
    whole = read(database, NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    for hours in (-12, 5.5, 14):
        zone = timezone(timedelta(hours=hours))
        since, until = (NOON - timedelta(minutes=30)).astimezone(zone), (NOON + timedelta(seconds=1)).astimezone(zone)
        assert read(database, since, until) == whole
    assert (whole.since, whole.until) == (NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert [period.start.tzinfo for period in whole.series] == [UTC, UTC]


def test_control_a_plain_upsert_loses_the_counts_of_others(
    opened: Callable[[], Database], database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("captcha_guard.statistics.recorder.ADD", {table: table.upsert() for table in (HOURS, DAYS)})
    for _ in range(3):
        with closing(opened()) as own:
            recorder = Recorder(own, BackgroundWriter(own), clock=clock)
            recorder.count(list, [(SHOWN, "")])
            assert recorder.write()
    assert read(database, NOON, NOON + timedelta(hours=1)).total.shown == 1
