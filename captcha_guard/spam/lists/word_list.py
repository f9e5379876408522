"""A site's list of words and phrases, found in one pass over the words of a text, however long the list is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import add
from pathlib import Path
from typing import Final, Protocol

from ...errors import ConfigError
from ..submission import Submission
from ..text.excerpt import SEPARATOR
from ..text.normalised import normalised, words_of
from .patterns import Patterns
from .phrasing import UNQUOTED

#: The fields of a submission that can be searched.
FIELDS: Final = ("author", "email", "url", "body", "user_agent", "referrer")

#: An entry with the prefix ``part:`` is also found inside words. One with ``regex:`` is a regular expression.
PART: Final = "part:"
REGEX: Final = "regex:"

#: Scripts without spaces between words. Entries in these scripts are also found inside longer words.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff]")

#: Up to this many parts are searched one after the other.
_FEW: Final = 64

#: The field name in a match for any field named like a password. The match doesn't quote the entry.
_PRIVATE: Final = "password"

#: Characters of a short field that are searched.
_SHORT: Final = 1000


@dataclass(frozen=True, slots=True)
class WordMatch:
    """The entry that was found, and the field in which it was found."""

    entry: str
    field: str


class Words(Protocol):
    """A list in which a rule looks words up."""

    def find(self, submission: Submission) -> WordMatch | None:
        """Return the first entry found in a submission."""
        ...


class WordList:
    """A list of entries, searched in each of ``fields`` separately, so that a phrase can't span two fields.

    An entry is a word or a phrase and matches whole words, whatever their case and however their letters are disguised.
    ``part:agra`` also matches inside words; ``regex:v[i1]agra`` is a regular expression (needs ``regex``). "body" also
    covers every text without a role; each is searched with and without its tags. Raises ``ConfigError`` for an unknown
    field or an invalid expression.
    """

    def __init__(self, entries: Iterable[str], fields: Iterable[str] = ("author", "email", "url", "body")) -> None:
        self.fields = tuple(fields)
        if unknown := sorted(set(self.fields) - set(FIELDS)):
            raise ConfigError(f"{unknown[0]!r} isn't a field of a submission; allowed: {', '.join(FIELDS)}")
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

    def __bool__(self) -> bool:
        """Whether the list has an entry that can be found."""
        return bool(self._phrases or self._parts or self._unspaced or self._patterns)

    def find(self, submission: Submission) -> WordMatch | None:
        """Return the first entry found in a field of ``submission``.

        Raises ``PatternTimeoutError`` if the list's expressions exceed their time limit.
        """
        if not self:
            return None
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
    """Strings that are searched anywhere in a text: a few one after the other, many by their first two characters.

    An entry that starts with another entry is left out, because the other one matches wherever it does. So at any
    position of a text only one entry can match: in sorted order, the last one that isn't after the text there.
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
    """Return the entries of a file, one per line, without blank lines and comments.

    Raises ``ConfigError`` if the file can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeError as error:
        raise ConfigError(f"the list {str(path)!r} isn't UTF-8 ({error}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"the list {str(path)!r} can't be read: {error.strerror or error}") from error
    return tuple(entries_in(lines))


def entries_in(lines: Iterable[str]) -> Iterator[str]:
    """Yield the entries among lines. Blank lines and lines that start with ``# `` are skipped."""
    return (line for line in lines if line.strip() and not line.startswith("# ") and line.strip() != "#")


def _match(entry: str, field: str) -> WordMatch:
    return WordMatch(UNQUOTED if field == _PRIVATE else entry, field)


def _views(submission: Submission, field: str) -> Iterator[tuple[str, str]]:
    """Yield the forms of a field that are searched, without repetitions, each with the field's name."""
    if field == "body":
        for passage in submission.text.passages:
            name = _PRIVATE if passage.private else field
            for view in dict.fromkeys((passage.plain, passage.tagged)):
                yield from ((name, part) for part in view.split(SEPARATOR))
    elif field == "author":
        yield field, submission.text.author
    else:
        yield field, normalised(getattr(submission, field)[:_SHORT])
