"""Records are stored and read the same in every database, in the order of time, and expire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.database.background_writer import BackgroundWriter
from captcha_guard.database.database import Database
from captcha_guard.replay import records as records_module
from captcha_guard.replay.record import COLUMNS, TABLE, Found, Record, circumstances_of, findings_of, id_of, row_of
from captcha_guard.replay.records import DAY, RETENTION, Records
from captcha_guard.spam.code_demand import CodeState
from captcha_guard.spam.verdict import Action

NOW = 1_800_000_000.0
SECRET = b"sixteen bytes ..."


def record(number: int = 0, **more: Any) -> Record:
    given: dict[str, Any] = {
        "judged_at": NOW + number,
        "id": f"id{number}",
        "client": f"{number:032x}",
        "networks": ("a" * 32,),
        "scope": b"12345678",
        "mark": f"{number:032x}",
        "action": Action.HOLD,
        "chance": None,
        "findings": (Found("links", 30, Action.HOLD),),
        "reason": "",
        "code": CodeState("always", moderated=True, solved=True),
    }
    return Record(**{**given, **more})


def read_again(one: Record) -> tuple[Any, ...]:
    """Return what a replay reads of a record."""
    row = dict(zip(TABLE.columns, row_of(one, ""), strict=True))
    return tuple(id_of(row[name]) if name == "id" else row[name] for name in COLUMNS)


@pytest.fixture
def records(database: Database) -> Iterator[Records]:
    writer = BackgroundWriter(database, every=3_600)
    yield Records(database, writer, secret=SECRET)
    writer.stop()


def test_records_are_read_as_they_were_written_in_the_order_of_time(
    records: Records, opened: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_module, "_PAGE", 3)
    written = [record(number % 4, id=f"id{number}", chance=number / 10) for number in range(11)]
    for one in written:
        records.add(one)
    in_order = [read_again(one) for one in sorted(written, key=lambda one: (one.judged_at, one.id))]
    assert list(records.read(NOW, NOW + 10)) == in_order
    with closing(opened()) as other:
        again = Records(other, BackgroundWriter(other, every=3_600), secret=SECRET)
        assert list(again.read(NOW + 1, NOW + 3)) == [one for one in in_order if NOW < one[0] < NOW + 3]


def test_several_posts_without_an_id_at_one_time_are_all_kept(records: Records) -> None:
    refused = record(id="", mark="", client="shared", networks=(), findings=(Found("limited", 0, Action.REJECT),))
    for _ in range(3):
        records.add(refused)
    read = list(records.read(NOW, NOW + 1))
    assert len({name for _, name, *_ in read}) == 3
    assert [(NOW, id_of(name), *rest) for _, name, *rest in read] == [read_again(refused)] * 3


def test_all_records_of_a_comment_are_forgotten(records: Records) -> None:
    for number, mark in enumerate(["a" * 32, "b" * 32, "a" * 32]):
        records.add(record(number, mark=mark))
    assert records.forget("", "a" * 32, now=NOW + 10) == 2
    assert records.forget("", "a" * 32, now=NOW + 10) == 0
    assert [name for _, name, *_ in records.read(NOW, NOW + 9)] == ["id1"]
    assert records.forget("id1", "", now=NOW + 10) == 1
    assert records.forget("unknown", "", now=NOW + 10) == 0
    assert list(records.read(NOW, NOW + 9)) == []


def test_a_record_that_another_process_writes_after_its_comment_was_forgotten_is_left_out(
    records: Records, opened: Callable[[], Database]
) -> None:
    records.add(record(2))
    assert records.forget("id2", "", now=NOW + 2) == 1
    with closing(opened()) as other:
        late = Records(other, BackgroundWriter(other, every=3_600), secret=SECRET)
        late.add(record(0, mark="a" * 32))
        late.add(record(1, mark="b" * 32))
        assert records.forget("", "a" * 32, now=NOW + 2) == 0
        late.add(record(3, mark="a" * 32))  # posted again
        assert [name for _, name, *_ in late.read(NOW, NOW + 9)] == ["id1", "id3"]
        assert late.sweep(NOW + DAY + 2) == 2


def test_records_expire_after_60_days_and_the_oldest_go_first_if_there_are_too_many(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        records.add(record(number))
    assert len(list(records.read(NOW, NOW + 9))) == 6
    assert records.sweep(NOW + 60 * DAY) == 1
    monkeypatch.setattr(RETENTION, "most", 3)
    assert records.sweep(NOW) == 2
    assert [name for _, name, *_ in records.read(0, NOW + 9)] == ["id3", "id4", "id5"]


def test_a_finding_of_a_wrong_type_is_dropped_and_the_others_are_kept(
    records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    broken: Any = record(1, findings=(Found("links", object()),))  # type: ignore[arg-type]
    records.add(broken)
    records.add(record(2))
    assert [name for _, name, *_ in records.read(NOW, NOW + 9)] == ["id2"]
    assert "the submission id1 could not be recorded" in caplog.text


KEYS = st.binary(min_size=16, max_size=16).map(bytes.hex)
FOUND = st.builds(
    Found,
    st.text(max_size=20),
    st.integers(-100, 1000),
    st.sampled_from(Action),
    st.booleans(),
    st.booleans(),
    st.none() | st.integers(0, 100),
)


@given(
    st.builds(
        Record,
        st.floats(0, 4e9),
        st.just("") | st.text("abcXYZ012_-", min_size=22, max_size=22),
        KEYS | st.just("shared"),
        st.lists(KEYS, max_size=2).map(tuple),
        st.binary(min_size=8, max_size=8),
        KEYS | st.just(""),
        st.sampled_from(Action),
        st.none() | st.floats(0, 1),
        st.lists(FOUND, max_size=5).map(tuple),
        st.sampled_from(["", "code_wrong", "token_expired"]),
        st.builds(CodeState, st.sampled_from(["off", "suspicious", "always"]), *[st.booleans()] * 5),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.sampled_from([None, False, True]),
    )
)
def test_a_row_has_all_of_its_record(one: Record) -> None:
    row = dict(zip(TABLE.columns, row_of(one, "1"), strict=True))
    assert (row["judged_at"], id_of(row["id"]), row["action"], row["chance"]) == (
        one.judged_at,
        one.id,
        one.action,
        one.chance,
    )
    assert findings_of(row["findings"]) == one.findings
    assert circumstances_of(row["flags"]) == (one.code, one.shadow, one.counted, one.limited, one.code_helps)
    assert row["client"].hex() == one.client.replace("shared", "")
    assert row["networks"].hex() == "".join(one.networks)
    assert (row["mark"] or b"").hex() == one.mark
