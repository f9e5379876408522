"""The legibility benchmark: models don't get the codes, and readings are compared as the guard compares them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.benchmarks.legibility import exam, main, sheet
from tests.benchmarks.readings import (
    Model,
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
    Shown(3, "P8RT2M", "medium", "site 0", "solid"),
]


def read(text: str) -> Model:
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
def test_differences_that_the_guard_ignores_are_not_slips(typed: str) -> None:
    assert slips("P8RT2M", typed) == []
    assert whole(SHOWN[2:], Model("anna", {3: typed})).hits == 1


# Readings


def test_number_and_code_are_separated_by_a_tab_or_spaces() -> None:
    assert read("1\t89CD4\n\n 2  kw3 9h \r\n3\n").typed == {1: "89CD4", 2: "kw3 9h", 3: ""}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 89CD4\n2 RW39H\n1 89CD5\n", "anna, line 3: picture 1 was read in line 1 already; keep the first"),
        ("9 89CD4", "anna, line 1: the key has no picture 9"),
        ("\n89CD4", "anna, line 2: '89CD4' does not begin with a picture's number"),
    ],
)
def test_invalid_readings_are_refused_with_their_line(text: str, message: str) -> None:
    with pytest.raises(ReadingsError) as refused:
        read(text)
    assert str(refused.value) == message


def test_pictures_left_out_are_neither_read_nor_slips() -> None:
    text = report(SHOWN, [read("1 89CD4")])
    assert "| easy | anna | 1 of 2 | 50.0% | 9.5% to 90.5% | 0 | 0 | 0.0% (0 of 5) | 1 |" in text
    assert "| medium | anna | 0 of 1 | 0.0% | 0.0% to 79.3% | 0 | 0 | none read | 1 |" in text
    assert "No slip." in text


# The report


def test_models_are_reported_separately_and_as_a_mean() -> None:
    anna, boris = read("1 89CD4\n2 RW39H\n3 P8RT2M"), read_readings("boris", "1 89CD4\n2 RW3H\n3 P8RTM", SHOWN)
    text = report(SHOWN, [anna, boris])
    assert "| easy | anna | 2 of 2 | 100.0% |" in text
    assert "| easy | boris | 1 of 2 | 50.0% |" in text
    assert "| easy | mean of 2 |  | 75.0% |" in text
    assert mean([whole(SHOWN, anna), whole(SHOWN, boris)]).trials == 3


def test_confusions_are_counted_and_the_most_frequent_comes_first() -> None:
    text = report(SHOWN, [read("1 89CW4\n2 RW3RH\n3 P8RT2MM"), read_readings("boris", "1 89CW4", SHOWN)])
    rows = text[text.index("| in the picture") :].splitlines()[2:]
    assert rows[0] == "| D | W | 2 | 100.0% |"
    assert "| 9 | R | 1 | 33.3% |" in rows
    assert "| (nothing) | M | 1 |  |" in rows


def test_any_of_several_right_codes_is_read_and_slips_are_counted_against_the_first() -> None:
    shown = [Shown(1, "89CD4|9CD48", "easy", "site 0", "solid"), Shown(2, "RW39H", "easy", "site 0", "solid")]
    for right in ("89cd4", "9CD\n48"):
        assert whole(shown, Model("anna", {1: right})) == (1, 2)
        assert "No slip." in report(shown, [Model("anna", {1: right})])
    text = report(shown, [Model("anna", {1: "9CD58", 2: "RW39H"})])
    assert "| easy | anna | 1 of 2 | 50.0% | 9.5% to 90.5% | 1 | 0 | 30.0% (3 of 10) | 0 |" in text
    assert whole(shown, Model("anna", {1: "89CD4|9CD48"})).hits == 0
    assert read_key(key_text(shown)) == shown


def test_the_right_symbols_in_another_order_are_counted_as_misread_in_another_order() -> None:
    text = report(SHOWN, [read("1 C489D\n2 RW39M\n3 p8rmt2")])
    assert "| easy | anna | 0 of 2 | 0.0% | 0.0% to 65.8% | 2 | 1 | 10.0% (1 of 10) | 0 |" in text
    assert "| medium | anna | 0 of 1 | 0.0% | 0.0% to 79.3% | 1 | 1 | 0.0% (0 of 6) | 0 |" in text
    assert text[text.index("| in the picture") :].splitlines()[2:4] == ["| H | M | 1 | 100.0% |", ""]


def test_styles_and_looks_are_reported_separately_and_the_worst_comes_first() -> None:
    shown = [*SHOWN, Shown(4, "TW628", "medium", "site 0", "outline")]
    text = report(shown, [Model("anna", {1: "89CD4", 2: "RW", 3: "P8RT2M", 4: "TW628"})])
    styles = text[text.index("| style |") : text.index("\n\n## By look")].splitlines()[2:]
    assert styles == ["| site 1 | 0 of 1 |  | 0% |", "| site 0 | 1 of 1 | 2 of 2 | 100% |"]
    looks = text[text.index("| look |") :].splitlines()[2:]
    assert looks == ["| outline | 0 of 1 | 1 of 1 | 50% |", "| solid | 1 of 1 | 1 of 1 | 100% |"]


def test_a_key_can_be_read_again_and_other_text_is_refused() -> None:
    assert read_key(key_text(SHOWN)) == SHOWN
    for text in ("", "1\t89CD4\n", key_text(SHOWN) + "4\tX\n", key_text([SHOWN[0]._replace(answer="89CD4|")])):
        with pytest.raises(ReadingsError, match="this is no key"):
            read_key(text)


# What the models get


def test_each_level_has_its_count_spread_evenly_over_the_styles() -> None:
    made = [shown for shown, _ in exam(["easy", "medium"], count=6, styles=3, seed="one")]
    assert [one.number for one in made] == list(range(1, 13))
    assert {one.style: sum(other.style == one.style for other in made) for one in made} == dict.fromkeys(
        ("one 0", "one 1", "one 2"), 4
    )
    assert sum(one.level == "easy" for one in made) == 6
    assert len({one.answer for one in made}) == 12
    assert made == [shown for shown, _ in exam(["easy", "medium"], count=6, styles=3, seed="one")]


@pytest.mark.parametrize("scale", [1, 2])
def test_sheets_show_the_pictures_px_for_px_and_fit_every_viewer(tmp_path: Path, scale: int) -> None:
    out = tmp_path / "out"
    drawn = {"count": 20, "styles": 4, "seed": "one", "scale": scale}
    given = [text for name, value in drawn.items() for text in (f"--{name}", str(value))]
    main(["draw", "--out", str(out), "--key", str(tmp_path / "key.tsv"), "--levels", "easy", "classica", *given])
    sheets = [Image.open(io.BytesIO(path.read_bytes())) for path in sorted(out.iterdir())]
    assert len(sheets) == (4 if scale == 1 else 7)
    assert all(sheet.width <= 1100 and sheet.height <= 1000 for sheet in sheets)
    wanted = [numbered for _, numbered in exam(["easy", "classica"], **drawn)]  # type: ignore[arg-type]
    first = Image.open(io.BytesIO(wanted[0].png)).convert("RGB")
    left, top = 16 + 44, 16
    assert sheets[0].crop((left, top, left + first.width, top + first.height)).tobytes() == first.tobytes()
    assert {Image.open(io.BytesIO(one.png)).size for one in wanted} == {
        (240 * scale, 120 * scale), (160 * scale, 30 * scale)
    }  # fmt: skip


def test_a_sheet_that_viewers_would_scale_down_is_refused() -> None:
    pictures = [numbered for _, numbered in exam(["easy"], count=4, styles=1, seed="one")]
    with pytest.raises(ReadingsError, match="a sheet of 4 x 1 pictures is 1216 x 152 px; 1100 x 1000 px are allowed"):
        sheet(pictures, columns=4)


@pytest.mark.parametrize("how", [[], ["--single"]])
def test_nothing_that_the_model_gets_contains_a_code(tmp_path: Path, how: list[str]) -> None:
    out, key = tmp_path / "out", tmp_path / "key.tsv"
    main(["draw", "--out", str(out), "--key", str(key), "--count", "8", "--styles", "4", "--levels", "easy", *how])
    shown = read_key(key.read_text(encoding="utf-8"))
    files = sorted(out.iterdir())
    assert [path.name for path in files] == (
        [f"{number:03}.png" for number in range(1, 9)] if how else ["sheet-01.png"]
    )
    for path in files:
        content = path.read_bytes()
        picture = Image.open(io.BytesIO(content))
        assert picture.info == {}
        assert not any(one.answer.encode() in content or one.style.encode() in content for one in shown)
        assert not how or picture.size == (240, 120)


def test_a_key_in_the_models_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["draw", "--out", str(tmp_path), "--key", str(tmp_path / "deep" / "key.tsv"), "--count", "1"])
    assert "put the key elsewhere" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_existing_pictures_and_keys_are_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
    typed = [one.answer.split("|")[-1].lower() for one in shown]  # the last of the right orders
    lines = [f"{one.number}\t{code}\n" for one, code in zip(shown, typed, strict=True)]
    readings.write_text("".join(lines), encoding="utf-8")
    main(["score", "--key", str(key), "--readings", str(readings)])
    assert "| easy | anna | 2 of 2 | 100.0% |" in capsys.readouterr().out
