"""Claims of comments: a comment is stored once, unless it was erased or its code allows a repetition."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.storages.memory import LockedMemoryStorage
from captcha_guard.errors import StoreUnavailableError
from captcha_guard.spam.comment_key import comment_key, duplicate_key
from captcha_guard.spam.submission import Submission
from captcha_guard.web.post.duplicates import REMEMBERED, claim, is_known, known, note_forgotten, release

SECRET = b"a secret of the site"
COMMENT = Submission(scope="comment", author="Ada", email="ada@example.org", body="The bound is read anew.", whole="0")
KEY = duplicate_key(COMMENT, SECRET)


class Store(Spent):
    """Spent nonces in memory. While ``down``, the store fails."""

    def __init__(self) -> None:
        super().__init__(LockedMemoryStorage())
        self.down = False
        self.claimed: list[tuple[str, int]] = []

    def claim(self, nonce: str, ttl: int, *, issued_at: float | None = None) -> bool:
        self._fail()
        self.claimed.append((nonce, ttl))
        return super().claim(nonce, ttl, issued_at=issued_at)

    def is_spent(self, nonce: str) -> bool:
        self._fail()
        return super().is_spent(nonce)

    def release(self, nonce: str) -> None:
        self._fail()
        super().release(nonce)

    def _fail(self) -> None:
        if self.down:
            raise StoreUnavailableError("the store is down")


@pytest.fixture
def state() -> Any:
    return SimpleNamespace(spent=Store(), secret=SECRET)


def test_a_comment_is_claimed_once_for_a_day(state: Any) -> None:
    assert not is_known(COMMENT, state)
    assert claim(COMMENT, state, again=False) == KEY
    assert state.spent.claimed == [(KEY, REMEMBERED)]
    assert REMEMBERED == 24 * 60 * 60
    assert is_known(COMMENT, state)
    assert claim(COMMENT, state, again=False) is None
    assert claim(replace(COMMENT, body="Another comment."), state, again=False)


def test_a_code_that_allows_a_repetition_claims_nothing_that_could_be_released(state: Any) -> None:
    assert claim(COMMENT, state, again=True) == KEY
    assert claim(COMMENT, state, again=True) == ""


def test_a_released_claim_can_be_claimed_again(state: Any) -> None:
    release(claim(COMMENT, state, again=False), state)
    assert not is_known(COMMENT, state)
    assert claim(COMMENT, state, again=False) == KEY


@pytest.mark.parametrize("nothing", ["", None])
def test_releasing_nothing_does_not_use_the_store(state: Any, nothing: str | None) -> None:
    state.spent.down = True
    release(nothing, state)


def test_a_comment_without_a_text_is_never_a_duplicate(state: Any) -> None:
    blank = replace(COMMENT, body=" ")
    assert [claim(blank, state, again=False) for _ in range(2)] == ["", ""]
    assert not is_known(blank, state)
    assert state.spent.claimed == []


def test_an_erased_comment_can_be_posted_once_more(state: Any) -> None:
    claim(COMMENT, state, again=False)
    note_forgotten(comment_key(COMMENT, SECRET), state)
    assert state.spent.claimed[-1][1] == REMEMBERED
    assert not is_known(COMMENT, state)
    assert not known(COMMENT, state.spent, SECRET)
    assert claim(COMMENT, state, again=False) == KEY
    assert is_known(COMMENT, state)
    assert claim(COMMENT, state, again=False) is None


def test_erasing_one_comment_releases_no_other(state: Any) -> None:
    claim(COMMENT, state, again=False)
    note_forgotten(comment_key(replace(COMMENT, author="Bea"), SECRET), state)
    assert is_known(COMMENT, state)
    assert claim(COMMENT, state, again=False) is None


def test_while_the_store_fails_no_comment_is_a_duplicate_and_none_is_lost(
    state: Any, caplog: pytest.LogCaptureFixture
) -> None:
    claimed = claim(COMMENT, state, again=False)
    state.spent.down = True
    assert not is_known(COMMENT, state)
    assert claim(COMMENT, state, again=False) == ""
    note_forgotten(comment_key(COMMENT, SECRET), state)
    assert caplog.messages == []
    release(claimed, state)
    assert len(caplog.messages) == 1


def test_a_store_that_fails_when_an_erased_comment_is_looked_up_refuses_the_repetition(
    state: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(COMMENT, state, again=False)

    def fail(nonce: str) -> bool:
        raise StoreUnavailableError(nonce)

    monkeypatch.setattr(state.spent, "is_spent", fail)
    assert claim(COMMENT, state, again=False) is None
