"""Tokens: the content of a genuine one, and a separate error for each kind of failure."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_guard.challenge.token import GENERATIONS, LEEWAY, LONGEST, Challenge, Tokens, scope_digest
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


#: A challenge of the comment form and its pass, each with the token that an earlier build signed with ``KEY``.
SIGNED = {
    Challenge(
        "AAAAAAAAAAAAAAAAAAAAAA", "lKuyLI-iC0U8K8iJ", "de", "medium", 7, NOW, tries_left=3, repeats=True
    ): "WzMsIkFBQUFBQUFBQUFBQUFBQUFBQUFBQUEiLCJsS3V5TEktaUMwVThLOGlKIiwiZGUiLCJtZWRpdW0iLDcsMywxLDAsIiJd"
    ".aE7hgA.GZPKxLcgfzq6wodvtrYxFJiDJMc3WgLUgr4iP9id1fM",
    Challenge(
        "Uw6fgt925FtT_qF3dkiG0w",
        "lKuyLI-iC0U8K8iJ",
        "de",
        "medium",
        7,
        NOW,
        repeats=True,
        generation=1,
        bound_to="bound",
    ): "WzMsIlV3NmZndDkyNUZ0VF9xRjNka2lHMHciLCJsS3V5TEktaUMwVThLOGlKIiwiZGUiLCJtZWRpdW0iLDcsMCwxLDEsImJvdW5kIl0"
    ".aE7hgA.KeuYPZQ6rnplehfIaAvPRovR97KBShZ9iZDeUG4GmSg",
}


@pytest.mark.parametrize("made", SIGNED)
def test_a_token_that_an_earlier_build_signed_still_opens(made: Challenge) -> None:
    """This pins the salt, the digest and the layout. If one of them changes on purpose, ``VERSION`` must change."""
    assert at(NOW).sign(made) == SIGNED[made]
    opened = at(NOW).open(SIGNED[made])
    assert opened.challenge == made
    assert type(opened.challenge.repeats) is bool


def test_a_new_challenge_has_the_given_parts_and_else_the_defaults() -> None:
    plain = Challenge.new("comment", difficulty="easy", epoch=2, at=NOW)
    assert plain == Challenge(plain.nonce, scope_digest("comment"), "en", "easy", 2, NOW)
    assert len(base64.urlsafe_b64decode(plain.nonce + "==")) == 16
    made = Challenge.new("comment", language="fr", difficulty="easy", epoch=2, at=NOW, tries_left=4, repeats=True)
    assert made == Challenge(made.nonce, scope_digest("comment"), "fr", "easy", 2, NOW, 4, repeats=True)


def test_a_scope_may_be_any_text() -> None:
    assert scope_digest("comment:é\udc80") == "lKuyLI-iC0U8K8iJ"
    assert len({scope_digest(scope) for scope in ("", "é", "\udc80", "\udc81")}) == 4


def test_a_solved_challenge_has_one_pass_and_a_pass_has_a_next_one_up_to_the_last() -> None:
    solved, passes = challenge(), []
    current = solved.as_pass(KEY, "first text")
    while current is not None:
        passes.append(current)
        current = current.as_pass(KEY, "corrected text")
    assert [one.generation for one in passes] == list(range(1, GENERATIONS + 1))
    assert [one.bound_to for one in passes] == ["first text", "corrected text", "corrected text"]
    assert len({solved.nonce, *(one.nonce for one in passes)}) == GENERATIONS + 1
    assert not solved.is_pass
    for one in passes:
        assert one.is_pass
        assert one.tries_left == 0
        assert (one.scope, one.issued_at, one.difficulty) == (solved.scope, solved.issued_at, solved.difficulty)
        assert len(base64.urlsafe_b64decode(one.nonce + "==")) == 16


def test_the_nonce_of_a_pass_depends_on_the_challenge_and_the_key_but_not_on_its_comment() -> None:
    one, other = challenge(), challenge()
    nonces = [
        made.as_pass(key, text)
        for made, key, text in [(one, KEY, "a"), (one, KEY, "b"), (one, OLD_KEY, "a"), (other, KEY, "a")]
    ]
    assert [each is not None and each.nonce == getattr(nonces[0], "nonce", "") for each in nonces] == [
        True,
        True,
        False,
        False,
    ]


def test_a_challenge_has_the_pass_that_an_earlier_build_gave_it() -> None:
    solved, earned = SIGNED
    assert solved.as_pass(KEY, "bound") == earned


@pytest.mark.parametrize("issued_at", [0, 1, 255, 256, 2**32 - 1, 2**32, 2**33])
def test_a_token_of_any_time_keeps_its_time(issued_at: int) -> None:
    token = at(issued_at).sign(challenge(issued_at=issued_at))
    assert at(issued_at).open(token).challenge.issued_at == issued_at


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
    ("now", "token", "scope", "error", "message"),
    [
        (NOW, "x" * 2000, None, TokenMalformedError, "not a token: too long, or not ASCII"),
        (NOW, "é", None, TokenMalformedError, "not a token: too long, or not ASCII"),
        (NOW, "x" * LONGEST, None, TokenForgedError, "not signed with any of our keys"),
        (NOW + 901, "", None, TokenExpiredError, "issued 901 s ago; tokens are valid for 900 s"),
        (NOW - 31, "", None, TokenExpiredError, "issued 31 s in the future; check this server's clock"),
        (NOW, "", "another", TokenScopeError, "issued for another form"),
    ],
)
def test_an_error_names_its_reason_and_carries_the_token(
    now: int, token: str, scope: str | None, error: type[TokenError], message: str
) -> None:
    token = token or at(NOW).sign(challenge())
    with pytest.raises(error) as caught:
        at(now).open(token, scope=scope)
    assert str(caught.value) == message
    assert caught.value.token == token


@pytest.mark.parametrize(
    "payload",
    [b"[]", b"{}", b"null", b"1", b"[1,2,3,4,5,6,7,8]",
     b'[99,"n","s","image","easy",0,0]',
     b'[1,"n","s","song","easy",0,0]',
     b'[1,2,"s","image","easy",0,0]', b'[1,"n","s","image","easy","0",0]',
     b'[1,"n","s",[],"easy",0,0]', b"\xff", b"", b"[" * 700,
     b'[2,"n","s","en","easy",0,0,0,0,""]',
     b'[3,7,"s","en","easy",0,0,0,0,""]', b'[3,"n",7,"en","easy",0,0,0,0,""]', b'[3,"n","s",7,"easy",0,0,0,0,""]',
     b'[3,"n","s","en",7,0,0,0,0,""]', b'[3,"n","s","en","easy",0,0,0,0,7]', b'[3,"n","s","en","easy","0",0,0,0,""]',
     b'[3,"n","s","en","easy",0,"0",0,0,""]', b'[3,"n","s","en","easy",0,0,"0",0,""]',
     b'[3,"n","s","en","easy",0,0,0,"0",""]', b'[3,"n","s","en","easy",0,0,0,0]',
     b'[3,"n","s","en","easy",0,0,0,0,"",0]'],
)  # fmt: skip
def test_a_signed_payload_that_is_not_a_challenge_is_malformed(payload: bytes) -> None:
    tokens = at(NOW)
    _, signer = tokens._signers[0]
    token = signer.sign_at(base64.urlsafe_b64encode(payload).rstrip(b"="), NOW).decode()
    with pytest.raises(TokenMalformedError) as caught:
        tokens.open(token)
    assert caught.value.token == token
    assert str(caught.value).startswith(("signed, but not a challenge", "signed, but its parts", "version "))


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
