"""The mathematics of the filter that learns, against a slow reading of the formulas."""

from __future__ import annotations

from decimal import Decimal, getcontext
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.spam.regression import (
    BALANCE,
    Weight,
    chance,
    importance,
    learn,
    log_odds,
    parts,
    predict,
    untaught_rules,
)

getcontext().prec = 40


class SlowRegression:
    """AdaGrad as the paper writes it: every gradient kept, every sum made anew, in decimals of forty digits."""

    def __init__(self) -> None:
        self.weights: dict[str, Decimal] = {}
        self.gradients: dict[str, list[Decimal]] = {}

    def chance(self, values: dict[str, Decimal]) -> Decimal:
        total = sum((self.weights.get(token, Decimal(0)) * value for token, value in values.items()), Decimal(0))
        return 1 / (1 + (-total).exp())

    def learn(self, values: dict[str, Decimal], spam: bool, counts: Decimal) -> None:
        error = counts * (self.chance(values) - int(spam))
        for token, value in values.items():
            gradient = error * value
            told = self.gradients.setdefault(token, [])
            told.append(gradient)
            squares = sum((one * one for one in told), Decimal(0))
            self.weights[token] = self.weights.get(token, Decimal(0)) - gradient / squares.sqrt()


LESSONS = [("buy pills now", 60, True), ("nice song", 0, False), ("buy this song", 30, False), ("pills", 98, True)]


def values_of(words: str, rules: int) -> dict[str, Decimal]:
    tokens = words.split()
    odds = Decimal(min(max(rules, 2), 98)) / 100
    return {token: 1 / Decimal(len(tokens)).sqrt() for token in tokens} | {"RULES": (odds / (1 - odds)).ln()}


def test_it_learns_what_the_formulas_say() -> None:
    slow, weights, rules = (
        SlowRegression(),
        {word: Weight() for text, _, _ in LESSONS for word in text.split()},
        untaught_rules(),
    )
    slow.weights["RULES"], slow.gradients["RULES"] = Decimal(1), [Decimal(1)]
    for (text, said, spam), counts in product(LESSONS * 3, (1.0, 2.5)):
        own = [weights[word] for word in text.split()]
        values = values_of(text, said)
        assert predict(own, rules, said) == pytest.approx(float(slow.chance(values)), abs=1e-12)
        learn(own, rules, said, spam=spam, importance=counts)
        slow.learn(values, spam, Decimal(counts))
    assert {word: weight.weight for word, weight in weights.items()} == pytest.approx(
        {word: float(slow.weights[word]) for word in weights}, abs=1e-9
    )
    assert rules.weight == pytest.approx(float(slow.weights["RULES"]), abs=1e-9)


@given(st.integers(1, 50), st.integers(0, 100), st.booleans(), st.floats(-5, 5))
def test_a_lesson_brings_the_chance_nearer_to_the_label(count: int, rules_score: int, spam: bool, start: float) -> None:
    tokens, rules = [Weight(start, 1.0) for _ in range(count)], untaught_rules()
    before = predict(tokens, rules, rules_score)
    learn(tokens, rules, rules_score, spam=spam)
    after = predict(tokens, rules, rules_score)
    assert after >= before if spam else after <= before


@given(st.lists(st.floats(-1e6, 1e6), max_size=20), st.floats(0, 100), st.integers(-10, 200))
def test_a_chance_is_a_chance_whatever_the_weights(weights: list[float], rules: float, rules_score: int) -> None:
    assert 0 <= predict([Weight(weight) for weight in weights], Weight(rules), rules_score) <= 1


def test_parts_add_up_to_the_log_odds() -> None:
    tokens, rules = [Weight(0.5), Weight(-2.0), Weight(0.1)], Weight(0.7)
    own, from_rules = parts(tokens, rules, 30)
    assert chance(sum(own) + from_rules) == pytest.approx(predict(tokens, rules, 30))


def test_the_rules_are_believed_before_anything_was_taught() -> None:
    assert [round(predict([Weight()], untaught_rules(), said), 2) for said in (0, 30, 50, 90, 100)] == [
        0.02,
        0.3,
        0.5,
        0.9,
        0.98,
    ]


def test_a_finding_never_speaks_for_a_comment() -> None:
    """Taught that the rules are always wrong, the filter stops listening to them; it does not turn them round."""
    rules = untaught_rules()
    for _ in range(500):
        learn([Weight()], rules, 100, spam=False)
        learn([Weight()], rules, 0, spam=True)
    assert rules.weight == 0


@pytest.mark.parametrize(
    ("ham", "spam", "of_ham", "of_spam"),
    [
        (10, 10, 1, 1),
        (20, 30, 1.5, 1),
        (30, 20, 1, 1.5),
        (1, 1000, BALANCE, 1),
        (1000, 1, 1, BALANCE),
        (0, 5, BALANCE, 1),
    ],
)
def test_the_rarer_kind_counts_more_within_the_cap(ham: int, spam: int, of_ham: float, of_spam: float) -> None:
    counts = {False: ham, True: spam}
    assert importance(counts, spam=False) == of_ham
    assert importance(counts, spam=True) == of_spam


def test_log_odds_of_the_rules_are_even_in_both_directions() -> None:
    assert log_odds(50) == 0
    assert log_odds(30) == pytest.approx(-log_odds(70))
    assert log_odds(0) == log_odds(-5) == pytest.approx(-log_odds(100))
