"""``flask captcha-guard strength`` and the tuning page's readings, with the real programs on a few pictures."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from captcha_guard import Difficulty
from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.cli import group
from captcha_guard.cli import tuner as tuner_module
from captcha_guard.cli.attack import ddddocr, rapidocr
from captcha_guard.cli.attack.opponent import PIP_COMMAND, AttackError, NotInstalledError, imported
from captcha_guard.cli.attack.outcome import Sample
from captcha_guard.cli.options import presets
from captcha_guard.cli.preview_renderer import PreviewRenderer
from captcha_guard.cli.reading_programs import ReadingPrograms
from captcha_guard.cli.strength import _targets
from captcha_guard.cli.tuner import make_tuner
from captcha_guard.cli.tuning import Tuning
from captcha_guard.statistics.interval import Share
from tests.integration.bare_site import make_site, state_of


@pytest.fixture
def site(tmp_path: Path) -> Flask:
    return make_site(tmp_path)


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(group, list(arguments))


@pytest.fixture
def only_tesseract(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the programs of the extra unavailable."""

    def refuse(self: object, symbols: str = "") -> None:
        raise NotInstalledError("ddddocr" if isinstance(self, ddddocr.Ddddocr) else "rapidocr", PIP_COMMAND)

    monkeypatch.setattr(ddddocr.Ddddocr, "__init__", refuse)
    monkeypatch.setattr(rapidocr.Rapidocr, "__init__", refuse)


#: A script that prints its version, and reads the same wrong text in every picture.
BLIND = '[ "$1" = --version ] && echo "tesseract 5.9.9" || sed s/.*/none/ "$1" | tr "\\n" "\\f"'


def fake_tesseract(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program of this name first in the PATH."""
    program = folder / "tesseract"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_strength_prints_every_installed_programs_result_and_interval(site: Flask) -> None:
    result = run(site, "strength", "--pictures", "2", "--difficulty", "classica")
    assert result.exit_code == 0, result.output
    assert "2 pictures of each difficulty, in today's style (160 x 30 px)." in result.output
    cells = r" +(\d) \(\d+\.0%\) +(\d) \(\d+\.0%\) +[\d.]+ to [\d.]+ %  \w"
    for program in ("ddddocr", "ddddocr-beta", "rapidocr", "rapidocr-detector", "tesseract"):
        row = re.search(rf"\nclassica +{program}{cells}", result.output)
        assert row is not None, program
        assert int(row[1]) <= int(row[2])
    assert re.search(r"\nclassica +ddddocr +2 \(100\.0%\)", result.output)
    assert "overstates what an attacker would reach" in result.output
    assert "Not installed" not in result.output


def test_strength_reports_missing_programs_and_runs_without_them(site: Flask, only_tesseract: None) -> None:
    result = run(site, "strength", "--pictures", "1", "--difficulty", "classica")
    assert result.exit_code == 0, result.output
    assert f"Not installed: ddddocr. To install it: {PIP_COMMAND}" in result.output
    assert f"Not installed: rapidocr. To install it: {PIP_COMMAND}" in result.output
    assert re.search(r"\nclassica +tesseract", result.output)


def test_strength_reports_why_an_installed_program_cannot_be_loaded(
    site: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ddddocr.py").write_text("import a_missing_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ddddocr", raising=False)
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    fake_tesseract(tmp_path, monkeypatch, BLIND)
    result = run(site, "strength", "--pictures", "1", "--difficulty", "classica")
    assert result.exit_code == 0, result.output
    sentence = "Not loaded: ddddocr can't be imported: No module named 'a_missing_library'\n"
    assert result.output.count(sentence) == 1
    assert "Not installed: ddddocr" not in result.output
    assert f"Not installed: rapidocr. To install it: {PIP_COMMAND}" in result.output
    assert re.search(r"\nclassica +tesseract", result.output)
    html = readings(site, ReadingPrograms("", ["ddddocr", "tesseract"]), monkeypatch, read="1")
    assert "ddddocr can&#39;t be imported: No module named &#39;a_missing_library&#39;" in html


@pytest.mark.parametrize("fault", ["import a_missing_library", "from json import what_json_has_not"])
def test_a_missing_dependency_is_not_reported_as_a_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    (tmp_path / "a_broken_reader.py").write_text(fault)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AttackError, match=r"^a_broken_reader can't be imported: ") as refused:
        imported("a_broken_reader")
    assert not isinstance(refused.value, NotInstalledError)
    with pytest.raises(NotInstalledError, match=r"^a-reader-that-is-missing isn't installed: pip install "):
        imported("a_reader_that_is_missing")


def test_strength_refuses_only_if_there_is_no_program(
    site: Flask, only_tesseract: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    result = run(site, "strength")
    assert result.exit_code == 2
    assert "apt install tesseract-ocr" in result.output
    assert PIP_COMMAND in result.output


def test_strength_prints_the_sizes_of_the_pictures(
    site: Flask, only_tesseract: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tesseract(tmp_path, monkeypatch, BLIND)
    result = run(site, "strength", "--pictures", "1", "--difficulty", "classica", "--difficulty", "easy")
    width, height = state_of(site).appearance.size
    assert f"in today's style (160 x 30 and {width} x {height} px)" in result.output
    assert "Read by tesseract 5.9.9." in result.output
    assert "  none\n" in result.output


def test_strength_reports_a_failing_program(
    site: Flask, only_tesseract: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tesseract(tmp_path, monkeypatch, "echo 'Failed loading language eng' >&2; exit 1")
    result = run(site, "strength", "--pictures", "1")
    assert result.exit_code == 1
    assert "Error: tesseract failed: Failed loading language eng" in result.output


def test_the_targets_are_all_presets_and_the_sites_own_difficulty(tmp_path: Path) -> None:
    own = Difficulty(lines=5)
    with make_site(tmp_path, DIFFICULTY=own).app_context():
        assert _targets(()) == {**presets(), "own": own}
        assert _targets((Difficulty.easy,)) == {"easy": Difficulty.easy}


# tune


def readings(site: Flask, programs: ReadingPrograms, monkeypatch: pytest.MonkeyPatch, **query: str) -> str:
    """Return the tuning page below its heading for the programs."""
    monkeypatch.setattr(tuner_module, "PICTURES", 1)
    monkeypatch.setattr(tuner_module, "READ_PICTURES", 2)
    with site.app_context():
        renderer = PreviewRenderer.of_this_site()
    tuner = make_tuner(renderer, Tuning.of(state_of(site).settings, Difficulty.medium), programs=programs)
    response = tuner.test_client().get("/", query_string=query)
    assert response.status_code == 200
    return response.text.partition('id="readings"')[2]


def test_the_tuning_page_lets_programs_read_pictures_of_the_settings_it_shows(
    site: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = ReadingPrograms(ALPHABET, ["ddddocr"])
    assert "<table>" not in readings(site, programs, monkeypatch, preset="classica")
    html = readings(site, programs, monkeypatch, preset="classica", read="1")
    assert re.search(r'<th scope="row">ddddocr [\d.]+</th><td>2 of 2</td><td>2 of 2</td><td>as it is, whole</td>', html)
    assert "overstates what an attacker would reach" in html


def test_the_tuning_page_shows_how_to_install_missing_programs(
    site: Flask, only_tesseract: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    html = readings(site, ReadingPrograms(""), monkeypatch, read="1")
    assert "ddddocr isn't installed" in html
    assert "<code>apt install tesseract-ocr</code>" in html
    assert "<table>" not in html


def test_programs_read_for_one_page_at_a_time(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, started, go_on = ReadingPrograms("", []), threading.Event(), threading.Event()

    def slow() -> Iterator[Sample]:
        started.set()
        go_on.wait(20)
        yield from ()

    first = threading.Thread(target=programs.read, args=[slow()])
    first.start()
    assert started.wait(20)
    assert "The programs are still reading for another request" in readings(site, programs, monkeypatch, read="1")
    go_on.set()
    first.join()
    assert "The programs are still reading for another request" not in readings(site, programs, monkeypatch, read="1")


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [(Share(0, 50), 0.0, 0.0713), (Share(5, 10), 0.2366, 0.7634), (Share(10, 10), 0.7225, 1.0)],
)
def test_the_interval_is_wilsons(share: Share, low: float, high: float) -> None:
    assert share.wilson() == pytest.approx((low, high), abs=5e-5)
