"""Checks for the values of settings. Each returns the value in its final form, or raises an error with the fix."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

from ..catalogues import available, closest
from ..characters.look_alikes import groups_of
from ..errors import ConfigError
from .suggestion import nearest

PREFIX: Final = "CAPTCHA_GUARD_"

#: The word that stands for the package's own fonts in a list of folders.
BUNDLED: Final = "bundled"

#: The fewest bytes of a secret. A shorter one can be brute-forced.
SHORTEST_SECRET: Final = 16

#: The fewest symbols that readers can tell apart. A blind guess at a code of four is then right once in 20,736.
FEWEST_SYMBOLS: Final = 12

#: The parts that can fail, and the choices of what to do then. The first choice is the default.
FAULTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"limits": ("strict", "refuse"), "codes": ("hold", "refuse")}
)

#: Browsers send host names with non-ASCII letters in their ASCII form ("xn--..."), so the setting needs that form.
_ORIGIN: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
)

#: What may follow an origin in an address: nothing, a path, a query or a fragment.
_ENDINGS: Final = ("", "/", "?", "#")

#: A colour as CSS writes it: #rgb or #rrggbb.
_HEX: Final = re.compile("#([0-9A-Fa-f]{3}){1,2}")

#: A text that was meant as a value of another type, in Python's or JSON's syntax.
_LITERAL: Final = re.compile(r"(?is)\s*(true|false|none|null|[\[({].*[\])}])\s*")

#: Takes a setting's name and value. Returns the value in its final form, or raises ``ConfigError``.
Check = Callable[[str, object], object]

#: Takes a word and the allowed ones. Returns the allowed word that was probably meant, or None.
Near = Callable[[str, Sequence[str]], str | None]


def refuse(name: str, value: object, allowed: str) -> ConfigError:
    """Return the error for a wrong value. Its message names the value and what is allowed."""
    return ConfigError(f"{PREFIX}{name} is {value!r}; allowed: {allowed}{_json_hint(value)}")


def _json_hint(value: object) -> str:
    """Return how to write a value in an environment variable, if this one was probably read from there."""
    if isinstance(value, str) and _LITERAL.fullmatch(value):
        return '. In an environment variable, write JSON: true, null, [240, 120] or ["first", "second"]'
    return ""


def _digits_hint(value: object) -> str:
    """Return how to write a text of digits in an environment variable, if the value is a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return ". Flask reads digits in an environment variable as a number; write a text of digits as '\"123\"'"
    return ""


@contextmanager
def naming(setting: str) -> Iterator[None]:
    """Put a setting's name before the message of an error."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{PREFIX}{setting.upper()}: {error}") from None


def choice(*choices: str, near: Near = nearest) -> Check:
    """Return a check for one of these words. The error for a misspelt word suggests the one that ``near`` returns."""

    def check(name: str, value: object) -> object:
        if value not in choices:
            raise ConfigError(
                f"{PREFIX}{name} is {value!r}; allowed: {', '.join(choices)}"
                f"{_hint(value, choices, near) or _json_hint(value)}"
            )
        return value

    return check


def _hint(value: object, choices: Sequence[str], near: Near) -> str:
    found = near(str(value), choices)
    return f". Did you mean {found!r}?" if found else ""


def number(least: float, most: float, *, unit: str = "", whole: bool = True) -> Check:
    """Return a check for a number in this range, both ends included."""
    allowed = f"{'a whole' if whole else 'a'} number from {least:.12g} to {most:.12g}{unit}"

    def check(name: str, value: object) -> object:
        types: tuple[type, ...] = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, types) or not least <= cast("float", value) <= most:
            raise refuse(name, value, allowed)
        return value

    return check


def pair(least: tuple[int, int], most: tuple[int, int], allowed: str, *, rising: bool = False) -> Check:
    """Return a check for two whole numbers. A ``rising`` pair may also be written as one number."""

    def check(name: str, value: object) -> object:
        pair = tuple(value) if isinstance(value, (list, tuple)) else (value, value) if rising else ()
        if len(pair) != 2:
            raise refuse(name, value, allowed)
        whole = all(isinstance(number, int) and not isinstance(number, bool) for number in pair)
        if not whole or not all(low <= number <= high for low, number, high in zip(least, pair, most, strict=True)):
            raise refuse(name, value, allowed)
        if rising and pair[0] > pair[1]:
            raise refuse(name, value, allowed)
        return pair

    return check


def text(pattern: str, allowed: str) -> Check:
    """Return a check for a text that matches ``pattern`` from end to end."""

    def check(name: str, value: object) -> object:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise refuse(name, value, allowed)
        return value

    return check


def storable(what: str, value: object, *, most: int) -> str:
    """Return a text that every database can store.

    Raises ``ConfigError`` for anything else, for more than ``most`` characters, a NUL, or half of a surrogate pair.
    ``what`` is the text's name in the message.
    """
    if not isinstance(value, str):
        raise ConfigError(f"{what} is {value!r}; a text is needed")
    if len(value) > most:
        raise ConfigError(f"{what} has {len(value):,} characters; allowed: {most:,}")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ConfigError(f"{what} is {value!r}; remove the NUL or surrogate character, which can't be stored")
    return value


def without_password(text: str) -> str:
    """Return an address without its user, password and query, for messages."""
    return re.sub(r"(?s)//.*@", "//***@", text.partition("?")[0])


class Address(str):
    """A URI that may contain a password. Printing the settings doesn't show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(without_password(str(self)))


def address(allowed: str) -> Check:
    """Return a check for a URI with a scheme, or an empty text. Its error doesn't show the password."""

    def check(name: str, value: object) -> object:
        if not isinstance(value, str) or not re.fullmatch(r"|[a-z][a-z0-9+]*://.*", value):
            raise refuse(name, without_password(value) if isinstance(value, str) else value, allowed)
        return Address(value) if value else ""

    return check


def alphabet(name: str, value: object) -> object:
    """Check for different capitals and digits, with at least ``FEWEST_SYMBOLS`` that readers can tell apart."""
    allowed = f"at least {FEWEST_SYMBOLS} different capitals and digits"
    if not isinstance(value, str):
        raise refuse(name, value, allowed)
    groups = groups_of(value)
    spelt = re.fullmatch("[A-Z0-9]{1,36}", value) is not None and len(set(value)) == len(value)
    if not spelt or len(groups) < FEWEST_SYMBOLS:
        alike = ", ".join(group for group in groups if len(group) > 1)
        counted = f"; look-alikes count once ({alike}), which leaves {len(groups)}" if alike else ""
        raise refuse(name, value, allowed + counted)
    return value


def difficulty(name: str, value: object) -> object:
    """Check that the value can be a difficulty or a name. The set-up of the guard checks whether the name exists."""
    if value is None or isinstance(value, (bool, int, float, bytes, list, dict)):
        raise refuse(name, value, "the name of a preset, or a Difficulty(...)")
    return value


def fonts(name: str, value: object) -> object:
    """Return a tuple of folders, as paths, and of the word ``bundled``."""
    allowed = f"a folder of fonts, or a list of folders and the word {BUNDLED!r} for the package's own fonts"
    entries = value if isinstance(value, (list, tuple)) else [] if value == "" else [value]
    folders: list[Path | str] = []
    if isinstance(value, str) and _LITERAL.fullmatch(value):
        raise refuse(name, value, allowed)
    for entry in entries:
        path = os.fspath(entry) if isinstance(entry, (str, os.PathLike)) else None
        if not isinstance(path, str) or not path or "\0" in path:
            raise refuse(name, value, allowed)
        folders.append(BUNDLED if entry == BUNDLED else Path(path))
    return tuple(folders)


def colours(name: str, value: object) -> object:
    """Return two hex colours as RGB triples of 0 to 255, or None. ``Appearance`` checks their contrast."""
    allowed = "two hex colours, (ink, paper), such as ('#1d3557', '#f1faee'), or None to derive them from the secret"
    if value is None:
        return None
    pair = tuple(value) if isinstance(value, (list, tuple)) else ()
    found = [_HEX.fullmatch(one) if isinstance(one, str) else None for one in pair]
    if len(pair) != 2 or None in found:
        raise refuse(name, value, allowed)
    return tuple(_triple(one) for one in pair)


def _triple(colour: str) -> tuple[int, ...]:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return tuple(bytes.fromhex(digits))


def switch(name: str, value: object) -> object:
    """Check for True or False."""
    if not isinstance(value, bool):
        raise refuse(name, value, "True or False")
    return value


def seed(name: str, value: object) -> object:
    """Return the seed as bytes."""
    encoded = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    if not isinstance(encoded, bytes) or 0 < len(encoded) < SHORTEST_SECRET:
        allowed = f"at least {SHORTEST_SECRET} random bytes, or empty to derive it from the secret"
        raise refuse(name, value, allowed + _digits_hint(value))
    return encoded


def thresholds(name: str, value: object) -> object:
    """Return the three scores, in rising order."""
    words = ("challenge", "hold", "aside")
    allowed = "{'challenge': 30, 'hold': 60, 'aside': 90}: whole numbers from 1 to 101, each at least the one before"
    if not isinstance(value, Mapping) or set(value) != set(words):
        raise refuse(name, value, allowed)
    scores = [value[word] for word in words]
    if not all(isinstance(score, int) and 1 <= score <= 101 for score in scores) or scores != sorted(scores):
        raise refuse(name, value, allowed)
    return MappingProxyType(dict(zip(words, scores, strict=True)))


def bands(name: str, value: object) -> object:
    """Return two probabilities, the smaller one first."""
    allowed = "(0.10, 0.97): two numbers from 0 to 1, the second larger than the first"
    pair = tuple(value) if isinstance(value, (list, tuple)) else ()
    if len(pair) != 2 or not all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in pair):
        raise refuse(name, value, allowed)
    if not 0 <= pair[0] < pair[1] <= 1:
        raise refuse(name, value, allowed)
    return pair


def weights(name: str, value: object) -> object:
    """Return scores by the slugs of rules. The judge checks that the slugs exist."""
    allowed = "scores of 0 to 100 by the slugs of rules, such as {'flattery': 0}"
    if not isinstance(value, Mapping) or not all(isinstance(slug, str) for slug in value):
        raise refuse(name, value, allowed)
    scores = list(value.values())
    if not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= 100 for one in scores):
        raise refuse(name, value, allowed)
    return MappingProxyType(dict(value))


def shadow(name: str, value: object) -> object:
    """Return the slugs of rules as a tuple. ``*`` stands for all rules."""
    if isinstance(value, bool):
        return ("*",) if value else ()
    if not isinstance(value, (list, tuple)) or not all(isinstance(slug, str) for slug in value):
        raise refuse(name, value, "True, False, or a list of the slugs of rules")
    return tuple(value)


def entries(name: str, value: object) -> object:
    """Return a tuple of entries (texts) and files of entries (paths). A single text is the path of a file."""
    allowed = "a list of texts, or the path of a file with one text a line"
    if isinstance(value, (list, tuple)):
        several = tuple(value)
    elif isinstance(value, (str, os.PathLike)) and not (isinstance(value, str) and _LITERAL.fullmatch(value)):
        several = (Path(value),) if value else ()
    else:
        raise refuse(name, value, allowed)
    if not all(isinstance(one, (str, os.PathLike)) and "\0" not in os.fspath(one) for one in several):
        raise refuse(name, value, allowed)
    return tuple(one if isinstance(one, str) else Path(one) for one in several)


def origins(name: str, value: object) -> object:
    """Return origins as browsers write them: in lower case, without a default port."""
    allowed = "a list of origins such as 'https://other.example' or 'http://127.0.0.1:8000', without path or wildcard"
    if not isinstance(value, (list, tuple)):
        found = [_origin_in(one) for one in value.replace(",", " ").split()] if isinstance(value, str) else []
        raise refuse(name, value, f"{allowed}. Write {found!r}" if found and all(found) else allowed)
    return tuple(_origin(name, one, allowed) for one in value)


def _origin_in(address: str) -> str:
    """Return the origin with which an address begins, or ""."""
    begins = _ORIGIN.match(address)
    return begins[0] if begins and address[begins.end() :][:1] in _ENDINGS else ""


def _origin(name: str, value: object, allowed: str) -> str:
    given = value if isinstance(value, str) else ""
    found = _ORIGIN.fullmatch(given)
    if found is None and (meant := _origin_in(given.strip())):
        raise refuse(name, value, f"{allowed}. Write {meant!r}")
    if found is None or int(found["port"] or 0) > 65_535:
        raise refuse(name, value, allowed)
    scheme, host, port = found["scheme"].lower(), found["host"].lower(), found["port"]
    usual = port is None or {"http": 80, "https": 443}.get(scheme) == int(port)
    return f"{scheme}://{host}" if usual else f"{scheme}://{host}:{int(port)}"


def some_of(*choices: str, near: Near = nearest) -> Check:
    """Return a check for a list of these words. The error names the word that isn't allowed."""
    allowed = f"a list of some of {', '.join(choices)}"

    def check(name: str, value: object) -> object:
        if not isinstance(value, (list, tuple)):
            raise refuse(name, value, f"{allowed}. Write {[value]!r}" if value in choices else allowed)
        for word in value:
            if word not in choices:
                hint = _hint(word, choices, near)
                raise refuse(name, value, f"{allowed}. {word!r} isn't one of them{hint}")
        return tuple(value)

    return check


def function(name: str, value: object) -> object:
    """Check for something that can be called, or None."""
    if value is not None and not callable(value):
        raise refuse(name, value, "a function without arguments, or None")
    return value


def language(name: str, value: object) -> object:
    """Check for the tag of a language that has a catalogue."""
    return choice(*available(), near=closest)(name, value)


def languages(name: str, value: object) -> object:
    """Return the tags of languages that have a catalogue as a tuple."""
    return some_of(*available(), near=closest)(name, value)


def faults(name: str, value: object) -> object:
    """Return the choice for every part that can fail. Parts that aren't named get their default."""
    usual = {part: ways[0] for part, ways in FAULTS.items()}
    allowed = "; ".join(f"{part!r}: {' or '.join(map(repr, ways))}" for part, ways in FAULTS.items())
    if not isinstance(value, Mapping) or any(way not in FAULTS.get(part, ()) for part, way in value.items()):
        raise refuse(name, value, f"a choice for each part: {allowed}")
    return MappingProxyType(usual | dict(value))


limits: Final = text(r"(?s).*\S.*", "limits such as '2 per minute; 10 per hour'")


class Credential(str):
    """A secret text. Printing the settings only shows that it is set."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'(not shown)'"


def credential(name: str, value: object) -> object:
    """Check for a key of a service. Its error doesn't show the key."""
    if not isinstance(value, str) or not re.fullmatch(r"|[0-9A-Za-z_-]{6,64}", value):
        what = f"a text of {len(value)} characters" if isinstance(value, str) else f"of type {type(value).__name__}"
        raise ConfigError(
            f"{PREFIX}{name} is {what} (not shown); allowed: 6 to 64 letters and digits{_digits_hint(value)}"
        )
    return Credential(value) if value else ""
