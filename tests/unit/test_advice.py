"""What messages, pages and documents advise can be done: each command, option, package, setting and method exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from packaging.requirements import InvalidRequirement, Requirement

from captcha_guard import CaptchaGuard
from captcha_guard.cli import group
from captcha_guard.config.setting import REPLACED
from captcha_guard.config.settings import Settings
from captcha_guard.config.validators import PREFIX
from captcha_guard.counters.store import _KINDS
from demo_blog import cli as journal_cli
from tests.versions import PROJECT

ROOT = Path(__file__).parents[2]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
DOCUMENTS = [
    *(file for file in ROOT.glob("*.md") if file.name != "CHANGELOG.md"),  # old releases had other names
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("fonts/*.md"),
    *ROOT.glob("sounds/*.md"),
]
#: A value that is filled in when the message is made.
FILLED_IN = "{}"
GROUPS = {"captcha-guard": group, "journal": journal_cli.journal}
#: Commands of Flask and of the libraries that the journal and hosts use.
OTHER_COMMANDS = {"run", "shell", "routes", "db", "limiter"}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
DEBIAN = {*re.findall(r":([\w-]+)", (ROOT / "tests/programs.sh").read_text()), "flite", "python3-venv"}


class Advice(NamedTuple):
    """One text that someone reads, with its place."""

    place: str
    text: str


@cache
def messages() -> tuple[Advice, ...]:
    """Return the strings of the code, with the help of commands, and the templates and scripts."""
    found: list[Advice] = []
    for folder in ("captcha_guard", "demo_blog"):
        for file in sorted((ROOT / folder).rglob("*")):
            place = str(file.relative_to(ROOT))
            if file.suffix == ".py":
                found += [Advice(f"{place}:{line}", text) for line, text in _strings(ast.parse(file.read_text()))]
            elif file.suffix in {".html", ".js", ".po", ".txt", ".xml"}:
                found.append(Advice(place, file.read_text()))
    return tuple(found)


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else FILLED_IN for one in node.values]
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.lineno, node.value


@cache
def documents() -> tuple[Advice, ...]:
    return tuple(Advice(str(file.relative_to(ROOT)), file.read_text()) for file in DOCUMENTS)


def commands(pattern: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield each match in a message or a document. It ends where the command does: at a quote, a comment or a line."""
    for place, text in (*messages(), *documents()):
        for match in re.finditer(pattern, text):
            yield f"{place}: {match[0]}", match


# Packages


def test_every_package_that_is_to_be_installed_is_one_that_ours_names_with_the_extra_it_has() -> None:
    seen = 0
    for place, match in commands(r"""pip install ([^`"#;&|<\n,]+)"""):
        for word in match[1].replace("'", " ").split():
            if word.startswith(("-", "$", "PEERS")):
                continue
            seen += 1
            assert _can_be_installed(word.rstrip(".:)")), f"{place}: {word}"
    assert seen > 20


def _can_be_installed(word: str) -> bool:
    local = re.fullmatch(r"(?:\.|path/to/captcha_guard|[\w./*]*\.whl)(?:\[([\w,]+)\])?", word)
    if local:
        return set((local[1] or "").split(",")) <= {"", *EXTRAS}
    if FILLED_IN in word:
        return word in {FILLED_IN, f"limits[{FILLED_IN}]"}  # see the two tests below
    try:
        wanted = Requirement(word)
    except InvalidRequirement:
        return False
    if wanted.name.replace("_", "-") == PROJECT["name"]:
        return False  # it isn't on an index, so it is installed from a checkout or a wheel
    named = {Requirement(one).name for group in (PROJECT["dependencies"], *EXTRAS.values()) for one in group}
    try:
        offered = set(metadata(wanted.name).get_all("Provides-Extra") or ())
    except PackageNotFoundError:
        offered = set()
    return (wanted.name in named or find_spec(wanted.name) is not None) and wanted.extras <= offered


def test_every_part_that_needs_a_package_names_one_of_an_extra() -> None:
    calls = [
        node
        for file in (ROOT / "captcha_guard").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "missing"
        if len(node.args) == 3
    ]
    packages = [ast.literal_eval(call.args[1]) for call in calls]
    assert packages
    named = {Requirement(line).name for extra in EXTRAS.values() for line in extra}
    assert set(packages) <= named


@pytest.mark.parametrize("scheme", sorted(set(_KINDS) - {"sqlite", "memory"}))
def test_every_store_that_needs_a_driver_has_an_extra_of_limits_with_it(scheme: str) -> None:
    [extra] = [name for name in ("redis", "valkey", "memcached", "mongodb") if scheme.startswith(name)]
    assert extra in (metadata("limits").get_all("Provides-Extra") or ())
    assert any(line.startswith(f"limits[{extra}]") for line in EXTRAS[extra])


def test_every_package_of_debian_is_one_that_the_tests_install_too() -> None:
    found = [
        (place, name) for place, match in commands(r"apt(?:-get)? install ([\w.+ -]+)") for name in match[1].split()
    ]
    assert found
    assert [one for one in found if not one[1].startswith("-") and one[1] not in DEBIAN] == []


# Commands


def test_every_flask_command_exists_and_has_the_options_it_is_shown_with() -> None:
    seen = 0
    for place, match in commands(r"""flask (?:--app [\w.]+ )?(captcha[-_]guard|journal)\b([^`"'#;&|<\n]*)"""):
        commands_ = GROUPS[match[1]].commands
        words = match[2].split()
        if not words or not re.fullmatch(r"[a-z][a-z-]*[,.]?", words[0]) or words[0] in {"needs", "has"}:
            continue
        seen += 1
        assert words[0].rstrip(",.") in commands_, place
        options = {name for one in commands_[words[0].rstrip(",.")].params for name in one.opts} | {"--help"}
        assert [word for word in words if word.startswith("--") and word.rstrip(",.") not in options] == [], place
    assert seen > 40


def test_every_other_flask_command_in_a_code_span_exists() -> None:
    found = list(commands(r"`(?:\$ )?flask (?:--app [\w.]+ )?([a-z][\w-]*)"))
    assert found
    assert [place for place, match in found if match[1] not in {*GROUPS, *OTHER_COMMANDS}] == []


def test_every_target_of_make_exists() -> None:
    found = list(commands(r"(?:`|\n)make ([a-z]+)(?=[` \n])"))
    assert len(found) > 5
    assert [place for place, match in found if match[1] not in TARGETS] == []


def test_every_module_that_is_to_be_run_exists() -> None:
    found = list(commands(r"python3? -m ([\w.]+\w)"))
    assert len(found) > 20
    missing = [place for place, match in found if find_spec(match[1]) is None]
    assert missing == []


# Settings and methods


def test_every_setting_exists() -> None:
    names = {f"{PREFIX}{one.name.upper()}" for one in fields(Settings)} | {f"{PREFIX}{one}" for one in REPLACED}
    found = list(commands(rf"{PREFIX}[A-Z_]+\b(?!\*)"))
    assert len(found) > 100
    wrong = [place for place, match in found if not any(name.startswith(match[0].rstrip("_")) for name in names)]
    assert wrong == []
    whole = [(place, match[0]) for place, match in found if not match[0].endswith("_")]
    assert [one for one in whole if one[1] not in names] == []


def test_every_method_of_the_guard_exists() -> None:
    script = re.compile(r"^```(?:js|html).*?^```", re.MULTILINE | re.DOTALL)  # there, guard may be an element
    called = [
        (place, name)
        for place, text in (*messages(), *documents())
        for name in re.findall(r"\bguard\.(\w+)\(", script.sub("", text))
    ]
    assert len(called) > 50
    assert [one for one in called if not hasattr(CaptchaGuard, one[1])] == []


def test_no_message_of_the_package_names_a_file_that_only_a_checkout_has() -> None:
    own = [text for text in messages() if text.place.startswith("captcha_guard/")]
    help_texts = [
        Advice(name, one.help or "") for name, one in group.commands.items() if isinstance(one, click.Command)
    ]
    docstrings = {
        ast.get_docstring(node, clean=False)
        for file in (ROOT / "captcha_guard").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    shown = [*help_texts, *(text for text in own if text.text not in docstrings)]
    assert [place for place, text in shown if re.search(r"\b(?:docs|tests|demo_blog)/[\w/-]+\.\w+", text)] == []
