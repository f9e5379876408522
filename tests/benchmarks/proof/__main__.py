"""Runs all benchmarks and rewrites the tables in the documents: ``make proof``, or ``make proof QUICK=1``.

The full run replaces each block ``<!-- proof: NAME -->`` in docs/measurements with what the step of that name printed,
and a line with the date, the command, the machine class and the versions. A step that fails, or that can't run because
something is missing, leaves its block and its plot unchanged. The quick run takes smaller samples and changes no
document: its tables and plots are in build/proof/quick.md.

``--data`` is the folder with the data that isn't in the repository (see tests/benchmarks/spam_data.py), ``--peers`` the
folder with the other captcha packages (see tests/benchmarks/peers.py). Without them, the rows about them say so. The
status is 1 if a step failed.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.proof import blocks, machine
from tests.benchmarks.proof.runner import Outcome, Result, Run, run_step
from tests.benchmarks.proof.steps import NETWORK, STEPS, Step

DOCUMENTS = machine.ROOT / "docs" / "measurements"
OUTPUT = machine.ROOT / "build" / "proof"

#: The plots' folder, beside the documents.
PLOTS = "plots"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the steps, print their results, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small samples, and no document is changed")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the folder with youtube/ and sms/")
    parser.add_argument("--peers", type=Path, metavar="FOLDER", help="the folder with the other captcha packages")
    parser.add_argument("--only", nargs="+", metavar="STEP", choices=[step.name for step in STEPS])
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the step is ended, too
    for name, folder in (("--data", given.data), ("--peers", given.peers)):
        if folder is not None and not folder.is_dir():
            parser.error(f"{name} {folder}: this folder doesn't exist")
    network = machine.ROOT / NETWORK
    found = {"--data": given.data, "--peers": given.peers, "--network": network if network.exists() else None}
    folders = {name: path.resolve() for name, path in found.items() if path is not None}
    run = Run(given.quick, OUTPUT, datetime.now(UTC).date(), machine.commit(), folders)
    return prove(chosen(STEPS, quick=given.quick, only=given.only), run, DOCUMENTS)


def chosen(steps: Sequence[Step], *, quick: bool, only: Sequence[str] | None) -> list[Step]:
    """Return the steps of a run."""
    wanted = [step for step in steps if step.quick is not None] if quick else list(steps)
    return [step for step in wanted if only is None or step.name in only]


def prove(steps: Sequence[Step], run: Run, documents: Path, run_step: Callable[[Step, Run], Outcome] = run_step) -> int:
    """Run the steps one after the other, and write their tables. Returns the exit status."""
    run.output.mkdir(parents=True, exist_ok=True)
    if (busy := machine.shared(machine.load())).endswith("too"):
        print(f"{busy}. Elapsed times will be too long: measure on a quiet machine before you commit tables of times.")
    outcomes = []
    for step in steps:
        print(f"{step.name} ...", flush=True)
        outcome = run_step(step, run)
        if outcome.result is Result.MEASURED and not run.quick:
            outcome = write(outcome, documents)
        outcomes.append(outcome)
        print(outcome, flush=True)
    summary = table(outcomes)
    if run.quick:
        report = run.output / "quick.md"
        report.write_text(quick_report(outcomes, summary, run), encoding="utf-8")
        print(f"\n{summary}\n\nThe tables are in {report}. No document was changed.")
    else:
        print(f"\n{summary}")
    return int(any(outcome.result is Result.FAILED for outcome in outcomes))


def write(outcome: Outcome, documents: Path) -> Outcome:
    """Replace the block of a step, and its plot. Returns the outcome, as failed if the document has no such block."""
    document = documents / outcome.step.document
    content = outcome.content
    if outcome.plot:
        content += f"\n\n{_shown(outcome, f'{PLOTS}/{outcome.step.name}.svg')}"
    try:
        text = blocks.replaced(document.read_text(encoding="utf-8"), outcome.step.name, content)
    except (blocks.BlockError, FileNotFoundError) as error:
        return Outcome(outcome.step, Result.FAILED, outcome.seconds, reason=f"{document.name}: {error}")
    if outcome.plot:
        (documents / PLOTS).mkdir(exist_ok=True)
        (documents / PLOTS / f"{outcome.step.name}.svg").write_text(outcome.plot, encoding="utf-8")
    document.write_text(text, encoding="utf-8")
    return outcome


def quick_report(outcomes: Sequence[Outcome], summary: str, run: Run) -> str:
    """Return the report of a quick run, and write its plots beside it."""
    parts = [f"# A quick run of {run.date}", summary]
    for outcome in outcomes:
        parts.append(f"## {outcome.step.name}")
        parts.append(outcome.content or f"{outcome.result.value.capitalize()}: {outcome.reason}.")
        if outcome.plot:
            name = f"quick-{outcome.step.name}.svg"
            (run.output / name).write_text(outcome.plot, encoding="utf-8")
            parts.append(_shown(outcome, name))
    return "\n\n".join(parts) + "\n"


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the results of the steps, as Markdown."""
    lines = ["| step | seconds | result |", "| --- | ---: | --- |", *map(str, outcomes)]
    seconds = sum(outcome.seconds for outcome in outcomes)
    return "\n".join([*lines, f"| together | {seconds:.0f} | |"])


def _shown(outcome: Outcome, address: str) -> str:
    title = outcome.step.bars.title if outcome.step.bars else outcome.step.name
    return f"![{title}]({address})"


if __name__ == "__main__":
    sys.exit(main())
