"""Regular expressions from a site's word lists, with a time limit.

Python's own ``re`` can't be interrupted, and no check of an expression can reliably tell whether it takes exponential
time. The package ``regex`` (an extra) has a timeout, so lists with expressions require it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final, NamedTuple

from ...errors import ConfigError

#: Time limits in seconds: for one expression and one text, and for all expressions of a list and one submission. With
#: both lists of a site, each configured and edited, and the longest comment, a worker is delayed by less than 80 ms.
EACH: Final = 0.010
ALTOGETHER: Final = 0.015


class PatternTimeoutError(Exception):
    """An expression exceeded its time limit. The message contains the expression."""


class Hit(NamedTuple):
    """The expression that matched, and the index of the text in which it matched."""

    entry: str
    place: int


class Patterns:
    """Expressions, searched in case-folded and normalised texts of at most 8 KiB each.

    Raises ``ConfigError`` for an invalid expression, or if there are expressions and ``regex`` isn't installed.
    """

    def __init__(self, expressions: Iterable[str]) -> None:
        self._compiled = tuple((expression, _compiled(expression)) for expression in expressions)

    def __bool__(self) -> bool:
        return bool(self._compiled)

    def search(self, texts: Iterable[str]) -> Hit | None:
        """Return the first match. Raises ``PatternTimeoutError`` if a time limit is exceeded first."""
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
                        f"the expression {expression!r} took too long; write it without nested quantifiers"
                    )
        return None


def _compiled(expression: str) -> Any:
    try:
        regex = import_module("regex")
    except ImportError as error:
        needed = "the package regex, which isn't installed: pip install regex"
        raise ConfigError(f"the list has the expression {expression!r}; expressions need {needed}") from error
    try:
        return regex.compile(expression, regex.IGNORECASE | regex.VERSION0)
    except regex.error as error:
        raise ConfigError(
            f"the expression {expression!r} is invalid: {error}; correct it, or remove the entry"
        ) from error
