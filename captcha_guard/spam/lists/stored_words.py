"""The lists of words that moderators edit. They are stored in the judge's database, beside the configured lists."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ...config.validators import storable
from ...database.database import Access, Database, Query
from ...database.table import Kind, Table
from ...errors import ConfigError
from ..submission import Submission
from ..text.invisible import without_unseen
from ..text.normalised import normalised
from .patterns import Patterns, PatternTimeoutError
from .word_list import PART, REGEX, WordList, WordMatch, Words, entries_in

logger = logging.getLogger("captcha_guard")

#: The lists, by the names of their settings without "_words".
NAMES: Final = ("disallowed", "moderated")
#: The most entries of one list, the most characters of an entry, and the most regular expressions among the entries.
MOST: Final = 10_000
LONGEST: Final = 200
MOST_EXPRESSIONS: Final = 100
#: Seconds after which a process notices that another one has saved a list.
EVERY: Final = 3.0
#: Short texts without a common character. An expression that is found in each of them is found in every comment.
_UNLIKE: Final = ("thanks", "42", "\u65e5\u672c\u8a9e")

TABLE: Final = Table("judge_words", {"name": Kind.KEY, "version": Kind.WHOLE, "entries": Kind.BYTES}, key=("name",))

_VERSIONS: Final[Query] = "SELECT name, version FROM judge_words", ()
_ONE: Final = f"{TABLE.select} WHERE name = :name"
_SAVE: Final = TABLE.upsert()


@dataclass(frozen=True, slots=True)
class _Stored:
    """A list as this process has read it last. ``version`` is 0 for a list that was never saved."""

    version: int = 0
    entries: tuple[str, ...] = ()
    words: WordList = field(default_factory=lambda: WordList(()))


class StoredWords:
    """The edited lists of a site, in a database that all its processes share.

    A process reads the versions of the lists again after three seconds, in the round trip of its other reads. While the
    database can't be used, it goes on with the lists that it has read last. Only rules read them this way: other
    methods always use the database.

    :param fields: the fields of a submission in which the lists are searched.
    :param clock: returns monotonic seconds.
    """

    def __init__(
        self, database: Database, *, fields: Iterable[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._fields = tuple(fields)
        self._clock = clock
        self._lists = dict.fromkeys(NAMES, _Stored())
        self._read_at: float | None = None
        self._lock, self._process = threading.Lock(), os.getpid()
        database.add_tables(TABLE)

    def entries(self, name: str) -> tuple[str, ...]:
        """Return the entries of a list, as they were saved.

        :raises ConfigError: no list has this name.
        :raises DatabaseUnavailableError: the database can't be used.
        """
        _check_name(name)
        if self._database.is_missing:
            return ()
        with self._database.reading() as access:
            return _read(access, name)[1]

    def save(self, name: str, entries: Iterable[str], *, expected: Iterable[str] | None = None) -> None:
        """Replace a list. It applies at once in this process, and within seconds in others.

        :param expected: the entries that the editor started from. If another editor has saved others, nothing changes.
        :raises ConfigError: no list has this name, an entry is invalid, or the stored entries aren't ``expected``.
        :raises DatabaseUnavailableError: the database can't be used, so nothing was saved.
        """
        _check_name(name)
        kept, words = self._checked(entries)
        _refuse_text("expected entries", expected)
        before = None if expected is None else tuple(expected)
        with self._locked():
            with self._database.writing() as access:
                version, stored = _read(access, name)
                if before is not None and before != stored:
                    raise ConfigError(
                        f"the list {name!r} was changed by another editor, so nothing was saved; read it again, and "
                        "repeat your changes"
                    )
                version = max(version + 1, time.time_ns())  # no version is used again if the database is replaced
                access.change(_SAVE, [(name, version, _packed(kept))])
            self._lists[name] = _Stored(version, kept, words)

    def matches(self, entries: Iterable[str], submissions: Iterable[Submission]) -> Iterator[WordMatch | None]:
        """Return what a list with these entries would find in each submission. Nothing is saved.

        :raises ConfigError: an entry is invalid, or a regular expression takes too long.
        """
        _, words = self._checked(entries)
        return (_find(words, submission) for submission in submissions)

    def beside(self, name: str, configured: WordList) -> Words:
        """Return the configured list together with the stored one."""
        return _Both(configured, lambda: self.current(name))

    def current(self, name: str) -> WordList:
        """Return the stored list as this process knows it, at most three seconds old."""
        if self._is_due():
            self._refresh()
        return self._lists[name].words

    def queries(self) -> list[Query]:
        """Return the query that :meth:`current` needs now, to read it ahead."""
        return [_VERSIONS] if self._is_due() else []

    def _is_due(self) -> bool:
        read_at = self._read_at
        return read_at is None or not 0 <= self._clock() - read_at < EVERY

    def _refresh(self) -> None:
        """Read the lists that have changed. Other threads don't wait for this, and use the lists known before."""
        if self._process != os.getpid():  # in a fork, the copied lock may be held
            self._process, self._lock = os.getpid(), threading.Lock()
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._database.is_missing:
                self._lists = dict.fromkeys(NAMES, _Stored())
            else:
                self._read_changes()
            self._read_at = self._clock()  # also after a fault, because each try may cost a timeout
        finally:
            self._lock.release()

    def _read_changes(self) -> None:
        versions = self._database.read(lambda access: access.rows(*_VERSIONS))
        if versions is None:
            return
        there: dict[str, int] = dict(versions)
        for name, known in self._lists.items():
            if there.get(name, 0) != known.version:
                self._read_changed(name)

    def _read_changed(self, name: str) -> None:
        found = self._database.read(lambda access: _read(access, name))
        if found is not None:
            self._lists[name] = _Stored(*found, self._usable(name, found[1]))

    def _usable(self, name: str, entries: tuple[str, ...]) -> WordList:
        """Return the list, without its regular expressions if this process can't use them. Then the log says why."""
        try:
            return WordList(entries, self._fields)
        except ConfigError as error:
            logger.warning("captcha_guard: the expressions in the stored list %r have no effect: %s", name, error)
            return WordList((entry for entry in entries if not entry.startswith(REGEX)), self._fields)

    def _checked(self, entries: Iterable[str]) -> tuple[tuple[str, ...], WordList]:
        """Return the entries without blank lines, comments and repetitions, and the list of them."""
        _refuse_text("entries", entries)
        kept = tuple(dict.fromkeys(entries_in(map(_checked_entry, entries))))
        if len(kept) > MOST:
            raise ConfigError(f"the list has {len(kept):,} entries, allowed: {MOST:,}; put more in a configured file")
        expressions = [entry for entry in kept if entry.startswith(REGEX)]
        if len(expressions) > MOST_EXPRESSIONS:
            raise ConfigError(
                f"the list has {len(expressions)} regular expressions, allowed: {MOST_EXPRESSIONS}; remove "
                f"{expressions[MOST_EXPRESSIONS]!r} and those after it, or join several as regex:one|two"
            )
        words = WordList(kept, self._fields)
        for entry in kept:
            _refuse_useless(entry)
        return kept, words

    def _locked(self) -> threading.Lock:
        if self._process != os.getpid():
            self._process, self._lock = os.getpid(), threading.Lock()
        return self._lock


class _Both:
    """A configured list and a stored one, which may change."""

    def __init__(self, configured: WordList, stored: Callable[[], WordList]) -> None:
        self._configured = configured
        self._stored = stored

    def find(self, submission: Submission) -> WordMatch | None:
        """Return the first entry of the configured list found in a submission, or else of the stored one."""
        return self._configured.find(submission) or self._stored().find(submission)


def _read(access: Access, name: str) -> tuple[int, tuple[str, ...]]:
    rows = access.rows(_ONE, (name,))
    if not rows:
        return 0, ()
    [(_, version, packed)] = rows
    try:
        return version, tuple(map(str, json.loads(zlib.decompress(packed))))
    except (zlib.error, ValueError, TypeError) as error:
        logger.warning("captcha_guard: the stored list %r is damaged, so it is empty until it's saved: %s", name, error)
        return version, ()


def _packed(entries: Sequence[str]) -> bytes:
    return zlib.compress(json.dumps(entries).encode())


def _find(words: WordList, submission: Submission) -> WordMatch | None:
    try:
        return words.find(submission)
    except PatternTimeoutError as error:
        raise ConfigError(str(error)) from error


def _refuse_text(what: str, entries: object) -> None:
    if isinstance(entries, str):
        raise ConfigError(f"the {what} are {entries[:80]!r}; pass a list of texts, such as text.splitlines()")


def _checked_entry(entry: object) -> str:
    if not isinstance(entry, str):
        raise ConfigError(f"the entry {entry!r} isn't a text; pass texts only")
    shown = entry if len(entry) <= 80 else f"{entry[:80]}..."
    checked = storable(f"the entry {shown!r}", entry, most=LONGEST).strip()
    if len(checked.splitlines()) > 1:
        raise ConfigError(f"the entry {shown!r} has a line break; pass its lines as entries of their own")
    return checked


def _refuse_useless(entry: str) -> None:
    """Raise ``ConfigError`` for an entry that can't be found, or that is found in every comment."""
    is_expression = entry.startswith(REGEX)
    text = entry.removeprefix(REGEX) if is_expression else entry.removeprefix(PART)
    if not without_unseen(text).strip():
        raise ConfigError(f"the entry {entry!r} has no visible text to look for; write a word, or remove the entry")
    if is_expression:
        _refuse_useless_expression(entry, text)
    elif not text.isascii() and normalised(text, look_alikes=False) != (seen := normalised(text)):
        raise ConfigError(
            f"the entry {entry!r} mixes letters of several scripts. Comments are read without such disguises, so it "
            f"would never be found; write {seen!r}, which finds this spelling, too"
        )


def _refuse_useless_expression(entry: str, expression: str) -> None:
    try:
        found = Patterns([expression])
        if found.search([""]) is not None:
            raise ConfigError(
                f"the entry {entry!r} matches even an empty text, so it would be found in every comment; write an "
                "expression that needs at least one character"
            )
        if all(found.search([text]) is not None for text in _UNLIKE):
            raise ConfigError(
                f"the entry {entry!r} matches any text, so it would be found in every comment; write an expression "
                "with some letters of what it should find"
            )
    except PatternTimeoutError as error:
        raise ConfigError(str(error)) from error


def _check_name(name: object) -> None:
    if name not in NAMES:
        raise ConfigError(f"no list of words is called {name!r}; allowed: {', '.join(map(repr, NAMES))}")
