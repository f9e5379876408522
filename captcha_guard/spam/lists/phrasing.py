"""A notation for phrases that is simpler than regular expressions.

A phrase is a sequence of tokens separated by spaces. A token is one word or several alternatives (``buy|order``; an
underscore in ``web_site`` stands for a space). ``?`` after a token makes it optional. ``.`` stands for any word or
none, ``*`` for up to three words, ``#`` for a number. A leading ``^`` ties the phrase to the beginning of the text, a
trailing ``$`` to its end.

A phrase is only tried at words with which it can start, so searching a text costs one look-up per word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from ..text.normalised import Passage

#: Findings show this in place of text from a field named like a password.
UNQUOTED: Final = "not shown"

_WORD: Final = r"\S{1,24}"
_ANY: Final = {".": f"(?:{_WORD} )?", "*": f"(?:{_WORD} ){{0,3}}?"}
_NUMBER: Final = re.compile(r"\d{1,12}k?")
_LETTERS: Final = re.compile("[a-z]{4,}")
#: Words of phrases that are common in any text.
_COMMON: Final = frozenset(
    word
    for line in (
        "also back been best cause come first from good have help here home into like look most need over page post",
        "real some that them these this very want what with without work your",
    )
    for word in line.split()
)


class _Phrase(NamedTuple):
    name: str
    expression: re.Pattern[str]
    first: bool


class PhraseBook:
    """Phrases by name, for searching the words of a text; raises ``ValueError`` if a phrase can start with any word.

    ``vocabulary`` is the set of words typical of the phrases: those of four or more letters that aren't common.
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self._beginnings: dict[str, list[_Phrase]] = {}
        phrases = {name: tuple(lines) for name, lines in phrases.items()}
        self.vocabulary = _typical_words(line for lines in phrases.values() for line in lines)
        for name, lines in phrases.items():
            for line in lines:
                phrase = _Phrase(name, re.compile(_expression(line)), line.startswith("^"))
                for word in _beginnings(line):
                    self._beginnings.setdefault(word, []).append(phrase)

    def search(self, passages: Iterable[Passage]) -> dict[str, str]:
        """Return the phrases found in the passages, one for each name; a phrase can't span two passages.

        Text of a private passage isn't quoted.
        """
        found: dict[str, str] = {}
        for passage in passages:  # the private ones come last
            for number, words in enumerate(passage.stretches):
                if phrases := self.find(words, first=not number):
                    found = (dict.fromkeys(phrases, UNQUOTED) if passage.private else phrases) | found
        return found

    def find(self, words: tuple[str, ...], *, first: bool = True) -> dict[str, str]:
        """Return the first phrase found for each name, as it is written in the text.

        ``first`` is true if the words are the beginning of the text.
        """
        found: dict[str, str] = {}
        text, place = " ".join(words), 0
        for word in words:
            kind = "#" if word[0].isdecimal() and _NUMBER.fullmatch(word) else word
            for phrase in self._beginnings.get(kind, ()):
                if phrase.name in found or (phrase.first and (place or not first)):
                    continue
                match = phrase.expression.match(text, place)
                if match:
                    found[phrase.name] = match[0].strip()
            place += len(word) + 1
        return found


def _typical_words(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(word for line in lines for word in _LETTERS.findall(line)) - _COMMON


def _beginnings(line: str) -> set[str]:
    """Return the words with which a phrase can start."""
    words: set[str] = set()
    for token in line.removeprefix("^").removesuffix("$").split():
        if token in _ANY:
            break
        words.update(choice.split("_")[0] for choice in token.removesuffix("?").split("|"))
        if not token.endswith("?"):
            return words
    raise ValueError(f"the phrase {line!r} can start with any word; put a fixed word first")


def _expression(line: str) -> str:
    tokens = line.removeprefix("^").removesuffix("$").split()
    end = r"(?=\s*$)" if line.endswith("$") else ""
    return "".join(_ANY.get(token) or _token(token) for token in tokens) + end


def _token(token: str) -> str:
    choices = "|".join(_choice(choice) for choice in token.removesuffix("?").split("|"))
    return f"(?:(?:{choices})(?: |$)){'?' if token.endswith('?') else ''}"


def _choice(choice: str) -> str:
    return _NUMBER.pattern if choice == "#" else re.escape(choice.replace("_", " "))
