"""Defines settings with their checks, and reads a table of them from a Flask configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

from ..errors import ConfigError
from . import validators as checks
from .suggestion import nearest
from .validators import PREFIX, Check

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = TypeVar("Table", bound="DataclassInstance")


#: Settings of earlier releases, and the replacement of each.
REPLACED: Final = {
    "LEARNING_URI": f"use {PREFIX}DATABASE_URI, the database for all data of the judge",
}


#: The least similarity, 0 to 1, for the beginning of a key to count as a misspelling of the prefix. That is one letter
#: too few or too many, a wrong one, or two in the wrong order.
_SIMILAR_PREFIX: Final = 0.9
#: The same for the rest of such a key and the name of a setting.
_SIMILAR_REST: Final = 0.75


class Key(NamedTuple):
    """The definition of one setting: its check, the allowed values in words, and one line of explanation."""

    check: Check
    allowed: str
    doc: str


def setting(default: object, check: Check, allowed: str, doc: str) -> Any:
    """Return a field for a table of settings, which is a dataclass."""
    metadata = {"key": Key(check, allowed, doc)}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)


def switch(*, default: bool, doc: str) -> Any:
    """Return a field for a setting that is on or off."""
    return setting(default, checks.switch, "`True`, `False`", doc)


def read_settings(table: type[Table], config: Mapping[str, object]) -> Table:
    """Return the settings in a Flask configuration, each checked.

    Raises ``ConfigError`` for an unknown key (the message names the most similar one), a misspelt prefix, a wrong type,
    or a value out of range.
    """
    keys = {one.name: cast("Key", one.metadata["key"]) for one in fields(table)}
    for name in config:
        if not name.startswith(PREFIX) and (meant := _misspelt(name, keys)):
            raise ConfigError(f"{name} isn't a setting of captcha_guard; did you mean {PREFIX}{meant.upper()}?")
    given = {name.removeprefix(PREFIX): value for name, value in config.items() if name.startswith(PREFIX)}
    for name in given:
        if name.lower() not in keys or name != name.upper():
            raise _unknown(name, keys)
    checked = {name.lower(): keys[name.lower()].check(name, value) for name, value in given.items()}
    return table(**cast("dict[str, Any]", checked))


def _misspelt(name: str, keys: Mapping[str, Key]) -> str | None:
    """Return the setting that a key with a misspelt prefix means, or None. Keys of other extensions mean none."""
    spelt = name.upper().replace("-", "_").removeprefix("FLASK_")  # the environment's prefix, which Flask removes
    rests = {spelt[:length]: spelt[length:] for length in (len(PREFIX) + 1, len(PREFIX) - 1, len(PREFIX))}
    for begin in get_close_matches(PREFIX, rests, len(rests), _SIMILAR_PREFIX):
        if meant := nearest(rests[begin].strip("_"), keys, at_least=_SIMILAR_REST):
            return meant
    return None


def _unknown(name: str, keys: Mapping[str, Key]) -> ConfigError:
    if name in REPLACED:
        return ConfigError(f"{PREFIX}{name} isn't a setting any more; {REPLACED[name]}")
    near = nearest(name, keys)
    hint = (
        f"did you mean {PREFIX}{near.upper()}?"
        if near
        else "the page Configuration of the documentation lists them all"
    )
    return ConfigError(f"{PREFIX}{name} isn't a setting of captcha_guard; {hint}")
