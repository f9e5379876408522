"""Tokens: the content of a genuine one, and a separate error for each kind of failure."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_guard.challenge.token import LEEWAY, LONGEST, Challenge, Tokens, scope_digest
from captcha_guard.errors import (
    TokenError,
    TokenExpiredError,
    TokenForgedError,
    TokenMalformedError,
    TokenScopeError,
)

NOW = 1_750_000_000
OLD_KEY, KEY = b"the old key, retired last week..", b"the key that is in force today.."


def at(seconds: float, *keys: bytes) -> Tokens:
    return Tokens(keys or (KEY,), ttl=900, clock=lambda: seconds)


def challenge(scope: str = "comment", *, issued_at: int = NOW) -> Challenge:
    return Challenge.new(scope, difficulty="medium", epoch=7, at=issued_at, tries_left=True)


def test_a_token_opens_to_the_challenge_that_was_signed() -> None:
    made = challenge()
    opened = at(NOW + 5).open(at(NOW).sign(made), scope="comment")
    assert opened.challenge == made
    assert opened.age == 5
    assert opened.key == KEY


def test_a_token_is_short_url_safe_ascii() -> None:
    token = at(NOW).sign(challenge("a scope of any length " * 20))
    assert token.isascii()
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert len(token) < 256


def test_no_two_challenges_share_a_nonce() -> None:
    assert len({challenge().nonce for _ in range(1000)}) == 1000


def test_a_token_signed_with_an_old_key_still_opens_with_that_key() -> None:
    token = at(NOW, OLD_KEY).sign(challenge())
    assert at(NOW, KEY, OLD_KEY).open(token).key == OLD_KEY
    with pytest.raises(TokenForgedError):
        at(NOW, KEY).open(token)


@pytest.mark.parametrize(("age", "good"), [(0, True), (900, True), (901, False), (-LEEWAY, True), (-LEEWAY - 1, False)])
def test_the_age_is_limited_by_the_ttl_and_the_leeway_of_clocks(age: int, good: bool) -> None:
    token = at(NOW).sign(challenge(issued_at=NOW - age))
    if good:
        assert at(NOW).open(token).age == max(age, 0)
    else:
        with pytest.raises(TokenExpiredError):
            at(NOW).open(token)


def test_a_token_of_another_scope_is_refused_and_without_a_scope_it_opens() -> None:
    token = at(NOW).sign(challenge("comment:one"))
    with pytest.raises(TokenScopeError):
        at(NOW).open(token, scope="comment:two")
    assert at(NOW).open(token).challenge.scope == scope_digest("comment:one")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "\x00", "é", "x" * (LONGEST + 1), "x" * 100_000])
def test_an_invalid_token_is_refused_with_its_own_error(token: str) -> None:
    with pytest.raises(TokenError) as caught:
        at(NOW).open(token)
    assert caught.value.reason in {"token_malformed", "token_forged"}
    assert caught.value.token == token


@pytest.mark.parametrize(
    "payload",
    [b"[]", b"{}", b"null", b"1", b"[1,2,3,4,5,6,7,8]",
     b'[99,"n","s","image","easy",0,0]',
     b'[1,"n","s","song","easy",0,0]',
     b'[1,2,"s","image","easy",0,0]', b'[1,"n","s","image","easy","0",0]',
     b'[1,"n","s",[],"easy",0,0]', b"\xff", b"", b"[" * 900],
)  # fmt: skip
def test_a_signed_payload_that_is_not_a_challenge_is_malformed(payload: bytes) -> None:
    tokens = at(NOW)
    _, signer = tokens._signers[0]
    token = signer.sign_at(base64.urlsafe_b64encode(payload).rstrip(b"="), NOW).decode()
    with pytest.raises(TokenMalformedError):
        tokens.open(token)


def test_a_token_altered_in_any_byte_never_opens_to_another_challenge() -> None:
    tokens, made = at(NOW), challenge()
    token = tokens.sign(made)
    for place in range(len(token)):
        for letter in "Aa0_-.Zz~":
            altered = token[:place] + letter + token[place + 1 :]
            try:
                opened = tokens.open(altered)
            except TokenError:
                continue
            assert opened.challenge == made  # base64 isn't canonical: another spelling of the same token


@given(st.text(max_size=300))
@settings(max_examples=500)
def test_every_invalid_text_raises_a_token_error(text: str) -> None:
    with pytest.raises(TokenError):
        at(NOW).open(text)
