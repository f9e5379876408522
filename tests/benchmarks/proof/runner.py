"""Runs one step in its own process, and makes the content of its block from what it prints."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path

from tests.benchmarks.proof import machine
from tests.benchmarks.proof.plots import PlotError
from tests.benchmarks.proof.steps import Step

#: The seconds after which a step of the quick run is stopped.
QUICK_LIMIT = 600.0


class Result(Enum):
    """The result of a step."""

    MEASURED = "measured"
    MISSING = "not measured"
    FAILED = "failed"


@dataclass(frozen=True)
class Run:
    """What all steps of a run share: its kind, its date, its output folder, and the folders that steps may get.

    ``folders`` has the folders, or the file, of the options ``--data``, ``--peers`` and ``--network`` that are given.
    """

    quick: bool
    output: Path
    date: date
    commit: str = ""
    folders: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """The result of a step. ``reason`` says why it wasn't measured. ``content`` is its block, ``plot`` its SVG."""

    step: Step
    result: Result
    seconds: float = 0.0
    reason: str = ""
    content: str = ""
    plot: str = ""

    def __str__(self) -> str:
        what = f"{self.result.value}: {self.reason}" if self.reason else self.result.value
        return f"| {self.step.name} | {self.seconds:.0f} | {what} |"


def run_step(step: Step, run: Run) -> Outcome:
    """Run a step, unless something that it needs is missing."""
    if missing := [name for name in step.needs if machine.installed(name) is None]:
        return Outcome(step, Result.MISSING, reason=f"{' and '.join(missing)} isn't installed")
    if step.needs_data and "--data" not in run.folders:
        return Outcome(step, Result.MISSING, reason="the data isn't in the repository; name its folder: DATA=folder")
    load, began = machine.load(), time.monotonic()
    failure = _executed(step, run)
    seconds = time.monotonic() - began
    printed = _file(step, run, "md").read_text(encoding="utf-8").strip()
    if not failure and not printed:
        failure = "it printed nothing"
    plot = ""
    if not failure and step.bars is not None:
        try:
            plot = step.bars.drawn(printed)
        except PlotError as error:
            failure = f"no plot: {error}"
    if failure:
        log = _file(step, run, "log")
        return Outcome(step, Result.FAILED, seconds, reason=f"{failure}; its errors are in {log.name}")
    content = f"{provenance(step, run, load)}\n\n{printed}"
    return Outcome(step, Result.MEASURED, seconds, content=content, plot=plot)


def provenance(step: Step, run: Run, load: float) -> str:
    """Return a line with the date, the command, the machine class, the versions and the load of a measurement."""
    options = [part for name in _folders(step, run) for part in (name, name.removeprefix("--").upper())]
    command = " ".join(_quoted(part) for part in ["python", *step.command(quick=run.quick, folders=options)])
    kind = "Quick run, less accurate than the table in the document. " if run.quick else ""
    commit = f" ({run.commit})" if run.commit else ""
    return (
        f"*{kind}Measured on {run.date} with `{command}`{commit}. {machine.machine()}; {machine.shared(load)}. "
        f"{machine.versions(step.named)}.*"
    )


def _executed(step: Step, run: Run) -> str:
    """Run the command, with its output in files. Returns why it failed, or an empty text."""
    folders = [part for name, folder in _folders(step, run).items() for part in (name, str(folder))]
    command = [sys.executable, *step.command(quick=run.quick, folders=folders)]
    limit = min(QUICK_LIMIT, step.limit) if run.quick else step.limit
    variables = {**os.environ, "PATH": machine.search_path(), "PYTHONPATH": str(machine.ROOT)}
    run.output.mkdir(parents=True, exist_ok=True)
    with _file(step, run, "md").open("w") as printed, _file(step, run, "log").open("w") as errors:
        process = subprocess.Popen(
            command, stdout=printed, stderr=errors, cwd=machine.ROOT, env=variables, start_new_session=True
        )
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            return f"it was stopped after {limit:.0f} s"
        finally:
            _end(process)
    return f"it ended with status {status}" if status else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process, if it still runs, and the servers that it left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _folders(step: Step, run: Run) -> dict[str, Path]:
    wanted = {"--data": step.data, "--peers": step.peers, "--network": step.network}
    return {name: folder for name, folder in run.folders.items() if wanted[name]}


def _file(step: Step, run: Run, kind: str) -> Path:
    return run.output / f"{'quick-' if run.quick else ''}{step.name}.{kind}"


def _quoted(part: str) -> str:
    return f'"{part}"' if " " in part else part
