"""Trains the filter from scratch on the stored decisions, and stores the result."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from .features import COMMENTS, FOUND, NOTHING_FOUND, VERSION, WORDS, is_used, word_count
from .regression import Rules, importance, learn, log_odds_by_counts, values_of
from .rows import Decision, Token, in_units, rules_of
from .training import LabelledComment
from .word_store import Transaction

#: How often each decision is learned.
PASSES: Final = 10
#: Learning steps between two pauses, and seconds of a pause.
_STEPS: Final = 64
_PAUSE: Final = 0.001
#: Tokens that are stored even if no comment was counted in them.
_ALWAYS_STORED: Final = (FOUND, NOTHING_FOUND, COMMENTS, WORDS)

_NamedTokens = Sequence[tuple[str, Token]]


def import_decisions(transaction: Transaction, comments: Iterable[LabelledComment]) -> int:
    """Add decisions, replace earlier ones about the same comments, and train again. Returns the number of comments."""
    known = transaction.all_tokens()
    count = 0
    for comment in comments:
        if earlier := transaction.decision(comment.name):
            transaction.delete_decision(earlier)
        new = {token: Token() for token in comment.tokens if token not in known}
        transaction.save_tokens(new)
        known |= new
        numbers = tuple(sorted(known[token].number for token in comment.tokens))
        strength = in_units(comment.strength)
        transaction.add_decision(
            Decision(0, comment.name, comment.spam, comment.rules, numbers, strength, comment.unmarked)
        )
        count += 1
    retrain(transaction)
    return count


def retrain(transaction: Transaction) -> int:
    """Train from scratch on the stored decisions, in one transaction, and return their number."""
    decisions = transaction.decisions()
    store_trained(transaction, decisions, train(decisions, transaction.all_tokens()))
    return len(decisions)


def train(decisions: Sequence[Decision], tokens: Mapping[str, Token], *, pausing: bool = False) -> dict[str, Token]:
    """Return the tokens with the counts and weights that these decisions give. Earlier weights have no effect.

    :param tokens: at least all that the decisions contain, for their names and numbers. They aren't changed. Those of
        kinds that features no longer have are left out.
    :param pausing: pause often and briefly, so that requests of the same process aren't delayed.
    """
    trained = {name: Token(number=old.number) for name, old in tokens.items() if is_used(name)}
    rules = _untaught_rules(trained)
    comments = trained.setdefault(COMMENTS, Token())
    trained.setdefault(WORDS, Token())
    by_number = {token.number: (name, token) for name, token in trained.items()}
    by_name = sorted(decisions, key=lambda one: one.name)  # so that their order has no effect
    with_tokens = [(one, [by_number[number] for number in one.tokens if number in by_number]) for one in by_name]
    for one, named in with_tokens:
        _count(trained, one, named)
    counts = comments.counts
    examples = []
    for one, named in with_tokens:
        comment_tokens = [token for _, token in named]
        values = values_of(comment_tokens, counts)
        from_counts = log_odds_by_counts(comment_tokens, values, counts, without=(one.spam, one.strength))
        examples.append((one, comment_tokens, values, from_counts))
    importances = {spam: importance(counts, spam=spam) for spam in counts}
    for seed in range(PASSES):
        Random(seed).shuffle(examples)  # noqa: S311 (an order, no secret)
        for step, (one, comment_tokens, values, from_counts) in enumerate(examples):
            learn(
                comment_tokens,
                values,
                rules,
                one.rules,
                from_counts,
                spam=one.spam,
                importance=importances[one.spam],
                strength=one.strength,
            )
            if pausing and not step % _STEPS:
                time.sleep(_PAUSE)
    return {name: token for name, token in trained.items() if _is_stored(name, token)}


def store_trained(transaction: Transaction, decisions: Sequence[Decision], trained: dict[str, Token]) -> bool:
    """Replace all stored tokens with those that :func:`train` returned for these decisions.

    Decisions that were added since are learned after that. Returns False, and changes nothing, if one of the decisions
    was forgotten or corrected since, because the weights would still contain it. Old decisions that were deleted
    because there were too many don't matter.
    """
    current = transaction.decisions()
    numbers = {one.number for one in current}
    if any(one.number not in numbers and one.number > min(numbers, default=0) for one in decisions):
        return False
    learned = {one.number for one in decisions}
    added = [one for one in current if one.number not in learned]
    if added:
        for name, old in transaction.all_tokens().items():
            if is_used(name):
                trained.setdefault(name, Token(number=old.number))
        by_number = {token.number: (name, token) for name, token in trained.items()}
        for one in added:
            _learn_added(trained, one, [by_number[number] for number in one.tokens if number in by_number])
    ham, spam = (sum(one.full_strength for one in (*decisions, *added) if one.spam is label) for label in (False, True))
    transaction.model = replace(transaction.model, version=VERSION, spam=spam, ham=ham)
    transaction.replace_tokens({name: one for name, one in trained.items() if _is_stored(name, one)})
    transaction.record_training()
    return True


def _is_stored(name: str, token: Token) -> bool:
    return bool(token.ham or token.spam) or name in _ALWAYS_STORED


def _untaught_rules(trained: dict[str, Token]) -> Rules:
    """Return the initial weights of the rules. Their tokens keep their numbers."""
    numbers = {name: trained.pop(name).number for name in (FOUND, NOTHING_FOUND) if name in trained}
    rules = rules_of(trained)
    for name, number in numbers.items():
        trained[name].number = number
    return rules


def _learn_added(trained: dict[str, Token], one: Decision, named: _NamedTokens) -> None:
    """Learn a decision that was added while the filter was trained."""
    tokens = [token for _, token in named]
    comments = trained[COMMENTS]
    from_counts = log_odds_by_counts(tokens, values_of(tokens, comments.counts), comments.counts)
    _count(trained, one, named)
    counts = comments.counts
    learn(
        tokens,
        values_of(tokens, counts),
        rules_of(trained),
        one.rules,
        from_counts,
        spam=one.spam,
        importance=importance(counts, spam=one.spam),
        strength=one.strength,
    )


def _count(trained: Mapping[str, Token], one: Decision, named: _NamedTokens) -> None:
    for _, token in named:
        token.count(spam=one.spam, by=one.strength)
    trained[COMMENTS].count(spam=one.spam, by=one.strength)
    trained[WORDS].count(spam=one.spam, by=one.strength * word_count(name for name, _ in named))
