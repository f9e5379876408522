"""Learns all decisions that are kept again from nothing, and puts the result in place of what was learned before."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from .features import COMMENTS, FOUND, NOTHING_FOUND, VERSION, WORDS, is_used, word_count
from .regression import Rules, counted, importance, learn, values_of
from .rows import Decision, Token, in_parts, rules_of
from .training import Taught
from .word_store import Change

#: How often each decision is learned.
PASSES: Final = 10
#: Lessons between two pauses of a training in the background, and seconds of a pause.
_STRETCH: Final = 64
_PAUSE: Final = 0.001
_STAYING: Final = (FOUND, NOTHING_FOUND, COMMENTS, WORDS)

_Own = Sequence[tuple[str, Token]]


def take_in(change: Change, lessons: Iterable[Taught]) -> int:
    """Add decisions, replacing those of the same name, and learn everything again; returns how many were added."""
    known = change.all_tokens()
    count = 0
    for taught in lessons:
        if earlier := change.decision(taught.name):
            change.delete_decision(earlier)
        fresh = {token: Token() for token in taught.tokens if token not in known}
        change.save_tokens(fresh)
        known |= fresh
        numbers = tuple(sorted(known[token].number for token in taught.tokens))
        strength = in_parts(taught.strength)
        change.add_decision(Decision(0, taught.name, taught.spam, taught.rules, numbers, strength, taught.unmarked))
        count += 1
    relearn(change)
    return count


def relearn(change: Change) -> int:
    """Learn the kept decisions again from nothing; returns how many there are."""
    decisions = change.decisions()
    adopt(change, decisions, learned(decisions, change.all_tokens()))
    return len(decisions)


def learned(decisions: Sequence[Decision], tokens: Mapping[str, Token], *, pausing: bool = False) -> dict[str, Token]:
    """Return what these decisions teach, learned from nothing. The result depends on nothing else.

    :param tokens: at least all that the decisions contain, for their names and numbers; they aren't changed. Those of
        kinds that features no longer have are left out.
    :param pausing: pause often and briefly, so that requests of the same process aren't delayed.
    """
    fresh = {name: Token(number=old.number) for name, old in tokens.items() if is_used(name)}
    rules = _untaught_rules(fresh)
    comments = fresh.setdefault(COMMENTS, Token())
    fresh.setdefault(WORDS, Token())
    named = {token.number: (name, token) for name, token in fresh.items()}
    by_name = sorted(decisions, key=lambda one: one.name)  # so that their order plays no part
    lessons = [(one, [named[number] for number in one.tokens if number in named]) for one in by_name]
    for one, own in lessons:
        _count(fresh, one, own)
    counts = comments.counts
    valued = []
    for one, own in lessons:
        found = [token for _, token in own]
        values = values_of(found, counts)
        valued.append((one, found, values, counted(found, values, counts, without=(one.spam, one.strength))))
    weighty = {spam: importance(counts, spam=spam) for spam in counts}
    for lap in range(PASSES):
        Random(lap).shuffle(valued)  # noqa: S311 (an order, no secret)
        for place, (one, found, values, said) in enumerate(valued):
            weight = weighty[one.spam]
            learn(found, values, rules, one.rules, said, spam=one.spam, importance=weight, strength=one.strength)
            if pausing and not place % _STRETCH:
                time.sleep(_PAUSE)
    return {name: token for name, token in fresh.items() if token.ham or token.spam or name in _STAYING}


def adopt(change: Change, decisions: Sequence[Decision], fresh: dict[str, Token]) -> bool:
    """Put ``fresh``, which :func:`learned` returned of these decisions, in place of all tokens.

    Decisions that were taught since are learned on top. Returns False, and changes nothing, if one of the decisions was
    forgotten or corrected since, because the weights would still contain it. Those that only made room don't count.
    """
    current = change.decisions()
    there = {one.number for one in current}
    if any(one.number not in there and one.number > min(there, default=0) for one in decisions):
        return False
    before = {one.number for one in decisions}
    more = [one for one in current if one.number not in before]
    if more:
        for name, old in change.all_tokens().items():
            if is_used(name):
                fresh.setdefault(name, Token(number=old.number))
        named = {token.number: (name, token) for name, token in fresh.items()}
        for one in more:
            _learn_since(fresh, one, [named[number] for number in one.tokens if number in named])
    learned_now = (*decisions, *more)
    ham, spam = (sum(one.worth for one in learned_now if one.spam is label) for label in (False, True))
    change.model = replace(change.model, version=VERSION, spam=spam, ham=ham)
    change.replace_tokens({name: one for name, one in fresh.items() if one.ham or one.spam or name in _STAYING})
    change.note_retraining()
    return True


def _untaught_rules(fresh: dict[str, Token]) -> Rules:
    """Return what is known of the rules before anything is learned; their tokens keep their numbers."""
    numbers = {name: fresh.pop(name).number for name in (FOUND, NOTHING_FOUND) if name in fresh}
    rules = rules_of(fresh)
    for name, number in numbers.items():
        fresh[name].number = number
    return rules


def _learn_since(fresh: dict[str, Token], one: Decision, own: _Own) -> None:
    """Learn a decision that was taught while the others were learned again."""
    tokens = [token for _, token in own]
    comments = fresh[COMMENTS]
    said = counted(tokens, values_of(tokens, comments.counts), comments.counts)
    _count(fresh, one, own)
    counts = comments.counts
    learn(
        tokens,
        values_of(tokens, counts),
        rules_of(fresh),
        one.rules,
        said,
        spam=one.spam,
        importance=importance(counts, spam=one.spam),
        strength=one.strength,
    )


def _count(fresh: Mapping[str, Token], one: Decision, own: _Own) -> None:
    for _, token in own:
        token.count(spam=one.spam, by=one.strength)
    fresh[COMMENTS].count(spam=one.spam, by=one.strength)
    fresh[WORDS].count(spam=one.spam, by=one.strength * word_count(name for name, _ in own))
