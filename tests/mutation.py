"""Runs mutation testing, and prints docs/measurements/mutation.md.

``mutmut`` changes one expression or statement at a time in the modules that ``[tool.mutmut]`` in pyproject.toml lists,
and runs the tests that reach it. A change that no test notices survives. ``tests/explained_mutants.toml`` says for each
survivor why it changes nothing that a user could notice. The command fails if a survivor has no such entry.
"""

from __future__ import annotations

import argparse
import ast
import platform
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import ndiff
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MUTANTS = REPOSITORY / "mutants"
EXPLAINED = REPOSITORY / "tests" / "explained_mutants.toml"
MUTMUT = [sys.executable, "-m", "mutmut"]

#: What mutmut calls the result of a mutant that a test noticed. A timeout is an endless loop.
KILLED = ("killed", "timeout", "segfault")

HEAD = """# Mutation testing

`make mutation` changes one expression or statement at a time in the modules below, and runs the unit and integration
tests that reach it. It prints this page from the results. A mutant is killed if a test fails or doesn't end.
`[tool.mutmut]` in `pyproject.toml` lists the modules and the tests. `tests/explained_mutants.toml` explains survivors.

[mutmut](https://mutmut.readthedocs.io) changes the bodies of functions, methods and class methods. It doesn't change
constants of modules, properties and functions with other decorators, so these figures say nothing about them. Log
lines aren't changed either.

Measured on {date} with mutmut {version} and Python {python}.

"""


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed: the function, its line before and after."""

    function: str
    before: str
    after: str


def main() -> int:
    """Run mutmut, or read its last results, and print the page. Returns 1 if a survivor isn't explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--results", action="store_true", help="read the results of the last run in mutants/")
    if not parser.parse_args().results:
        subprocess.run([*MUTMUT, "run", "--max-children", "1"], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    counts, survivors = _results()
    explained = [(one, _reason(one)) for one in sorted(survivors, key=lambda one: one.function)]
    head = HEAD.format(date=datetime.now(UTC).date(), version=version("mutmut"), python=platform.python_version())
    print(head + _table(counts) + _survivors([(one, why) for one, why in explained if why]), end="")
    unexplained = [one for one, why in explained if not why]
    for one in unexplained:
        print(f"{one.function}: not explained\n  - {one.before}\n  + {one.after}", file=sys.stderr)
    return 1 if unexplained else 0


def _results() -> tuple[dict[str, Counter[str]], list[Survivor]]:
    """Return the number of mutants by module and result, and the survivors."""
    command = [*MUTMUT, "results", "--all", "true"]
    lines = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.splitlines()
    counts: dict[str, Counter[str]] = {}
    survivors = []
    for line in lines:
        name, _, result = line.strip().rpartition(": ")
        module, _, mutant = name.rpartition(".")
        if not mutant:
            continue
        counts.setdefault(module, Counter())["killed" if result in KILLED else "survived"] += 1
        if result not in KILLED:
            survivors.append(_survivor(module, mutant))
    return counts, survivors


def _survivor(module: str, mutant: str) -> Survivor:
    """Return the survivor with this name. mutmut writes all variants of a function into one module."""
    functions = _functions(MUTANTS / Path(*module.split(".")).with_suffix(".py"))
    original = mutant.rpartition("__mutmut_")[0]
    before, after = (
        functions[f"{original}__mutmut_orig"],
        functions[mutant].replace(mutant, f"{original}__mutmut_orig", 1),
    )
    changed = [line for line in ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    name = original.removeprefix("x_").removeprefix("x\u01c1").replace("\u01c1", ".")
    return Survivor(
        f"{module.removeprefix('captcha_guard.')}.{name}",
        " ".join(line[2:].strip() for line in changed if line[0] == "-"),
        " ".join(line[2:].strip() for line in changed if line[0] == "+"),
    )


@lru_cache
def _functions(path: Path) -> dict[str, str]:
    """Return the source of every function in a module, also in its classes, by name."""
    found = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef))
    return {node.name: ast.unparse(node) for node in found if "__mutmut_" in node.name}


def _reason(survivor: Survivor) -> str:
    for entry in _entries():
        if fnmatchcase(survivor.function, entry["function"]) and any(part in survivor.after for part in entry["after"]):
            return str(entry["why"])
    return ""


@lru_cache
def _entries() -> list[dict[str, str]]:
    entries: list[dict[str, str]] = tomllib.loads(EXPLAINED.read_text())["mutant"]
    return entries


def _table(counts: dict[str, Counter[str]]) -> str:
    rows = ["| module | mutants | killed | survived, each explained below |", "| --- | ---: | ---: | ---: |"]
    for module, results in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        killed, all_of_them = results["killed"], sum(results.values())
        share = f"{killed} ({100 * killed / max(1, all_of_them):.1f} %)"
        rows.append(f"| {module.removeprefix('captcha_guard.')} | {all_of_them} | {share} | {results['survived']} |")
    return "\n".join(rows) + "\n"


def _survivors(explained: list[tuple[Survivor, str]]) -> str:
    rows = [
        "",
        "## Survivors",
        "",
        "| function | changed to | why it makes no difference |",
        "| --- | --- | --- |",
    ]
    rows += [
        f"| {one.function} | `{one.after.replace('|', chr(92) + '|') or 'nothing'}` | {why} |" for one, why in explained
    ]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
