"""The blind reading: codes stay out of what the reader gets, and readings are scored as the guard would take them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.benchmarks.legibility import exam, main
from tests.benchmarks.readings import (
    Reader,
    ReadingsError,
    Shown,
    Slip,
    key_text,
    mean,
    read_key,
    read_readings,
    report,
    slips,
    whole,
)

SHOWN = [
    Shown(1, "89CD4", "easy", "site 0", "solid"),
    Shown(2, "RW39H", "easy", "site 1", "outline"),
    Shown(3, "P8RT2M", "hard", "site 0", "solid"),
]


def read(text: str) -> Reader:
    return read_readings("anna", text, SHOWN)


# Slips


@pytest.mark.parametrize(
    ("answer", "typed", "expected"),
    [
        ("89CD4", "89CD4", []),
        ("89CD4", "89RD4", [Slip("C", "R")]),
        ("89CD4", "89D4", [Slip("C", "")]),
        ("89CD4", "89CWD4", [Slip("", "W")]),
        ("89CD4", "9CD4", [Slip("8", "")]),
        ("89CD4", "89CD", [Slip("4", "")]),
        ("RW39H", "RVV39M", [Slip("", "V"), Slip("W", "V"), Slip("H", "M")]),
        ("RW", "", [Slip("R", ""), Slip("W", "")]),
    ],
)
def test_slips_are_aligned_by_the_fewest_edits(answer: str, typed: str, expected: list[Slip]) -> None:
    assert slips(answer, typed) == expected


@pytest.mark.parametrize("typed", ["p8rt2m", " P8 RT-2M", "PBRTZM", "\uff308RT2M"])
def test_what_the_guard_forgives_is_no_slip(typed: str) -> None:
    assert slips("P8RT2M", typed) == []
    assert whole(SHOWN[2:], Reader("anna", {3: typed})).hits == 1


# Readings


def test_number_and_code_are_parted_by_a_tab_or_spaces() -> None:
    assert read("1\t89CD4\n\n 2  kw3 9h \r\n3\n").typed == {1: "89CD4", 2: "kw3 9h", 3: ""}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 89CD4\n2 RW39H\n1 89CD5\n", "anna, line 3: picture 1 was read in line 1 already; keep the first"),
        ("9 89CD4", "anna, line 1: the key has no picture 9"),
        ("\n89CD4", "anna, line 2: '89CD4' does not begin with a picture's number"),
    ],
)
def test_readings_that_cannot_be_meant_are_refused_with_their_line(text: str, message: str) -> None:
    with pytest.raises(ReadingsError) as refused:
        read(text)
    assert str(refused.value) == message


def test_pictures_left_out_are_not_read_but_no_slips_either() -> None:
    told = report(SHOWN, [read("1 89CD4")])
    assert "| easy | anna | 1 of 2 | 50.0% | 9.5% to 90.5% | 0.0% (0 of 5) | 1 |" in told
    assert "| hard | anna | 0 of 1 | 0.0% | 0.0% to 79.3% | none read | 1 |" in told
    assert "No slip." in told


# The account


def test_readers_are_shown_singly_and_averaged_over_the_pictures() -> None:
    anna, boris = read("1 89CD4\n2 RW39H\n3 P8RT2M"), read_readings("boris", "1 89CD4\n2 RW3H\n3 P8RTM", SHOWN)
    told = report(SHOWN, [anna, boris])
    assert "| easy | anna | 2 of 2 | 100.0% |" in told
    assert "| easy | boris | 1 of 2 | 50.0% |" in told
    assert "| easy | mean of 2 |  | 75.0% |" in told
    assert mean([whole(SHOWN, anna), whole(SHOWN, boris)]).trials == 3


def test_confusions_are_counted_and_the_most_frequent_stands_first() -> None:
    told = report(SHOWN, [read("1 89CW4\n2 RW3RH\n3 P8RT2MM"), read_readings("boris", "1 89CW4", SHOWN)])
    rows = told[told.index("| in the picture") :].splitlines()[2:]
    assert rows[0] == "| D | W | 2 | 100.0% |"
    assert "| 9 | R | 1 | 33.3% |" in rows
    assert "| (nothing) | M | 1 |  |" in rows


def test_worst_style_stands_first() -> None:
    told = report(SHOWN, [read("1 89CD4\n2 RW\n3 P8RT2M")])
    rows = told[told.index("| style |") :].splitlines()[2:]
    assert rows == ["| site 1 | 0 of 1 |  | 0% | outline |", "| site 0 | 1 of 1 | 1 of 1 | 100% | solid |"]


def test_key_comes_back_as_it_was_written_and_other_text_is_refused() -> None:
    assert read_key(key_text(SHOWN)) == SHOWN
    for text in ("", "1\t89CD4\n", key_text(SHOWN) + "4\tX\n"):
        with pytest.raises(ReadingsError, match="this is no key"):
            read_key(text)


# What the reader gets


def test_each_level_has_its_count_spread_evenly_over_the_styles() -> None:
    made = [shown for shown, _ in exam(["easy", "hard"], count=6, styles=3, seed="one")]
    assert [one.number for one in made] == list(range(1, 13))
    assert {one.style: sum(other.style == one.style for other in made) for one in made} == dict.fromkeys(
        ("one 0", "one 1", "one 2"), 4
    )
    assert sum(one.level == "easy" for one in made) == 6
    assert len({one.answer for one in made}) == 12
    assert made == [shown for shown, _ in exam(["easy", "hard"], count=6, styles=3, seed="one")]


@pytest.mark.parametrize("how", [[], ["--single"]])
def test_nothing_that_the_reader_gets_holds_a_code(tmp_path: Path, how: list[str]) -> None:
    out, key = tmp_path / "out", tmp_path / "key.tsv"
    main(["draw", "--out", str(out), "--key", str(key), "--count", "8", "--styles", "4", "--levels", "easy", *how])
    shown = read_key(key.read_text(encoding="utf-8"))
    files = sorted(out.iterdir())
    assert [path.name for path in files] == (
        [f"{number:03}.png" for number in range(1, 9)] if how else ["sheet-01.png"]
    )
    for path in files:
        octets = path.read_bytes()
        picture = Image.open(io.BytesIO(octets))
        assert picture.info == {}
        assert not any(one.answer.encode() in octets or one.style.encode() in octets for one in shown)
        assert not how or picture.size == (240, 120)


def test_key_where_the_reader_sees_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["draw", "--out", str(tmp_path), "--key", str(tmp_path / "deep" / "key.tsv"), "--count", "1"])
    assert "put the key elsewhere" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_pictures_and_keys_of_before_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, key = tmp_path / "out", tmp_path / "key.tsv"
    key.write_text("of before", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["draw", "--out", str(out), "--key", str(key), "--count", "1", "--levels", "easy"])
    assert "take a new folder and a new key" in capsys.readouterr().err
    assert key.read_text(encoding="utf-8") == "of before"


def test_drawn_pictures_can_be_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, readings = tmp_path / "key.tsv", tmp_path / "anna.txt"
    main(["draw", "--out", str(tmp_path / "out"), "--key", str(key), "--count", "2", "--levels", "easy"])
    shown = read_key(key.read_text(encoding="utf-8"))
    readings.write_text("".join(f"{one.number}\t{one.answer.lower()}\n" for one in shown), encoding="utf-8")
    main(["score", "--key", str(key), "--readings", str(readings)])
    assert "| easy | anna | 2 of 2 | 100.0% |" in capsys.readouterr().out
