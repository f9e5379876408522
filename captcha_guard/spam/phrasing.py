"""A notation for phrases, plainer than regular expressions.

A phrase is a row of tokens with a space between each two. A token is one word or several to choose from
(``buy|order``; an underscore stands for the space in ``web_site``). ``?`` behind a token: it may be missing. ``.``
stands for any word or none, ``*`` for up to three words, ``#`` for a number. ``^`` first and ``$`` last bind a phrase
to the beginning and the end. ``!`` before a token marks the words without which the phrase can't be there: a text
that has none of them is spared the search.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = r"\S{1,24}"
_ANY: Final = {".": f"(?:{_WORD} )?", "*": f"(?:{_WORD} ){{0,3}}?"}


class Phrases:
    """Phrases to be searched for in the words of a text, set in a row with one space between them."""

    def __init__(self, notations: Iterable[str]) -> None:
        lines = tuple(notations)
        self.needed = frozenset(word for line in lines for word in _needed(line))
        self._expression = re.compile("|".join(f"(?:{_expression(line)})" for line in lines))

    def search(self, words: tuple[str, ...]) -> str | None:
        """Return the first phrase that the words of a text contain, as it stands there."""
        if self.needed.isdisjoint(words):
            return None
        match = self._expression.search(" ".join(words))
        return match[0].strip() if match else None


def _needed(line: str) -> list[str]:
    marked = [token[1:].rstrip("?$") for token in line.lstrip("^").split() if token.startswith("!")]
    if not marked:
        raise ValueError(f"the phrase {line!r} marks no word with !")
    return [choice.split("_")[0] for choice in marked[0].split("|")]


def _expression(line: str) -> str:
    tokens = line.removeprefix("^").removesuffix("$").split()
    parts = [_ANY.get(token) or _token(token.removeprefix("!")) for token in tokens]
    ends = r"(?=\s*$)" if line.endswith("$") else ""
    return ("^" if line.startswith("^") else r"(?<!\S)") + "".join(parts) + ends


def _token(token: str) -> str:
    choices = "|".join(_choice(choice) for choice in token.removesuffix("?").split("|"))
    return f"(?:(?:{choices})(?: |$)){'?' if token.endswith('?') else ''}"


def _choice(choice: str) -> str:
    return r"\d{1,12}k?" if choice == "#" else re.escape(choice.replace("_", " "))
