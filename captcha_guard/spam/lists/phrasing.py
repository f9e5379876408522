"""A notation for phrases, plainer than regular expressions.

A phrase is a row of tokens with a space between each two. A token is one word or several to choose from
(``buy|order``; an underscore stands for the space in ``web_site``). ``?`` behind a token: it may be missing. ``.``
stands for any word or none, ``*`` for up to three words, ``#`` for a number. ``^`` first and ``$`` last bind a phrase
to the beginning and the end.

A phrase is only tried where one of the words stands that it can begin with, so a text costs one look-up a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from ..text.normalised import Passage

#: What findings say in place of something typed into a password's field.
UNQUOTED: Final = "not shown"

_WORD: Final = r"\S{1,24}"
_ANY: Final = {".": f"(?:{_WORD} )?", "*": f"(?:{_WORD} ){{0,3}}?"}
_NUMBER: Final = re.compile(r"\d{1,12}k?")
_LETTERS: Final = re.compile("[a-z]{4,}")
#: Words of phrases that stand in any text.
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
    """Phrases by name, to be found in the words of a text; raises ``ValueError`` for one that any word can begin.

    ``vocabulary`` has the words that tell phrases from other text: of four letters or more, and not in every text.
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self._beginnings: dict[str, list[_Phrase]] = {}
        phrases = {name: tuple(lines) for name, lines in phrases.items()}
        self.vocabulary = _telling_words(line for lines in phrases.values() for line in lines)
        for name, lines in phrases.items():
            for line in lines:
                phrase = _Phrase(name, re.compile(_expression(line)), line.startswith("^"))
                for word in _beginnings(line):
                    self._beginnings.setdefault(word, []).append(phrase)

    def search(self, passages: Iterable[Passage]) -> dict[str, str]:
        """Return, by name, a phrase found of each in some passages; none reaches from one passage into the next.

        What stands in a private passage is not quoted.
        """
        found: dict[str, str] = {}
        for passage in passages:  # the private ones come last
            for number, words in enumerate(passage.stretches):
                if said := self.find(words, first=not number):
                    found = (dict.fromkeys(said, UNQUOTED) if passage.private else said) | found
        return found

    def find(self, words: tuple[str, ...], *, first: bool = True) -> dict[str, str]:
        """Return, by name, the first phrase found of each, as it stands in the text.

        ``first`` says whether the words begin the text.
        """
        found: dict[str, str] = {}
        spoken, place = " ".join(words), 0
        for word in words:
            kind = "#" if word[0].isdecimal() and _NUMBER.fullmatch(word) else word
            for phrase in self._beginnings.get(kind, ()):
                if phrase.name in found or (phrase.first and (place or not first)):
                    continue
                match = phrase.expression.match(spoken, place)
                if match:
                    found[phrase.name] = match[0].strip()
            place += len(word) + 1
        return found


def _telling_words(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(word for line in lines for word in _LETTERS.findall(line)) - _COMMON


def _beginnings(line: str) -> set[str]:
    """Return the words with which a phrase can begin."""
    words: set[str] = set()
    for token in line.removeprefix("^").removesuffix("$").split():
        if token in _ANY:
            break
        words.update(choice.split("_")[0] for choice in token.removesuffix("?").split("|"))
        if not token.endswith("?"):
            return words
    raise ValueError(f"the phrase {line!r} can begin with any word")


def _expression(line: str) -> str:
    tokens = line.removeprefix("^").removesuffix("$").split()
    end = r"(?=\s*$)" if line.endswith("$") else ""
    return "".join(_ANY.get(token) or _token(token) for token in tokens) + end


def _token(token: str) -> str:
    choices = "|".join(_choice(choice) for choice in token.removesuffix("?").split("|"))
    return f"(?:(?:{choices})(?: |$)){'?' if token.endswith('?') else ''}"


def _choice(choice: str) -> str:
    return _NUMBER.pattern if choice == "#" else re.escape(choice.replace("_", " "))
