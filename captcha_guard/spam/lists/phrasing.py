"""A notation for phrases that is simpler than regular expressions.

A phrase is a sequence of tokens separated by spaces. A token is one word or several alternatives (``buy|order``; an
underscore in ``web_site`` stands for a space). A word that ends with ``-`` is a stem: ``credit-`` is also found in
``credits``. ``?`` after a token makes it optional. ``.`` stands for any word or none, ``*`` for up to three words,
``#`` for a number. A leading ``^`` ties the phrase to the beginning of the text, a trailing ``$`` to its end.

A phrase is only tried at words with which it can start, so searching a text costs a few look-ups per word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from ...messages import message

if TYPE_CHECKING:
    from ..text.normalised import Passage

#: Findings show this in place of text from a field named like a password.
UNQUOTED: Final = message("not shown")

#: Marks a stem.
STEM: Final = "-"
#: Stands for a number.
NUMBER: Final = "#"
#: How many words after the first word of a phrase are looked at for the next one.
_AHEAD: Final = 8

_WORD: Final = r"\S{1,24}"
_ANY: Final = {".": f"(?:{_WORD} )?", "*": f"(?:{_WORD} ){{0,3}}?"}
_NUMBER: Final = re.compile(r"\d{1,12}k?")
_DIGIT: Final = re.compile(r"\d")
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


class Match(NamedTuple):
    """A phrase found in a sequence of words: its name, the number of words before it, and its text."""

    name: str
    place: int
    text: str


class _Phrase:
    def __init__(self, name: str, line: str) -> None:
        self.name = name
        self.first = line.startswith("^")
        self._line = line
        followers = _followers(line)
        self._followers = frozenset(word for word in followers if not word.endswith(STEM))
        self._stems = tuple(word.removesuffix(STEM) for word in followers - self._followers)

    def can_go_on(self, after: Sequence[str]) -> bool:
        """Check quickly whether one of the words after the first one can continue the phrase."""
        return (
            not (self._followers or self._stems)
            or not self._followers.isdisjoint(after)
            or (self._stems != () and any(word.startswith(self._stems) for word in after))
        )

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """The regular expression for the phrase. It is compiled when a text first has a word that starts the phrase."""
        return re.compile(_expression(self._line))


class PhraseBook:
    """Phrases by name, for searching the words of a text. Raises ``ValueError`` if a phrase can start with any word.

    ``vocabulary`` is the set of words typical of the phrases: those of four or more letters that aren't common.
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self._begins = _Index()
        self._follows = _Index()
        phrases = {name: tuple(lines) for name, lines in phrases.items()}
        self.vocabulary = _typical_words(line for lines in phrases.values() for line in lines)
        for name, lines in phrases.items():
            for line in lines:
                phrase = _Phrase(name, line)
                first = _beginnings(line)
                self._begins.add(first - {NUMBER}, phrase)
                if NUMBER in first:
                    self._follows.add(_checked(line, _followers(line)), phrase)

    def search(self, passages: Iterable[Passage]) -> dict[str, str]:
        """Return the phrases found in the passages, one for each name. A phrase can't span two passages.

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
        text = " ".join(words)
        for place, start, phrase in self._candidates(words, text):
            if phrase.name in found or (phrase.first and (place or not first)):
                continue
            if match := phrase.expression.match(text, start):
                found[phrase.name] = match[0].strip()
        return found

    def matches(self, words: tuple[str, ...]) -> Iterator[Match]:
        """Yield the phrases found at each word: the first one for each name."""
        text = " ".join(words)
        known: set[tuple[str, int]] = set()
        for place, start, phrase in self._candidates(words, text):
            if (phrase.name, place) in known or (phrase.first and place):
                continue
            if match := phrase.expression.match(text, start):
                known.add((phrase.name, place))
                yield Match(phrase.name, place, match[0].strip())

    def _candidates(self, words: Sequence[str], text: str) -> Iterator[tuple[int, int, _Phrase]]:
        """Yield the phrases that can start at each word, with its number and its place in the text, the words joined.

        Phrases that start with a number are looked up by the words after it.
        """
        kinds = list(map(_kind, words)) if _DIGIT.search(text) else words
        start = 0
        for place, word in enumerate(words):
            phrases: Collection[_Phrase] = self._begins.get(word)
            if phrases or kinds[place] == NUMBER:
                after = kinds[place + 1 : place + 1 + _AHEAD]
                if kinds[place] == NUMBER:
                    phrases = dict.fromkeys(chain(phrases, *map(self._follows.get, dict.fromkeys(after))))
                for phrase in phrases:
                    if phrase.can_go_on(after):
                        yield place, start, phrase
            start += len(word) + 1


class _Index:
    """Phrases by a word, or by a stem that the word begins with."""

    def __init__(self) -> None:
        self._words: dict[str, list[_Phrase]] = {}
        self._stems: dict[str, list[_Phrase]] = {}
        self._lengths: list[int] = []

    def add(self, words: Iterable[str], phrase: _Phrase) -> None:
        for word in words:
            known = self._stems if word.endswith(STEM) else self._words
            known.setdefault(word.removesuffix(STEM), []).append(phrase)
        self._lengths = sorted(set(map(len, self._stems)))

    def get(self, word: str) -> list[_Phrase]:
        phrases = self._words.get(word, [])
        for length in self._lengths:
            if len(word) < length:
                break
            if stemmed := self._stems.get(word[:length]):
                phrases = [*phrases, *stemmed]
        return phrases


def _kind(word: str) -> str:
    return NUMBER if word[0].isdecimal() and _NUMBER.fullmatch(word) else word


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


def _followers(line: str) -> set[str]:
    """Return the words and stems that can come second, after gaps. Returns an empty set if the phrase can end before.

    They are within ``_AHEAD`` words of the first word, because a phrase has few gaps.
    """
    first, *rest = line.removeprefix("^").removesuffix("$").split()
    words: set[str] = set()
    for token in rest if not first.endswith("?") else ():
        if token not in _ANY:
            words.update(choice.split("_")[0] for choice in token.removesuffix("?").split("|"))
            if not token.endswith("?"):
                return {NUMBER if word.isdecimal() else word for word in words}
    return set()


def _checked(line: str, followers: set[str]) -> set[str]:
    if not followers:
        raise ValueError(f"the phrase {line!r} can be any number; add a word")
    return followers


def _expression(line: str) -> str:
    tokens = line.removeprefix("^").removesuffix("$").split()
    end = r"(?=\s*$)" if line.endswith("$") else ""
    return "".join(_ANY.get(token) or _token(token) for token in tokens) + end


def _token(token: str) -> str:
    choices = "|".join(_choice(choice) for choice in token.removesuffix("?").split("|"))
    return f"(?:(?:{choices})(?: |$)){'?' if token.endswith('?') else ''}"


def _choice(choice: str) -> str:
    return _NUMBER.pattern if choice == NUMBER else " ".join(map(_word, choice.split("_")))


def _word(word: str) -> str:
    stem = word.removesuffix(STEM)
    return re.escape(word) if stem == word else re.escape(stem) + r"\S{0,24}"
