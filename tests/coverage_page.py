"""Prints docs/measurements/coverage.md from a report of coverage. Fails if branch coverage is below the target."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

#: The least share of branches of captcha_guard that the tests must take, in percent.
TARGET: Final = 95.0

PACKAGES: Final = ("captcha_guard", "demo_blog")

HEAD: Final = """# Coverage of the tests

`make coverage` runs the tests with [coverage](https://coverage.readthedocs.io). It records the lines and branches that
they take, also in the servers and processes that they start. It prints this page, and fails if the tests take fewer
than {target:g} % of the branches of captcha_guard. A branch is a jump from an `if`, a loop or a `match` to one of the
lines that can follow.

Measured on {date} with coverage {version} and Python {python}, and with the tests in {tests}.
The figures are lower bounds: a process that is killed can't report what it did.

| package | lines | branches |
| --- | ---: | ---: |
"""

MISSING: Final = """
## What the tests don't reach

A branch `12->15` is a jump from line 12 to line 15, and `12->exit` one out of the function.

| file | lines | branches |
| --- | --- | --- |
"""

Report = Mapping[str, Any]


def main() -> int:
    """Print the page. Returns 1 if the coverage is below the target."""
    parser = argparse.ArgumentParser(prog="python -m tests.coverage_page", description=__doc__)
    parser.add_argument("report", type=Path, help="the file that coverage json has written")
    parser.add_argument("tests", nargs="+", help="the folders or files of the tests that ran")
    arguments = parser.parse_args()
    report = json.loads(arguments.report.read_text())
    files: Mapping[str, Report] = report["files"]
    folders = ", ".join(f"`{folder}`" for folder in arguments.tests)
    measured = [package for package in PACKAGES if any(name.startswith(f"{package}/") for name in files)]
    head = HEAD.format(
        target=TARGET,
        date=report["meta"]["timestamp"].partition("T")[0],
        version=report["meta"]["version"],
        python=platform.python_version(),
        tests=folders,
    )
    print(head + "".join(_total(files, package) for package in measured), end="")
    print(MISSING + "".join(_row(name, files[name]) for name in sorted(files) if _is_partial(files[name])), end="")
    share = _share(*_counted(files, PACKAGES[0], "branches"))
    if share < TARGET:
        print(
            f"{share:.1f} % of the branches of {PACKAGES[0]} are covered; {TARGET:g} % is the target", file=sys.stderr
        )
    return 1 if share < TARGET else 0


def _counted(files: Mapping[str, Report], package: str, what: str) -> tuple[int, int]:
    """Return how many lines or branches of a package are covered, and how many it has."""
    keys = {"lines": ("covered_lines", "num_statements"), "branches": ("covered_branches", "num_branches")}
    covered, all_of_them = keys[what]
    summaries = [report["summary"] for name, report in files.items() if name.startswith(f"{package}/")]
    return sum(one[covered] for one in summaries), sum(one[all_of_them] for one in summaries)


def _share(covered: int, all_of_them: int) -> float:
    return 100 * covered / max(1, all_of_them)


def _total(files: Mapping[str, Report], package: str) -> str:
    cells = []
    for what in ("lines", "branches"):
        covered, all_of_them = _counted(files, package, what)
        cells.append(f"{covered:,} of {all_of_them:,} ({_share(covered, all_of_them):.1f} %)")
    return f"| {package} | {' | '.join(cells)} |\n"


def _is_partial(report: Report) -> bool:
    return bool(report["missing_lines"] or report["missing_branches"])


def _row(name: str, report: Report) -> str:
    branches = (f"{start}->{'exit' if end < 0 else end}" for start, end in report["missing_branches"])
    return f"| {name} | {_ranges(report['missing_lines'])} | {', '.join(branches)} |\n"


def _ranges(lines: Iterable[int]) -> str:
    """Return numbers of lines as ``3-5, 9``."""
    ranges: list[list[int]] = []
    for line in lines:
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    return ", ".join(f"{first}-{last}" if first < last else str(first) for first, last in ranges)


if __name__ == "__main__":
    sys.exit(main())
