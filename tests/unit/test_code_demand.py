"""What follows from a verdict and the state of the code: the comment is refused, needs a code, or goes on."""

from __future__ import annotations

from itertools import product

import pytest

from captcha_guard.spam.code_demand import CodeState, Step, needs_code, next_step, settled
from captcha_guard.spam.verdict import Action

ACCEPT, CHALLENGE, HOLD, ASIDE, REJECT = Action


def step(action: Action, code: CodeState, *, score: int = 0, code_helps: bool = False) -> Step:
    return next_step(action, score, code, challenge_from=30, code_helps=lambda: code_helps)


def needs(action: Action, code: CodeState, score: int = 0) -> bool:
    return needs_code(action, score, code, challenge_from=30)


@pytest.mark.parametrize("action", [ACCEPT, CHALLENGE, HOLD, ASIDE])
def test_always_asks_for_a_code_and_off_only_for_one_that_settles_a_hold(action: Action) -> None:
    for moderated in (False, True):
        assert needs(action, CodeState("always", moderated=moderated))
        expected = action in (HOLD, ASIDE) and not moderated
        assert needs(action, CodeState("off", moderated=moderated)) == expected
        assert needs(action, CodeState("off", moderated=moderated, owed=True, unproven=True), score=99) == expected


@pytest.mark.parametrize(
    ("action", "score", "code", "expected"),
    [
        (ACCEPT, 0, CodeState("suspicious"), False),
        (ACCEPT, 29, CodeState("suspicious"), False),
        (ACCEPT, 30, CodeState("suspicious"), True),
        (CHALLENGE, 0, CodeState("suspicious"), True),
        (ACCEPT, 0, CodeState("suspicious", owed=True), True),
        (ACCEPT, 0, CodeState("suspicious", unproven=True), True),
        (HOLD, 0, CodeState("suspicious"), True),
        (ASIDE, 0, CodeState("suspicious"), True),
        # A moderator sees these, so a code would change nothing.
        (HOLD, 60, CodeState("suspicious", moderated=True, owed=True), False),
        (ASIDE, 90, CodeState("suspicious", moderated=True, owed=True), False),
        (HOLD, 60, CodeState("suspicious", moderated=True, unproven=True), True),
        (CHALLENGE, 30, CodeState("suspicious", moderated=True), True),
        (ACCEPT, 0, CodeState("suspicious", moderated=True), False),
    ],
)
def test_suspicious_asks_for_a_code_when_something_is_unusual(
    action: Action, score: int, code: CodeState, expected: bool
) -> None:
    assert needs(action, code, score) == expected


@pytest.mark.parametrize("mode", ["always", "suspicious", "off"])
def test_a_rejected_comment_is_refused_whatever_its_code(mode: str) -> None:
    for moderated, solved, helps in product((False, True), repeat=3):
        code = CodeState(mode, moderated=moderated, solved=solved)
        assert step(REJECT, code, code_helps=helps) is Step.REFUSE


@pytest.mark.parametrize("mode", ["always", "suspicious", "off"])
def test_without_a_moderator_spam_is_refused_unless_a_code_would_help(mode: str) -> None:
    assert step(ASIDE, CodeState(mode)) is Step.REFUSE
    assert step(ASIDE, CodeState(mode), code_helps=True) is Step.ASK
    assert step(ASIDE, CodeState(mode, solved=True), code_helps=True) is Step.REFUSE
    assert step(ASIDE, CodeState(mode, moderated=True, solved=True)) is Step.GO_ON


def test_a_solved_code_is_not_asked_for_again() -> None:
    for mode, action in product(("always", "suspicious", "off"), (ACCEPT, CHALLENGE, HOLD)):
        assert step(action, CodeState(mode, solved=True, owed=True), score=60) is Step.GO_ON
    assert step(ACCEPT, CodeState("always")) is Step.ASK
    assert step(ACCEPT, CodeState("suspicious")) is Step.GO_ON
    assert step(HOLD, CodeState("off")) is Step.ASK


def test_whether_a_code_helps_is_asked_only_about_spam_without_a_moderator() -> None:
    def unexpected() -> bool:
        raise AssertionError

    for code in (CodeState("suspicious", moderated=True), CodeState("suspicious", moderated=True, solved=True)):
        next_step(ASIDE, 90, code, challenge_from=30, code_helps=unexpected)
    next_step(HOLD, 60, CodeState("suspicious"), challenge_from=30, code_helps=unexpected)


def test_only_a_moderated_route_holds_and_sets_aside() -> None:
    assert [settled(action, moderated=True) for action in Action] == [ACCEPT, ACCEPT, HOLD, ASIDE, REJECT]
    assert [settled(action, moderated=False) for action in Action] == [ACCEPT, ACCEPT, ACCEPT, ASIDE, REJECT]
