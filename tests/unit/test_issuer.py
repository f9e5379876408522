from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any

import pytest

from captcha_guard.challenge.answer import normalise
from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.challenge.image import Appearance, ImageKind
from captcha_guard.challenge.issuer import Issuer
from captcha_guard.challenge.token import Challenge, Opened, scope_digest
from captcha_guard.errors import TokenExpiredError, TokenForgedError, TokenMalformedError, TokenScopeError

NOW = 1_700_000_000
SECRET, OLD_SECRET = b"a secret of the site's own, long enough", b"the secret that the site had last year."


@pytest.fixture
def issuer() -> Issuer:
    return issuer_with(SECRET)


def issuer_with(*secrets: bytes, **how: Any) -> Issuer:
    usual: dict[str, Any] = {"kinds": [ImageKind(Appearance())], "ttl": 600, "clock": lambda: float(NOW)}
    return Issuer(secrets, **usual | how)


def challenges(issuer: Issuer, difficulty: Difficulty, count: int) -> list[Opened]:
    return [issuer.open(issuer.issue("comment", difficulty=difficulty)) for _ in range(count)]


@pytest.fixture
def same_challenges_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``Challenge.new`` use nonces from a seeded generator."""
    monkeypatch.setattr("captcha_guard.challenge.token.secrets.token_bytes", Random(7).randbytes)


@pytest.mark.usefixtures("same_challenges_every_time")
def test_a_code_can_be_typed_in_every_order_of_its_rows_and_in_no_other(issuer: Issuer) -> None:
    orders = set()
    for opened in challenges(issuer, Difficulty.medium, 150):
        code, *others = issuer.answers(opened)["image"]
        orders.add(len(others))
        allowed = {normalise(code), *map(normalise, others)}
        for symbols in list(permutations(code))[:150:7]:
            typed = "".join(symbols)
            assert (issuer.solved_kind(opened, typed) == "image") == (normalise(typed) in allowed)
        for other in others:
            assert sorted(other) == sorted(code)
            assert issuer.solved_kind(opened, " ".join(other.lower())) == "image"
    assert orders == {0, 1, 2}


def test_a_picture_of_one_line_has_one_order(issuer: Issuer) -> None:
    assert all(len(issuer.answers(opened)["image"]) == 1 for opened in challenges(issuer, Difficulty.classica, 20))


@pytest.mark.parametrize("difficulty", ["hard", "fiendish", ""])
def test_a_token_of_a_level_that_an_earlier_release_had_is_malformed(issuer: Issuer, difficulty: str) -> None:
    at = int(issuer.clock())
    token = issuer.tokens.sign(Challenge.new("comment", difficulty=difficulty, epoch=0, at=at))
    with pytest.raises(TokenMalformedError, match="its difficulty is unknown here") as caught:
        issuer.open(token)
    assert str(caught.value) == "signed, but its difficulty is unknown here"
    assert caught.value.token == token


def test_an_issued_challenge_has_the_time_the_style_and_the_given_parts() -> None:
    issuer = issuer_with(SECRET, style_rotation=1000)
    token = issuer.issue("comment", difficulty=Difficulty.easy, language="de", tries_left=3, repeats=True)
    challenge = issuer.open(token, scope="comment").challenge
    assert challenge == Challenge(
        challenge.nonce, scope_digest("comment"), "de", "easy", NOW // 1000, NOW, tries_left=3, repeats=True
    )
    plain = issuer.open(issuer.issue("comment", difficulty=Difficulty.medium)).challenge
    assert (plain.language, plain.difficulty, plain.tries_left, plain.repeats) == ("en", "medium", 0, False)
    with pytest.raises(TokenScopeError):
        issuer.open(token, scope="another")


def test_a_token_expires_after_the_time_to_live() -> None:
    now = float(NOW)
    issuer = issuer_with(SECRET, clock=lambda: now)
    token = issuer.issue("comment", difficulty=Difficulty.easy)
    now += 600
    assert issuer.open(token).age == 600
    now += 1
    with pytest.raises(TokenExpiredError):
        issuer.open(token)


@pytest.mark.parametrize(("rotation", "at", "epoch"), [(0, NOW, 0), (1000, 1999.9, 1), (1000, 2000, 2), (1, 7, 7)])
def test_the_style_changes_after_each_rotation_and_never_without_one(rotation: int, at: float, epoch: int) -> None:
    assert issuer_with(SECRET, style_rotation=rotation).epoch(at) == epoch


def test_an_older_secret_opens_its_tokens_and_the_newest_signs() -> None:
    old, new = issuer_with(OLD_SECRET), issuer_with(SECRET, OLD_SECRET)
    token = old.issue("comment", difficulty=Difficulty.easy)
    opened = new.open(token)
    assert opened.key == old.key
    assert new.answers(opened) == old.answers(old.open(token))
    assert new.key == issuer_with(SECRET).key
    with pytest.raises(TokenForgedError):
        old.open(new.issue("comment", difficulty=Difficulty.easy))


def test_each_application_has_keys_of_its_own_that_stay_the_same() -> None:
    names = ["", "blog", "Blog", "\udc80"]
    assert len({issuer_with(SECRET, application=name).key for name in names}) == len(names)
    assert issuer_with(SECRET).key == issuer_with(SECRET, application="").key
    assert issuer_with(SECRET).epoch(NOW) == 0
    assert (
        issuer_with(SECRET, application="blog").key.hex()
        == "5e0b698cc3e55797bf7d8c43bb3438af872fdfc888ddb9d3ef4ab9b65a20009f"
    )


def test_a_solved_challenge_has_one_pass_up_to_the_last(issuer: Issuer) -> None:
    opened = issuer.open(issuer.issue("comment", difficulty=Difficulty.easy))
    passes = []
    while (token := issuer.issue_pass(opened, "bound")) is not None:
        assert token == issuer.issue_pass(opened, "bound")
        opened = issuer.open(token, scope="comment")
        passes.append(opened.challenge)
    assert [one.generation for one in passes] == [1, 2, 3]
    assert {one.bound_to for one in passes} == {"bound"}


class Fixed:
    """A kind of challenge with fixed codes."""

    def __init__(self, name: str, *codes: str) -> None:
        self.name = name
        self._codes = codes

    def answers(self, key: bytes, challenge: Challenge) -> tuple[str, ...]:  # noqa: ARG002
        return self._codes

    def render(self, key: bytes, challenge: Challenge, medium: str) -> bytes:
        return f"{self.name} {medium} {challenge.nonce}".encode() + key


def test_the_code_of_any_kind_solves_a_challenge_and_names_its_kind() -> None:
    issuer = issuer_with(SECRET, kinds=[Fixed("image", "ACD", "DCA"), Fixed("audio", "28", "82")])
    opened = issuer.open(issuer.issue("comment", difficulty=Difficulty.easy))
    assert issuer.answers(opened) == {"image": ("ACD", "DCA"), "audio": ("28", "82")}
    for typed, kind in {
        "acd": "image",
        "D C A": "image",
        "28": "audio",
        "82": "audio",
        "ACD28": None,
        "": None,
    }.items():
        assert issuer.solved_kind(opened, typed) == kind
    made = issuer.render(opened, "audio", "sound")
    assert made == f"audio sound {opened.challenge.nonce}".encode() + opened.key
