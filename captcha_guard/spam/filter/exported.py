"""Writes and reads the filter's decisions as lines of JSON: a header with the format, then one decision per line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from .features import VERSION
from .training import LabelledComment

_FORMAT: Final = "captcha_guard learning"
_NAMES: Final = 1 << 63
_MOST_TOKENS: Final = 10_000
_LONGEST_TOKEN: Final = 64


def export_lines(comments: Iterable[LabelledComment]) -> Iterator[str]:
    """Return the lines of an export, without line ends."""
    yield json.dumps({"format": _FORMAT, "version": VERSION})
    for one in comments:
        fields: dict[str, object] = {"name": f"{one.name:016x}", "spam": one.spam, "rules": one.rules}
        if one.strength < 1:
            fields["strength"] = one.strength
        if one.unmarked:
            fields["unmarked"] = True
        yield json.dumps(fields | {"tokens": list(one.tokens)}, ensure_ascii=False)


def import_lines(lines: Iterable[str]) -> Iterator[LabelledComment]:
    """Return the comments in lines that :func:`export_lines` wrote. Empty lines are skipped.

    :raises ValueError: a line isn't one of those; the message says which and why.
    """
    read: Callable[[dict[str, object]], LabelledComment | None] = _check_header
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            comment = read(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"Line {number} wasn't written by an export: {error}") from error
        if comment:
            yield comment
        read = _read_comment


def _check_header(fields: dict[str, object]) -> None:
    if fields["format"] != _FORMAT:
        raise ValueError(f"its format is {fields['format']!r}, not {_FORMAT!r}")


def _read_comment(fields: dict[str, object]) -> LabelledComment:
    name, spam, rules, tokens = (fields[field] for field in ("name", "spam", "rules", "tokens"))
    if not isinstance(name, str) or not 0 <= (number := int(name, 16)) < _NAMES:
        raise ValueError(f"name is {name!r}; 16 hexadecimal digits are needed")
    if not isinstance(spam, bool):
        raise TypeError(f"spam is {spam!r}; true or false is needed")
    if not isinstance(rules, int) or not 0 <= rules <= 100:
        raise ValueError(f"rules is {rules!r}; 0 to 100 is needed")
    if not isinstance(tokens, list) or len(tokens) > _MOST_TOKENS:
        raise ValueError(f"tokens must be a list of at most {_MOST_TOKENS}")
    if not all(isinstance(token, str) and 0 < len(token) <= _LONGEST_TOKEN for token in tokens):
        raise ValueError(f"a token isn't a string of 1 to {_LONGEST_TOKEN} characters")
    strength, unmarked = fields.get("strength", 1.0), fields.get("unmarked", False)
    if not isinstance(strength, (int, float)) or not 0 < strength <= 1:
        raise ValueError(f"strength is {strength!r}; a number above 0, up to 1, is needed")
    if not isinstance(unmarked, bool):
        raise TypeError(f"unmarked is {unmarked!r}; true or false is needed")
    return LabelledComment(number, spam, rules, tuple(sorted(set(tokens))), strength, unmarked)
