"""``make proof`` replaces the right block, changes nothing after a failure, and says what was measured and how."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks.proof import machine, runner
from tests.benchmarks.proof.__main__ import chosen, main, prove
from tests.benchmarks.proof.blocks import BlockError, names, replaced
from tests.benchmarks.proof.plots import Bars, PlotError
from tests.benchmarks.proof.runner import Outcome, Result, Run, provenance, run_step
from tests.benchmarks.proof.steps import STEPS, Step
from tests.servers import wait_until

ROOT = Path(__file__).parents[2]
MEASUREMENTS = ROOT / "docs" / "measurements"

DOCUMENT = """# Speed

Before.

<!-- proof: first -->
old
<!-- end of proof -->

Between.

<!-- proof: second -->
<!-- end of proof -->
"""

TABLE = """\
| picture | ms |
| --- | ---: |
| captcha_guard & ours | 1.5 |
| other | 1,200 ms |
| missing | not measured |
"""


def a_step(**changes: Any) -> Step:
    return Step(**{"name": "first", "document": "speed.md", "module": "a_benchmark", "quick": (), **changes})


def a_run(folder: Path, *, quick: bool = False, **folders: Path) -> Run:
    given = {f"--{name}": path for name, path in folders.items()}
    return Run(quick, folder / "build", date(2026, 11, 29), "commit 0123456789", given)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "measurements"
    folder.mkdir()
    (folder / "speed.md").write_text(DOCUMENT)
    return folder


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that a step runs in place of a benchmark."""
    file = tmp_path / "program.py"
    monkeypatch.setattr(Step, "command", lambda _, **__: [str(file)])
    return file


# Blocks


def test_only_the_named_block_is_replaced() -> None:
    text = replaced(DOCUMENT, "first", "\nnew | table\n\n")
    assert text == DOCUMENT.replace("old", "new | table")
    assert names(text) == ["first", "second"]
    assert replaced(text, "first", "new | table") == text


def test_text_that_looks_like_a_group_of_a_regular_expression_is_kept() -> None:
    assert r"\1 \g<name>" in replaced(DOCUMENT, "first", r"\1 \g<name>")


@pytest.mark.parametrize("name", ["third", "firs", "first -->"])
def test_an_unknown_block_is_an_error(name: str) -> None:
    with pytest.raises(BlockError, match=f"the document has 0 blocks <!-- proof: {name} -->; it needs one"):
        replaced(DOCUMENT, name, "new")


def test_two_blocks_of_one_name_are_an_error() -> None:
    with pytest.raises(BlockError, match="2 blocks"):
        replaced(DOCUMENT.replace("second", "first"), "first", "new")


@pytest.mark.parametrize("lost", ["<!-- proof: second -->", "<!-- end of proof -->\n"])
def test_a_marker_without_a_partner_is_an_error(lost: str) -> None:
    with pytest.raises(BlockError, match="has no partner"):
        names(DOCUMENT.replace(lost, "", 1))


def test_content_with_a_marker_is_refused() -> None:
    with pytest.raises(BlockError, match="has markers"):
        replaced(DOCUMENT, "first", "new\n<!-- end of proof -->\nmore")


# The documents and the steps


def test_each_step_has_its_block_and_each_block_its_step() -> None:
    found = {(path.name, name) for path in MEASUREMENTS.glob("*.md") for name in names(path.read_text())}
    assert found == {(step.document, step.name) for step in STEPS if (MEASUREMENTS / step.document).exists()}
    assert len({step.name for step in STEPS}) == len(STEPS)


def test_each_block_says_when_or_how_it_was_measured() -> None:
    for path in MEASUREMENTS.glob("*.md"):
        for block in re.findall(r"<!-- proof: .*? -->\n(.*?)<!-- end of proof -->", path.read_text(), re.DOTALL):
            assert "python -m tests.benchmarks." in block or "cores" in block, block[:90]


def test_no_document_has_a_table_of_a_quick_run() -> None:
    assert [path.name for path in MEASUREMENTS.glob("*.md") if "*Quick run" in path.read_text()] == []


def test_the_command_of_each_step_exists() -> None:
    documented = [step for step in STEPS if (MEASUREMENTS / step.document).exists()]
    folder = ROOT / "tests" / "benchmarks"
    files = [[folder / f"{step.module}.py", folder / step.module / "__main__.py"] for step in documented]
    assert [paths for paths in files if not any(path.exists() for path in paths)] == []


# Runs


def test_the_output_of_a_step_becomes_its_block(tmp_path: Path, documents: Path, program: Path) -> None:
    program.write_text(f"print({TABLE!r})")
    step = a_step(bars=Bars("Time", value=1))
    assert prove([step], a_run(tmp_path), documents) == 0
    text = (documents / "speed.md").read_text()
    assert f"commit 0123456789). {machine.machine()}" in text
    assert f"{TABLE.strip()}\n\n![Time](plots/first.svg)\n<!-- end of proof -->\n\nBetween." in text
    assert (documents / "plots/first.svg").read_text() == step.bars.drawn(TABLE)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("print('half a table'); raise SystemExit(3)", "it ended with status 3"),
        ("pass", "it printed nothing"),
        ("print('no table')", "no plot: the text has no table"),
    ],
)
def test_a_step_that_fails_leaves_its_document_unchanged(
    tmp_path: Path, documents: Path, program: Path, source: str, reason: str
) -> None:
    program.write_text(source)
    step = a_step(bars=Bars("Time", value=1))
    assert prove([step], a_run(tmp_path), documents) == 1
    assert (documents / "speed.md").read_text() == DOCUMENT
    assert str(run_step(step, a_run(tmp_path))).endswith(f"| failed: {reason}; its errors are in first.log |")


def test_a_step_is_stopped_with_its_children_after_its_limit(tmp_path: Path, program: Path) -> None:
    program.write_text(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    outcome = run_step(a_step(limit=2.0), a_run(tmp_path))
    assert outcome.result is Result.FAILED
    assert "it was stopped after 2 s" in outcome.reason
    wait_until(lambda: ended(int((tmp_path / "build/first.md").read_text())), "the end of the child")


def ended(process: int) -> bool:
    """Return whether a process is gone, or dead and only not yet waited for."""
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().split()[2] == "Z"


def test_the_other_steps_run_after_one_has_failed(tmp_path: Path, documents: Path) -> None:
    steps = [a_step(), a_step(name="second")]

    def ran(step: Step, run: Run) -> Outcome:
        if step.name == "first":
            return Outcome(step, Result.FAILED, reason="it ended with status 1")
        return Outcome(step, Result.MEASURED, 1.0, content="a table")

    assert prove(steps, a_run(tmp_path), documents, ran) == 1
    assert (documents / "speed.md").read_text() == replaced(DOCUMENT, "second", "a table")


def test_a_document_without_the_block_is_a_failure(tmp_path: Path, documents: Path, program: Path) -> None:
    program.write_text("print('a table')")
    assert prove([a_step(name="third")], a_run(tmp_path), documents) == 1
    assert prove([a_step(document="missing.md")], a_run(tmp_path), documents) == 1
    assert (documents / "speed.md").read_text() == DOCUMENT


def test_a_quick_run_changes_no_document(tmp_path: Path, documents: Path, program: Path) -> None:
    program.write_text(f"print({TABLE!r})")
    assert prove([a_step(bars=Bars("Time", value=1))], a_run(tmp_path, quick=True), documents) == 0
    assert [path.name for path in documents.rglob("*")] == ["speed.md"]
    assert (documents / "speed.md").read_text() == DOCUMENT
    report = (tmp_path / "build/quick.md").read_text()
    assert "*Quick run, less accurate than the table in the document. Measured on 2026-11-29" in report
    assert TABLE.strip() in report
    assert (tmp_path / "build/quick-first.svg").exists()


# What is missing


def test_a_step_without_its_program_is_not_measured(tmp_path: Path, documents: Path) -> None:
    step = a_step(needs=("Python", "no-such-package"))
    assert prove([step], a_run(tmp_path), documents) == 0
    assert (documents / "speed.md").read_text() == DOCUMENT
    assert run_step(step, a_run(tmp_path)).reason == "no-such-package isn't installed"
    assert prove([step], a_run(tmp_path, quick=True), documents) == 0
    assert "Not measured: no-such-package isn't installed." in (tmp_path / "build/quick.md").read_text()


def test_a_step_that_measures_only_the_data_is_not_measured_without_it(tmp_path: Path, program: Path) -> None:
    program.write_text("print('a table')")
    step = a_step(data=True, needs_data=True)
    assert run_step(step, a_run(tmp_path)).reason.endswith("name its folder: DATA=folder")
    assert run_step(step, a_run(tmp_path, data=tmp_path)).result is Result.MEASURED


@pytest.mark.parametrize("module", ["technical", "families"])
def test_rows_about_the_data_say_that_it_is_missing(module: str) -> None:
    program = [sys.executable, "-m", f"tests.benchmarks.{module}"]
    printed = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "not measured: the data isn't in the repository" in printed.lower()


# Provenance


def test_the_provenance_has_date_command_machine_versions_and_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    step = a_step(arguments=("--only", "two words"), data=True, versions=("Flask", "no-such-package"))
    line = provenance(step, a_run(tmp_path, data=tmp_path, peers=tmp_path), 4.8)
    assert line.startswith(
        '*Measured on 2026-11-29 with `python -m tests.benchmarks.a_benchmark --only "two words" --data DATA` '
        "(commit 0123456789). 2 cores of "
    )
    assert "; load average 4.8 on 2 cores at the start: other programs used the cores, too. Python 3." in line
    assert re.search(r"Flask 3\.\d+\.\d+, no-such-package \(not installed\)\.\*$", line)
    assert str(tmp_path) not in line
    assert "too" not in provenance(step, a_run(tmp_path), 0.3)


def test_the_machine_is_named_by_its_class() -> None:
    assert re.fullmatch(r"\d+ cores of .+, \d+ GiB of memory, \w+ \d+\.\d+(, .+)?", machine.machine())
    assert platform.node() not in machine.machine().split()


# Plots


def test_bars_are_as_long_as_their_numbers_and_names_are_escaped() -> None:
    svg = ET.fromstring(Bars("Time & size", value=1, unit="ms").drawn(TABLE))  # noqa: S314 - our own text
    space = "{http://www.w3.org/2000/svg}"
    assert [bar.get("class") for bar in svg.iter(f"{space}rect")] == ["ours", None]
    short, long = (float(bar.get("width", "")) for bar in svg.iter(f"{space}rect"))
    assert long == 340
    assert short == 1
    texts = [text.text for text in svg.iter(f"{space}text")]
    assert texts == ["Time & size", "captcha_guard & ours", "1.5 ms", "other", "1200 ms"]


def test_plots_have_colours_for_dark_pages() -> None:
    assert "@media (prefers-color-scheme: dark)" in Bars("Time", value=1).drawn(TABLE)


@pytest.mark.parametrize("text", ["no table", "| a | b |\n| --- | --- |\n| x | none |\n"])
def test_a_plot_without_numbers_is_an_error(text: str) -> None:
    with pytest.raises(PlotError):
        Bars("Time", value=1).drawn(text)


# The commands


def test_the_quick_run_has_the_eight_benchmarks_of_the_claims() -> None:
    quick = {step.module for step in chosen(STEPS, quick=True, only=None)}
    assert quick == {"render", "ocr", "legibility", "guard", "counters", "load", "spam", "bots"}
    assert chosen(STEPS, quick=False, only=None) == list(STEPS)
    assert [step.name for step in chosen(STEPS, quick=False, only=["guard"])] == ["guard"]


@pytest.mark.parametrize(
    ("given", "expected", "torch"),
    [
        ([], "--peers build/bench/peers", True),
        (["QUICK=1"], "--peers build/bench/peers --quick", False),
        (["DATA=my data", "ONLY=guard load"], '--peers build/bench/peers --data "my data" --only guard load', False),
        (["ONLY=network"], "--peers build/bench/peers --only network", True),
    ],
)
def test_make_proof_passes_its_settings_on_and_installs_what_they_need(
    given: list[str], expected: str, torch: bool
) -> None:
    command = ["make", "--dry-run", "--always-make", "proof", *given]
    # Without what the make that runs the tests hands on to another one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    last = " ".join(printed.splitlines()[-1].split())
    assert last == f"build/bench/venv/bin/python -m tests.benchmarks.proof {expected}"
    assert ("'.[network]'" in printed) is torch


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--data", str(tmp_path / "missing")])
    assert refused.value.code == 2
    assert "this folder doesn't exist" in capsys.readouterr().err


def test_a_quick_step_has_at_most_ten_minutes() -> None:
    assert runner.QUICK_LIMIT == 600
