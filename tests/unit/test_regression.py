"""The mathematics of the learning filter, compared with a slow and simple implementation of the formulas."""

from __future__ import annotations

from decimal import Decimal, getcontext
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.spam.filter.regression import (
    BALANCE,
    INITIAL_SQUARES,
    Rules,
    Weight,
    chance,
    contributions,
    importance,
    learn,
    log_odds,
    log_odds_by_counts,
    predict,
    values_of,
)

getcontext().prec = 40


class SlowRegression:
    """Counting and AdaGrad by the formulas, with all gradients stored and all sums computed anew, in 40 digits."""

    def __init__(self) -> None:
        self.weights: dict[str, Decimal] = {}
        self.gradients: dict[str, list[Decimal]] = {}
        self.seen: dict[bool, list[set[str]]] = {False: [], True: []}

    def log_odds_by_counts(self, tokens: list[str]) -> Decimal:
        half, both = Decimal("0.5"), self.seen
        log_odds = Decimal(0)
        for token in tokens:
            times = {spam: sum(token in one for one in both[spam]) for spam in both}
            if any(times.values()) and all(both.values()):
                shares = {spam: (times[spam] + half) / (len(both[spam]) + 1) for spam in both}
                log_odds += (shares[True] / shares[False]).ln()
        return log_odds / Decimal(len(tokens)).sqrt()

    def odds(self, values: dict[str, Decimal], tokens: list[str]) -> Decimal:
        learned = sum((self.weights.get(token, Decimal(0)) * value for token, value in values.items()), Decimal(0))
        return learned + self.log_odds_by_counts(tokens)

    def chance(self, values: dict[str, Decimal], tokens: list[str]) -> Decimal:
        times = [sum(token in one for spam in self.seen for one in self.seen[spam]) for token in tokens]
        unseen = sum((1 / (1 + Decimal(often)) for often in times), Decimal(0)) / len(tokens)
        return 1 / (1 + (-self.odds(values, tokens) / (1 + unseen).sqrt()).exp())

    def learn(self, values: dict[str, Decimal], tokens: list[str], spam: bool, counts: Decimal) -> None:
        error = counts * (1 / (1 + (-self.odds(values, tokens)).exp()) - int(spam))
        for token, value in values.items():
            gradient = error * value
            gradients = self.gradients.setdefault(token, [])
            gradients.append(gradient)
            first = Decimal(0) if token in ("FOUND", "NOTHING") else Decimal(str(INITIAL_SQUARES))
            squares = sum((one * one for one in gradients), first)
            self.weights[token] = self.weights.get(token, Decimal(0)) - gradient / squares.sqrt()
        self.seen[spam].append(set(tokens))


EXAMPLES = [("buy pills now", 60, True), ("nice song", 0, False), ("buy this song", 40, False), ("pills", 98, True)]
NONE = {False: 0, True: 0}


def slow_values(words: str, rules: int) -> dict[str, Decimal]:
    tokens = words.split()
    odds = Decimal(min(rules, 98) if rules else 15) / 100
    values = {token: 1 / Decimal(len(tokens)).sqrt() for token in tokens}
    return values | {"FOUND" if rules else "NOTHING": (odds / (1 - odds)).ln()}


def from_counts(tokens: list[Weight], counts: dict[bool, int], without: tuple[bool, float] | None = None) -> float:
    """Return the log-odds by the counts of a comment in which no token is too common."""
    return log_odds_by_counts(tokens, [len(tokens) ** -0.5] * len(tokens), counts, without=without)


def test_it_learns_by_the_formulas() -> None:
    slow, weights, rules = (
        SlowRegression(),
        {word: Weight() for text, _, _ in EXAMPLES for word in text.split()},
        Rules(),
    )
    for name in ("FOUND", "NOTHING"):
        slow.weights[name], slow.gradients[name] = Decimal(1), [Decimal(2)]
    counts_by_label = {False: 0, True: 0}
    for (text, rules_score, spam), counts in product(EXAMPLES * 3, (1.0, 2.5)):
        own = [weights[word] for word in text.split()]
        values = slow_values(text, rules_score)
        assert predict(own, rules, rules_score, counts_by_label) == pytest.approx(
            float(slow.chance(values, text.split()))
        )
        learn(
            own,
            values_of(own, counts_by_label),
            rules,
            rules_score,
            from_counts(own, counts_by_label),
            spam=spam,
            importance=counts,
        )
        slow.learn(values, text.split(), spam, Decimal(counts))
        counts_by_label[spam] += 1
        for one in own:
            one.ham, one.spam = one.ham + (not spam), one.spam + spam
    assert {word: weight.weight for word, weight in weights.items()} == pytest.approx(
        {word: float(slow.weights[word]) for word in weights}, abs=1e-9
    )
    assert rules.found.weight == pytest.approx(float(slow.weights["FOUND"]), abs=1e-9)
    assert rules.nothing.weight == pytest.approx(float(slow.weights["NOTHING"]), abs=1e-9)


@given(st.integers(1, 50), st.integers(0, 100), st.booleans(), st.floats(-5, 5))
def test_a_step_moves_the_chance_towards_the_label(count: int, rules_score: int, spam: bool, start: float) -> None:
    tokens, rules = [Weight(start, 1.0) for _ in range(count)], Rules()
    before = predict(tokens, rules, rules_score, NONE)
    learn(tokens, values_of(tokens, NONE), rules, rules_score, 0.0, spam=spam)
    after = predict(tokens, rules, rules_score, NONE)
    assert after >= before if spam else after <= before


@given(st.lists(st.floats(-1e6, 1e6), max_size=20), st.floats(0, 100), st.integers(-10, 200))
def test_a_chance_is_between_0_and_1_for_any_weights(weights: list[float], rules: float, rules_score: int) -> None:
    assert 0 <= predict([Weight(weight) for weight in weights], Rules(Weight(rules)), rules_score, NONE) <= 1


@given(st.lists(st.tuples(st.integers(-5, 99), st.integers(-5, 99)), min_size=1, max_size=9), st.integers(0, 9))
def test_any_counts_give_a_finite_result(times: list[tuple[int, int]], ham: int) -> None:
    """A file that was edited may contain any counts."""
    tokens = [Weight(ham=max(one, 0), spam=max(other, 0)) for one, other in times]
    for without in (None, (False, 1.0), (True, 1.0)):
        assert abs(from_counts(tokens, {False: ham, True: 3}, without)) < 1000


def test_contributions_add_up_to_the_log_odds() -> None:
    tokens = [Weight(0.5, ham=3, spam=1), Weight(-2.0, ham=1), Weight(0.1)]
    rules, counts_by_label = Rules(Weight(0.7)), {False: 5, True: 4}
    own, from_rules = contributions(tokens, rules, 30, counts_by_label)
    assert chance(sum(own) + from_rules) == pytest.approx(predict(tokens, rules, 30, counts_by_label))


def test_an_untaught_filter_returns_the_rules_score() -> None:
    known = [Weight(ham=10**6, spam=10**6)]
    chances = [predict(known, Rules(), rules_score, NONE) for rules_score in (0, 10, 30, 50, 90, 100)]
    assert [round(one, 2) for one in chances] == [0.15, 0.15, 0.3, 0.5, 0.9, 0.98]


def test_unknown_tokens_bring_the_chance_closer_to_a_half() -> None:
    rules = Rules()
    chances = [predict([Weight(ham=times)], rules, 90, NONE) for times in (0, 1, 5, 1000)]
    assert chances == sorted(chances)
    assert chances[0] < 0.83
    assert chances[-1] > 0.89
    assert predict([Weight()], rules, 50, NONE) == 0.5


def test_counts_show_the_kind_of_a_token_and_not_the_more_common_kind() -> None:
    counts_by_label = {False: 10, True: 10}
    assert from_counts([Weight(ham=1, spam=9)], counts_by_label) > 1
    assert from_counts([Weight(ham=9, spam=1)], counts_by_label) < -1
    assert from_counts([Weight()], counts_by_label) == 0
    assert from_counts([Weight(ham=10, spam=1000)], {False: 10, True: 1000}) == pytest.approx(0, abs=0.1)


def test_a_comments_own_count_can_be_left_out() -> None:
    others, with_it = {False: 4, True: 4}, {False: 4, True: 5}
    itself = (True, 1.0)
    assert from_counts([Weight(spam=1)], with_it, itself) == from_counts([Weight()], others) == 0
    assert from_counts([Weight(ham=1, spam=3)], with_it, itself) == from_counts([Weight(ham=1, spam=2)], others)


def test_a_finding_never_counts_against_spam() -> None:
    """If the rules are always wrong, their weight falls to 0 and not below."""
    rules = Rules()
    for _ in range(500):
        learn([Weight()], [1.0], rules, 100, 0.0, spam=False)
        learn([Weight()], [1.0], rules, 0, 0.0, spam=True)
    assert rules.found.weight == 0
    assert rules.nothing.weight == 0


@given(st.floats(0, 5), st.floats(0, 5))
def test_a_finding_never_makes_a_comment_look_better(found: float, nothing: float) -> None:
    evidence = [Rules(Weight(found), Weight(nothing)).evidence(score) for score in range(101)]
    assert evidence == sorted(evidence)


def test_missed_spam_does_not_change_the_weight_of_findings() -> None:
    rules = Rules()
    for _ in range(200):
        learn([Weight()], [1.0], rules, 0, 0.0, spam=True)
    assert rules.nothing.weight < 0.5
    assert rules.found.weight == 1


def test_tokens_of_every_comment_have_the_value_0() -> None:
    """Otherwise the site's share of spam would count in full against a short "thanks"."""
    everywhere, often, rare = Weight(ham=5, spam=95), Weight(ham=5, spam=90), Weight(ham=1)
    values = values_of([everywhere, often, rare], {False: 5, True: 95})
    assert values[0] == 0
    assert 0 < values[1] < values[2]
    assert sum(value * value for value in values) == pytest.approx(1)


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


def test_log_odds_are_symmetric() -> None:
    assert log_odds(50) == 0
    assert log_odds(30) == pytest.approx(-log_odds(70))
    assert log_odds(1) == pytest.approx(-log_odds(100))
    assert log_odds(0) == log_odds(-5) == pytest.approx(-log_odds(85))
