"""Regular expressions that a site's owner writes, held to a time limit.

Python's own ``re`` can't be interrupted, and no check of an expression tells all that take exponential time from the
harmless ones. ``regex`` (an extra) looks at the clock while it matches; so without it there are none.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final, NamedTuple

from ...errors import ConfigError

#: Seconds that one expression may take with one text, and that all of a list may take with one submission: with both
#: lists of a site and the longest comment, a worker is held up for less than 50 ms.
EACH: Final = 0.010
ALTOGETHER: Final = 0.015


class PatternTimeoutError(Exception):
    """An expression took longer than it may; the message names it."""


class Hit(NamedTuple):
    """The expression that was found, and which of the texts it was found in."""

    entry: str
    place: int


class Patterns:
    """Expressions, looked for in case-folded and normalised texts of at most 8 KiB each.

    Raises ``ConfigError`` for one that can't be read, or when there are some and ``regex`` is not installed.
    """

    def __init__(self, expressions: Iterable[str]) -> None:
        self._compiled = tuple((expression, _compiled(expression)) for expression in expressions)

    def __bool__(self) -> bool:
        return bool(self._compiled)

    def search(self, texts: Iterable[str]) -> Hit | None:
        """Return the first expression found; raises ``PatternTimeoutError`` when time is up before that."""
        end = time.monotonic() + ALTOGETHER
        for place, text in enumerate(texts):
            for expression, compiled in self._compiled:
                left = min(EACH, end - time.monotonic())
                try:
                    if left > 0 and compiled.search(text, timeout=left):
                        return Hit(expression, place)
                except TimeoutError:
                    left = 0.0
                if left <= 0:
                    raise PatternTimeoutError(
                        f"the expression {expression!r} took too long; write it without nested repeats"
                    )
        return None


def _compiled(expression: str) -> Any:
    try:
        regex = import_module("regex")
    except ImportError as error:
        needed = "regex, which isn't installed: pip install regex"
        raise ConfigError(f"the list has the expression {expression!r}; expressions need {needed}") from error
    try:
        return regex.compile(expression, regex.IGNORECASE | regex.VERSION0)
    except regex.error as error:
        raise ConfigError(f"the expression {expression!r} can't be read: {error}") from error
