"""Families of spam as small grammars: scored when several parts of a typical message occur near each other.

A part is one element of such a message, as phrases in each language: the offer, the bait, contact details. No part
scores alone, because each occurs in honest texts. The tables in :mod:`.languages` contain the phrases, and
:mod:`.families` lists the parts of each family.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from .folding import Dictionary, folded
from .phrasing import STEM, UNQUOTED, Match, PhraseBook

if TYPE_CHECKING:
    from ..text.normalised import Passage

#: Parts that aren't phrases: a link, and contact details. They count wherever they are in the text.
LINK: Final = "a link"
ADDRESS: Final = "an address"

#: The parts of a language, each with its phrases.
Parts = Mapping[str, tuple[str, ...]]

#: Starts a comment line in a table.
COMMENT: Final = "//"

_COLON: Final = ":"
_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_NOT_WORDS: Final = re.compile(r"[ |?_^$.*#]+")


class Family(NamedTuple):
    """A kind of spam: its topic (``core``), what asks the reader to act (``calls``), and other parts (``more``).

    ``core``, one or more of ``calls``, and at least two of ``calls`` and ``more`` together must occur within
    ``window`` words of each other. An item may list several parts, separated with ``|``; they count once. ``scores``
    has the score for two of them, for three, and so on; the last one also holds for more.
    """

    name: str
    core: str
    calls: tuple[str, ...]
    more: tuple[str, ...]
    scores: tuple[int, ...] = (45, 60)
    window: int = 60


#: The fewest of ``calls`` and ``more`` that a family needs.
LEAST: Final = 2


class Found(NamedTuple):
    """A family that was found: its score, the language, and one phrase for each part found."""

    score: int
    language: str
    quoted: tuple[str, ...]


class _Slot(NamedTuple):
    """The role of a part in a family: the core (0), or one of the others (1 and more)."""

    family: Family
    number: int


class Grammar:
    """Families in several languages. Raises ``ValueError`` for a part that no language or no family has."""

    def __init__(self, families: Iterable[Family], languages: Mapping[str, Parts]) -> None:
        self.families = tuple(families)
        self.languages = languages
        self._slots: dict[str, list[_Slot]] = {}
        for family in self.families:
            for number, item in enumerate((family.core, *family.calls, *family.more)):
                for part in item.split("|"):
                    self._slots.setdefault(part, []).append(_Slot(family, number))
        phrases = {
            _name(language, part): tuple(map(_folded_line, lines))
            for language, parts in languages.items()
            for part, lines in parts.items()
        }
        known = {part for parts in languages.values() for part in parts}
        if odd := known.symmetric_difference(set(self._slots) - {LINK, ADDRESS}):
            raise ValueError(f"{sorted(odd)} must be parts of a family and of a language; each is only one of the two")
        self.dictionary = Dictionary(
            word.removesuffix(STEM) for lines in phrases.values() for line in lines for word in _NOT_WORDS.split(line)
        )
        self._book = PhraseBook(phrases)

    def search(
        self, passages: Iterable[Passage], details: Callable[[Passage], Collection[str]] = lambda _: ()
    ) -> dict[str, Found]:
        """Return the families found in the passages. Their parts must be in one passage and one language.

        ``details`` returns which of ``LINK`` and ``ADDRESS`` a passage has. Text of a private passage isn't quoted.
        """
        found: dict[str, Found] = {}
        for passage in passages:
            known: Collection[str] | None = None
            for words in passage.stretches:
                written = self.dictionary.cut(words)
                matches = self._matches(written)
                if not matches:
                    continue
                known = details(passage) if known is None else known
                for name, one in self._meetings(matches, written, known).items():
                    if name not in found or one.score > found[name].score:
                        found[name] = one._replace(quoted=(UNQUOTED,)) if passage.private else one
        return found

    def parts_in(self, words: tuple[str, ...]) -> set[str]:
        """Return the parts found in a sequence of words, as ``language:part``."""
        return {match.name for match in self._matches(self.dictionary.cut(words))}

    def offer_in(self, words: tuple[str, ...]) -> str:
        """Return the words of a name that are the core and another part of a family, an empty string for most names."""
        written = self.dictionary.cut(words)
        seen: dict[tuple[str, str], dict[int, Match]] = {}
        for match in self._matches(written):
            language, _, part = match.name.partition(_COLON)
            for family, number in self._slots[part]:
                slots = seen.setdefault((language, family.name), {})
                slots[number] = match
                other = next((one for one in slots.values() if 0 in slots and one.place != slots[0].place), None)
                if other:
                    return ", ".join(_quoted({0: slots[0], 1: other}, written))
        return ""

    def _matches(self, written: tuple[str, ...]) -> list[Match]:
        return list(self._book.matches(tuple(map(folded, written))))

    def _meetings(
        self, matches: Collection[Match], written: tuple[str, ...], details: Collection[str]
    ) -> dict[str, Found]:
        """Return the families whose parts meet, each with its highest score, quoting the words as ``written``.

        Only the last match of each part is remembered, so this takes time linear in the number of matches.
        """
        found: dict[str, Found] = {}
        scores: dict[str, int] = {}
        always: dict[str, set[int]] = {}
        for part in details:
            for family, number in self._slots.get(part, ()):
                always.setdefault(family.name, set()).add(number)
        names = {match.name for match in matches}
        last: dict[tuple[str, str], dict[int, Match]] = {}
        crowded: set[tuple[str, str]] = set()
        for match in matches:
            language, _, part = match.name.partition(_COLON)
            for family, number in self._slots[part]:
                key = language, family.name
                if _name(language, family.core) not in names or family.scores[-1] <= scores.get(family.name, 0):
                    continue
                seen = last.setdefault(key, {})
                before, seen[number] = seen.get(number), match
                if before and match.place - before.place <= family.window and key not in crowded:
                    continue  # the same parts meet as at the last match
                near = {slot: one for slot, one in seen.items() if match.place - one.place <= family.window}
                if len({one.place for one in near.values()}) < len(near):
                    crowded.add(key)
                score = _score(family, near, always.get(family.name, set()))
                if score > scores.get(family.name, 0):
                    scores[family.name] = score
                    found[family.name] = Found(score, language, _quoted(near, written))
        return found


def _score(family: Family, near: Mapping[int, Match], always: Collection[int]) -> int:
    """Return the score for the parts that meet: those in ``near``, and contact details and links in ``always``.

    If two parts besides the core begin with the same word of the text, only the first counts.
    """
    if 0 not in near:
        return 0
    places: set[int] = set()
    calls = others = 0
    for slot in range(1, len(family.calls) + len(family.more) + 1):
        if slot not in always:
            if slot not in near or near[slot].place in places:
                continue
            places.add(near[slot].place)
        others += 1
        calls += slot <= len(family.calls)
    if not calls or others < LEAST:
        return 0
    return family.scores[min(others - LEAST, len(family.scores) - 1)]


def _quoted(near: Mapping[int, Match], written: tuple[str, ...]) -> tuple[str, ...]:
    matches = [near[slot] for slot in sorted(near)]
    texts = (" ".join(written[one.place : one.place + one.text.count(" ") + 1]) for one in matches)
    return tuple(dict.fromkeys(texts))


def _name(language: str, part: str) -> str:
    return f"{language}{_COLON}{part}"


def read_parts(path: Path) -> Parts:
    """Return the parts in a table: a name in square brackets, then its phrases, one per line, and ``//`` for comments.

    Raises ``ValueError`` for a phrase without a part, and for a part that occurs twice.
    """
    parts: dict[str, list[str]] = {}
    phrases: list[str] | None = None
    for line in filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines())):
        if line.startswith("["):
            name = line.strip("[]")
            if name in parts:
                raise ValueError(f"{path.name} has the part {name!r} twice; put its phrases together")
            phrases = parts[name] = []
        elif not line.startswith(COMMENT):
            if phrases is None:
                raise ValueError(f"{path.name} has the phrase {line!r} before the first part")
            phrases.append(line)
    return {name: tuple(phrases) for name, phrases in parts.items()}


def _folded_line(line: str) -> str:
    """Return a phrase as it is compared, with both German spellings of umlauts."""
    return " ".join(_folded_token(token) for token in line.split(" "))


def _folded_token(token: str) -> str:
    optional = "?" if token.endswith("?") else ""
    choices = token.casefold().removesuffix("?").split("|")
    return (
        "|".join(dict.fromkeys(folded(one) for choice in choices for one in (choice, choice.translate(_GERMAN))))
        + optional
    )
