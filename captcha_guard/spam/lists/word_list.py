"""Words and phrases that a site does not take, found in one pass over the words however long the list is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import add
from pathlib import Path
from typing import Final

from ...errors import ConfigError
from ..submission import Submission
from ..text.excerpt import SEPARATOR
from ..text.normalised import normalised, words_of
from .patterns import Patterns
from .phrasing import UNQUOTED

#: The fields of a submission that can be looked at.
FIELDS: Final = ("author", "email", "url", "body", "user_agent", "referrer")

#: An entry that begins so is found inside words, too; one that begins with ``regex:`` is a regular expression.
PART: Final = "part:"
REGEX: Final = "regex:"

#: Scripts that put no space between words: there, an entry is looked for inside them.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff]")

#: Parts that are looked for one after the other.
_FEW: Final = 64

#: How a match calls a field named like a password; what was found there isn't said.
_PRIVATE: Final = "password"

#: Characters of a short field that are looked at.
_SHORT: Final = 1000


@dataclass(frozen=True, slots=True)
class Match:
    """One entry of the list, as it was found, and the field it was found in."""

    entry: str
    field: str


class WordList:
    """A list of entries, looked for in each of ``fields`` by itself, so that no phrase reaches from one into the next.

    An entry is a word or a phrase and is found as whole words, in whatever case, letters and script tricks it is
    written. ``part:agra`` is found inside words too, ``regex:v[i1]agra`` is a regular expression (needs ``regex``).
    "body" stands for every text without a role, too; each is looked at with and without its tags. Raises
    ``ConfigError`` for a field or an expression that can't be.
    """

    def __init__(self, entries: Iterable[str], fields: Iterable[str] = ("author", "email", "url", "body")) -> None:
        self.fields = tuple(fields)
        if unknown := sorted(set(self.fields) - set(FIELDS)):
            raise ConfigError(f"{unknown[0]!r} is no field of a submission; allowed: {', '.join(FIELDS)}")
        self._phrases: dict[str, str] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        parts: list[str] = []
        unspaced: list[str] = []
        patterns: list[str] = []
        for written in filter(None, map(str.strip, entries)):
            if written.startswith(REGEX):
                patterns.append(written.removeprefix(REGEX))
                continue
            text = written.removeprefix(PART)
            entry = normalised(text, look_alikes=False) or text
            words = words_of(entry)
            if _UNSPACED.search(entry):
                unspaced.append(entry)
            elif written.startswith(PART) or not words:
                parts.append(entry)
            else:
                self._add(words, written)
        self._parts = _Parts(parts)
        self._unspaced = _Parts(unspaced)
        self._patterns = Patterns(patterns)

    def find(self, submission: Submission) -> Match | None:
        """Return the first entry that a field of ``submission`` has.

        Raises ``PatternTimeoutError`` when the list's expressions take longer than they may.
        """
        views = [seen for field in self.fields for seen in _views(submission, field) if seen[1]]
        for field, view in views:
            found = self._phrase(words_of(view)) or self._parts.find(view)
            if not found and self._unspaced and _UNSPACED.search(view):
                found = self._unspaced.find(view)
            if found:
                return _match(found, field)
        if self._patterns:
            hit = self._patterns.search(view for _, view in views)
            return hit and _match(REGEX + hit.entry, views[hit.place][0])
        return None

    def _add(self, words: tuple[str, ...], written: str) -> None:
        self._phrases[" ".join(words)] = written
        known = self._lengths.get(words[0], ())
        if len(words) not in known:
            self._lengths[words[0]] = (*known, len(words))

    def _phrase(self, words: tuple[str, ...]) -> str | None:
        for start, word in enumerate(words):
            for length in self._lengths.get(word, ()):
                phrase = word if length == 1 else " ".join(words[start : start + length])
                if phrase in self._phrases:
                    return self._phrases[phrase]
        return None


class _Parts:
    """Texts that are looked for anywhere: a few one after the other, many by their first two characters.

    An entry that begins with another one is left out: where it is found, the other is found, too. So in their order
    only one of them, the last that does not come after it, can stand at a place of the text.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        kept: list[str] = []
        for entry in sorted(filter(None, entries)):
            if not kept or not entry.startswith(kept[-1]):
                kept.append(entry)
        self._few = kept if len(kept) <= _FEW else []
        self._single = {entry for entry in kept if len(entry) == 1}
        self._by_pair: dict[str, list[str]] = {}
        for entry in kept[len(self._few) :]:
            self._by_pair.setdefault(entry[:2], []).append(entry)
        self._longest = max(map(len, kept), default=0)

    def __bool__(self) -> bool:
        return self._longest > 0

    def find(self, view: str) -> str | None:
        for entry in self._few:
            if entry in view:
                return entry
        if not self._single.isdisjoint(view):
            return min(self._single.intersection(view))
        return self._beginning(view) if self._by_pair else None

    def _beginning(self, view: str) -> str | None:
        by_pair = self._by_pair
        for start, pair in enumerate(map(add, view, view[1:])):
            if pair not in by_pair:
                continue
            entries = by_pair[pair]
            place = bisect_right(entries, view[start : start + self._longest])
            if place and view.startswith(entries[place - 1], start):
                return entries[place - 1]
        return None


def read_words(path: Path) -> tuple[str, ...]:
    """Return the entries of a file, one a line; blank lines and those that begin with ``# `` are none.

    Raises ``ConfigError`` when it can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"the list {str(path)!r} can't be read: {error}") from error
    return tuple(line for line in lines if line.strip() and not line.startswith("# ") and line.strip() != "#")


def _match(entry: str, field: str) -> Match:
    return Match(UNQUOTED if field == _PRIVATE else entry, field)


def _views(submission: Submission, field: str) -> Iterator[tuple[str, str]]:
    """Yield the texts under which a field is looked at, without repeating one, each with the field's name."""
    if field == "body":
        for passage in submission.text.passages:
            name = _PRIVATE if passage.private else field
            for view in dict.fromkeys((passage.plain, passage.tagged)):
                yield from ((name, part) for part in view.split(SEPARATOR))
    elif field == "author":
        yield field, submission.text.author
    else:
        yield field, normalised(getattr(submission, field)[:_SHORT])
