"""Prints tests/public_api.txt, the names that hosts build on: ``python -m tests.public_api > tests/public_api.txt``.

A test fails if the list is out of date. After an intended change, run the command, and say in the changelog what
changed. The list doesn't contain what the names do: their docstrings and the other tests say that.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

import click
from blinker import NamedSignal
from flask import Flask

from captcha_guard import CaptchaGuard
from captcha_guard.cli import group
from captcha_guard.config.settings import Settings
from captcha_guard.config.validators import PREFIX
from captcha_guard.web.post import posted

#: The modules from which hosts import, and the names of those that have further ones.
MODULES: Final[Mapping[str, tuple[str, ...] | None]] = {
    "captcha_guard": None,
    "captcha_guard.errors": None,
    "captcha_guard.metrics": ("observe",),
    "captcha_guard.spam.services": ("Context",),
    "captcha_guard.testing": ("relax", "solve", "solved_form"),
    "captcha_guard.wtf": ("CaptchaField",),
}


def listing() -> str:
    """Return the list as text."""
    parts: list[tuple[str, Iterable[str]]] = [(name, _module(name, names)) for name, names in MODULES.items()]
    parts += [
        ("Settings", _settings()),
        ("Template globals", _template_globals()),
        ("Form fields and the headers that stand for them", [f"{one}: {two}" for one, two in posted.HEADERS.items()]),
        ("Routes", _routes()),
        ("Commands", _commands()),
        ("Entry points", _entry_points()),
    ]
    return "\n\n".join("\n".join([f"# {title}", *lines]) for title, lines in parts) + "\n"


def _module(name: str, names: tuple[str, ...] | None) -> Iterator[str]:
    module = import_module(name)
    own = getattr(module, "__all__", None) or [
        one for one, value in vars(module).items() if _is_public(one, value, name)
    ]
    for public in sorted(names or own):
        value = getattr(module, public)
        if isinstance(value, type):
            yield from _class(public, value)
        elif isinstance(value, NamedSignal):
            yield f"{public}: signal {value.name}"
        elif callable(value):
            yield f"{public}{_signature(value)}"
        else:
            yield f"{public} = {value!r}"


def _is_public(name: str, value: object, module: str) -> bool:
    return not name.startswith("_") and getattr(value, "__module__", None) == module


def _class(name: str, value: type) -> Iterator[str]:
    bases = [one.__name__ for one in value.__bases__ if one is not object]
    yield f"class {name}({', '.join(bases)})" if bases else f"class {name}"
    if issubclass(value, enum.Enum):
        yield from (f"    {member.name} = {member.value!r}" for member in value)
    elif dataclasses.is_dataclass(value):
        for one in dataclasses.fields(value):
            has_default = one.default is not dataclasses.MISSING or one.default_factory is not dataclasses.MISSING
            yield f"    {one.name}: {one.type}{' = ...' if has_default else ''}"
    elif "__init__" in vars(value) and not getattr(value, "_is_protocol", False):
        yield f"    __init__{_signature(vars(value)['__init__'])}"
    if not dataclasses.is_dataclass(value):
        yield from (f"    {one}: {kind}" for one, kind in inspect.get_annotations(value).items() if one[0] != "_")
    yield from _members(value)


def _members(value: type) -> Iterator[str]:
    ours = [one for one in reversed(value.__mro__) if one.__module__.startswith("captcha_guard")]
    members = {name: member for one in ours for name, member in vars(one).items() if not name.startswith("_")}
    stored = {one.name for one in dataclasses.fields(value)} if dataclasses.is_dataclass(value) else set()
    for name, member in sorted(members.items()):
        if name in stored or isinstance(member, enum.Enum):
            continue
        if isinstance(member, classmethod | staticmethod):
            yield f"    {type(member).__name__} {name}{_signature(member.__func__)}"
        elif isinstance(member, property):
            yield f"    property {name} -> {_annotation(member.fget)}"
        elif inspect.isfunction(member):
            yield f"    {name}{_signature(member)}"
        elif not callable(member):
            yield f"    {name} = {member!r}" if isinstance(member, str | int | float) else f"    {name}"


def _annotation(getter: Any) -> str:
    return str(getattr(getter, "__annotations__", {}).get("return", ""))


class _Written(str):
    """A text that a signature shows without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def _signature(function: Any) -> str:
    """Return the signature with annotations as they are written. Defaults that name an object in memory are ``...``."""
    signature = inspect.signature(function)
    shown = [
        one.replace(annotation=_written(one.annotation, str), default=_written(one.default, repr))
        for one in signature.parameters.values()
    ]
    return str(signature.replace(parameters=shown, return_annotation=_written(signature.return_annotation, str)))


def _written(value: object, write: Callable[[object], str]) -> object:
    if value is inspect.Parameter.empty:
        return value
    return _Written("..." if " at 0x" in write(value) else write(value))


def _settings() -> Iterator[str]:
    for one in dataclasses.fields(Settings):
        default = getattr(Settings(), one.name)
        yield f"{PREFIX}{one.name.upper()} = {dict(default) if isinstance(default, Mapping) else default!r}"


def _app() -> Flask:
    app = Flask("public_api")
    app.config.update(SECRET_KEY="a secret for the list of public names", CAPTCHA_GUARD_STORAGE_URI="memory://")
    return app


def _template_globals() -> Iterator[str]:
    app = _app()
    before = set(app.jinja_env.globals)
    CaptchaGuard(app)
    for name in sorted(set(app.jinja_env.globals) - before):
        yield f"{name}{_signature(app.jinja_env.globals[name])}"


def _routes() -> list[str]:
    app = _app()
    CaptchaGuard(app)
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("captcha_guard.")]
    return sorted(f"{rule.rule} {' '.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'}))}" for rule in rules)


def _commands() -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        yield f"flask captcha-guard {name}"
        for one in command.params:
            names = ", ".join((*one.opts, *one.secondary_opts))
            kind = "argument" if isinstance(one, click.Argument) else "option"
            yield f"    {kind} {names}"


def _entry_points() -> list[str]:
    return sorted(
        f"{one.group}: {one.name} = {one.value}"
        for one in {*entry_points(group="flask.commands")}
        if one.value.startswith("captcha_guard")
    )


if __name__ == "__main__":
    print(listing(), end="")
