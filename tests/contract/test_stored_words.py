"""Edited lists of words work the same in every database, and reach other processes within seconds."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from captcha_guard.database.database import Database
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.errors import ConfigError, DatabaseUnavailableError
from captcha_guard.spam.lists import patterns
from captcha_guard.spam.lists.stored_words import EVERY, LONGEST, MOST, MOST_EXPRESSIONS, StoredWords
from captcha_guard.spam.lists.word_list import WordList, WordMatch
from captcha_guard.spam.submission import Submission

FIELDS = ("author", "body")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def post(body: str, **more: Any) -> Submission:
    return Submission(scope="comment", body=body, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def words(opened: Callable[[], Database], clock: Clock) -> Iterator[StoredWords]:
    with closing(opened()) as database:
        yield StoredWords(database, fields=FIELDS, clock=clock)


@pytest.fixture
def others(opened: Callable[[], Database], clock: Clock) -> Iterator[StoredWords]:
    """The lists as another process sees them."""
    with closing(opened()) as database:
        yield StoredWords(database, fields=FIELDS, clock=clock)


def test_a_saved_list_is_read_as_it_was_saved_and_each_list_has_its_own_entries(
    words: StoredWords, others: StoredWords
) -> None:
    assert words.entries("disallowed") == words.entries("moderated") == ()
    words.save("disallowed", ["cheap pills", "  part:agra ", "", "# a comment", "cheap pills", "Ünïcode «words»"])
    words.save("moderated", ["mowers"])
    words.save("moderated", ["lawn"])
    for one in (words, others):
        assert one.entries("disallowed") == ("cheap pills", "part:agra", "Ünïcode «words»")
        assert one.entries("moderated") == ("lawn",)


def test_a_saved_list_applies_at_once_here_and_within_seconds_in_other_processes(
    words: StoredWords, others: StoredWords, clock: Clock
) -> None:
    here, there = words.beside("disallowed", WordList(())), others.beside("disallowed", WordList(()))
    assert here.find(post("cheap pills")) is there.find(post("cheap pills")) is None
    words.save("disallowed", ["pills"])
    assert here.find(post("cheap pills")) == WordMatch("pills", "body")
    assert others.queries() == []
    assert there.find(post("cheap pills")) is None
    clock.now += EVERY
    assert len(others.queries()) == 1
    assert there.find(post("cheap pills")) == WordMatch("pills", "body")
    words.save("disallowed", [])
    assert here.find(post("cheap pills")) is None
    clock.now += EVERY
    assert there.find(post("cheap pills")) is None


def test_every_process_has_the_lists_of_a_database_that_replaces_another(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "judge.sqlite3"
    with closing(SQLiteDatabase(path)) as here, closing(SQLiteDatabase(path)) as there:
        words, others = (StoredWords(one, fields=FIELDS, clock=clock) for one in (here, there))
        words.save("moderated", ["lawn"])
        assert others.current("moderated").find(post("a lawn")) is not None
        for file in tmp_path.iterdir():
            file.unlink()
        clock.now += EVERY
        assert others.current("moderated").find(post("a lawn")) is None
        words.save("moderated", ["mowers"])
        clock.now += EVERY
        assert others.current("moderated").find(post("two mowers")) is not None


def test_a_database_without_the_list_ends_the_list_in_every_process(
    words: StoredWords, others: StoredWords, opened: Callable[[], Database], clock: Clock
) -> None:
    words.save("moderated", ["lawn"])
    assert others.current("moderated").find(post("a lawn")) is not None
    with closing(opened()) as database, database.writing() as access:
        access.run("DELETE FROM judge_words")
    clock.now += EVERY
    assert others.current("moderated").find(post("a lawn")) is None
    words.save("moderated", ["mowers"])
    clock.now += EVERY
    assert others.current("moderated").find(post("two mowers")) is not None


@pytest.mark.parametrize("packed", [b"damaged", zlib.compress(b"[damaged"), zlib.compress(b"5")])
def test_a_damaged_list_is_empty_until_it_is_saved(
    words: StoredWords, others: StoredWords, opened: Callable[[], Database], packed: bytes
) -> None:
    words.save("moderated", ["lawn"])
    with closing(opened()) as database, database.writing() as access:
        access.run("UPDATE judge_words SET entries = :entries", (packed,))
    assert others.current("moderated").find(post("a lawn")) is None
    assert words.entries("moderated") == ()
    words.save("moderated", ["mowers"])
    assert words.entries("moderated") == ("mowers",)


def test_the_configured_list_stays_in_force(words: StoredWords) -> None:
    both = words.beside("moderated", WordList(["lawn"], FIELDS))
    words.save("moderated", ["mowers"])
    assert both.find(post("a lawn")) == WordMatch("lawn", "body")
    assert both.find(post("two mowers", author="Ada")) == WordMatch("mowers", "body")
    words.save("moderated", ())
    assert both.find(post("a lawn")) == WordMatch("lawn", "body")


def test_the_editors_of_one_list_do_not_overwrite_each_others_changes(words: StoredWords, others: StoredWords) -> None:
    words.save("disallowed", ["one"], expected=())
    shown = others.entries("disallowed")
    words.save("disallowed", ["one", "two"], expected=["one"])
    with pytest.raises(ConfigError, match=r"'disallowed' was changed by another editor, so nothing was saved"):
        others.save("disallowed", ["one", "three"], expected=shown)
    with pytest.raises(ConfigError, match=r"the expected entries are 'one\\ntwo'; pass a list of texts"):
        others.save("disallowed", ["four"], expected="one\ntwo")
    assert words.entries("disallowed") == ("one", "two")
    others.save("disallowed", ["three"])
    assert words.entries("disallowed") == ("three",)


def test_of_many_editors_at_once_exactly_one_saves_from_each_state(opened: Callable[[], Database]) -> None:
    saved, start = [], threading.Barrier(6)

    def edit(number: int) -> None:
        with closing(opened()) as database:
            words = StoredWords(database, fields=FIELDS)
            words.entries("moderated")
            start.wait(20)
            try:
                words.save("moderated", [f"word{number}"], expected=())
            except ConfigError:
                return
            saved.append(f"word{number}")

    with closing(opened()) as database:
        words = StoredWords(database, fields=FIELDS)
        words.save("disallowed", ["x"])
        threads = [threading.Thread(target=edit, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(saved) == 1
        assert words.entries("moderated") == tuple(saved)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (["fine", "regex:v[i"], r"the expression 'v\[i' is invalid: .*; correct it, or remove the entry"),
        (["regex:.*"], r"the entry 'regex:\.\*' matches even an empty text"),
        (["regex:."], r"the entry 'regex:\.' matches any text, so it would be found in every comment"),
        (["regex:\\S{2}"], "matches any text"),
        (["lawn\nmower"], r"the entry 'lawn\\nmower' has a line break; pass its lines as entries of their own"),
        (["lawn\u2028mower"], "has a line break"),
        (["v\u0456agra"], "mixes letters of several scripts.*; write 'viagra', which finds this spelling, too"),
        (["part:p\u0430ypal"], "write 'paypal'"),
        (["regex:"], "the entry 'regex:' has no visible text"),
        (["part:"], "the entry 'part:' has no visible text"),
        (["\u200b"], "has no visible text to look for; write a word, or remove the entry"),
        (["x" * (LONGEST + 1)], rf"the entry 'x+\.\.\.' has {LONGEST + 1} characters; allowed: {LONGEST}"),
        (["a\0b"], r"the entry 'a\\x00b' is .*; remove the NUL"),
        (["\ud800"], "surrogate"),
        ([7], "the entry 7 isn't a text"),
        ("one\ntwo", r"the entries are 'one\\ntwo'; pass a list of texts, such as text.splitlines"),
        ([f"word{number}" for number in range(MOST + 1)], "has 10,001 entries, allowed: 10,000"),
        (
            [f"regex:word{number}" for number in range(MOST_EXPRESSIONS + 1)],
            "101 regular expressions, allowed: 100; remove 'regex:word100'",
        ),
    ],
    ids=["broken", "nothing", "anything", "anything long", "line break", "line separator", "disguise", "disguised part",
         "no expression", "no part", "unseen", "long", "NUL", "surrogate", "number", "text",
         "many", "many expressions"],
)  # fmt: skip
def test_an_entry_that_is_not_allowed_is_named_and_nothing_is_saved(
    words: StoredWords, entries: Any, message: str
) -> None:
    words.save("moderated", ["lawn"])
    with pytest.raises(ConfigError, match=message):
        words.save("moderated", entries)
    with pytest.raises(ConfigError, match=message):
        words.matches(entries, [])
    assert words.entries("moderated") == ("lawn",)
    assert words.current("moderated").find(post("a lawn")) is not None


def test_an_expression_needs_the_extra(words: StoredWords, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(patterns, "import_module", missing)
    with pytest.raises(ConfigError, match=r"'v\[i1\]agra'; .* isn't installed: pip install regex"):
        words.save("moderated", ["regex:v[i1]agra"])


def test_a_process_without_the_extra_uses_the_other_entries_of_a_list_and_says_so(
    words: StoredWords, others: StoredWords, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    words.save("moderated", ["regex:v[i1]agra", "lawn"])
    monkeypatch.setattr(patterns, "import_module", missing)
    for _ in range(2):
        assert others.current("moderated").find(post("a lawn")) == WordMatch("lawn", "body")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "the expressions in the stored list 'moderated' have no effect" in caplog.text
    assert "pip install regex" in caplog.text


@pytest.mark.parametrize("name", ["", "disallowed_words", None])
def test_an_unknown_list_is_refused(words: StoredWords, name: Any) -> None:
    for act in (lambda: words.entries(name), lambda: words.save(name, ["x"])):
        with pytest.raises(ConfigError, match="allowed: 'disallowed', 'moderated'"):
            act()


def test_a_list_is_tried_over_many_submissions_without_saving_it(words: StoredWords) -> None:
    tried = words.matches(["part:agra", "regex:v[i1]p"], (post(body) for body in ("a viagrafree zone", "fine", "V1P")))
    assert list(tried) == [WordMatch("agra", "body"), None, WordMatch("regex:v[i1]p", "body")]
    assert words.entries("disallowed") == ()


def test_an_expression_that_takes_too_long_ends_the_trial(words: StoredWords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "EACH", 0.0)
    with pytest.raises(ConfigError, match=r"the expression 'v\.p' took too long"):
        list(words.matches(["regex:v.p"], [post("vip")]))


def test_while_the_database_is_down_the_last_list_stays_in_force_and_editors_get_an_error(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "judge" / "judge.sqlite3"
    with closing(SQLiteDatabase(path)) as database:
        words = StoredWords(database, fields=FIELDS, clock=clock)
        words.save("disallowed", ["pills"])
        database.close()
        path.unlink()
        path.mkdir()
        clock.now += EVERY
        assert words.current("disallowed").find(post("pills")) is not None
        with pytest.raises(DatabaseUnavailableError):
            words.entries("disallowed")
        with pytest.raises(DatabaseUnavailableError):
            words.save("disallowed", ["other"])
        assert words.current("disallowed").find(post("pills")) is not None
