from __future__ import annotations

from itertools import permutations
from random import Random

import pytest

from captcha_guard.challenge.answer import normalise
from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.challenge.image import Appearance, ImageKind
from captcha_guard.challenge.issuer import Issuer
from captcha_guard.challenge.token import Challenge, Opened
from captcha_guard.errors import TokenMalformedError

issuer = Issuer(
    [b"a secret of the site's own, long enough"],
    kinds=[ImageKind(Appearance())],
    ttl=600,
    clock=lambda: 1_700_000_000.0,
)


def challenges(difficulty: Difficulty, count: int) -> list[Opened]:
    return [issuer.open(issuer.issue("comment", difficulty=difficulty)) for _ in range(count)]


@pytest.fixture
def same_challenges_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``Challenge.new`` use nonces from a seeded generator."""
    monkeypatch.setattr("captcha_guard.challenge.token.secrets.token_bytes", Random(7).randbytes)


@pytest.mark.usefixtures("same_challenges_every_time")
def test_a_code_can_be_typed_in_every_order_of_its_rows_and_in_no_other() -> None:
    orders = set()
    for opened in challenges(Difficulty.medium, 150):
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


def test_a_picture_of_one_line_has_one_order() -> None:
    assert all(len(issuer.answers(opened)["image"]) == 1 for opened in challenges(Difficulty.classica, 20))


@pytest.mark.parametrize("difficulty", ["hard", "fiendish", ""])
def test_a_token_of_a_level_that_an_earlier_release_had_is_malformed(difficulty: str) -> None:
    at = int(issuer.clock())
    token = issuer.tokens.sign(Challenge.new("comment", difficulty=difficulty, epoch=0, at=at))
    with pytest.raises(TokenMalformedError, match="its difficulty is unknown here"):
        issuer.open(token)
