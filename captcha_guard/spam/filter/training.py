"""What happens to the tables when a comment is taught, corrected or forgotten, and when all is learned again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from .features import ALWAYS, KINDS, RULES, VERSION, kind_of
from .regression import counted, importance, learn, log_odds, total, untaught_rules
from .rows import Decision, Token
from .word_store import Change

#: How often each kept decision is learned when all are learned again.
PASSES: Final = 10
#: Steps towards the new label when a decision is corrected: as many as it takes, but no more.
_CORRECTING: Final = 4
#: Old decisions that one lesson may drop. More than it adds, so that they shrink to a smaller ``keep``; few, so that no
#: lesson takes long.
_DROPPED: Final = 4
_STAYING: Final = (ALWAYS, RULES)
#: Where in a name, once spread, the draw of an old decision begins.
_SHIFT: Final = 7
_SPREAD: Final = 0x9E3779B97F4A7C15  # odd, its bits well mixed (2^64 over the golden ratio)


@dataclass(frozen=True, slots=True)
class Taught:
    """A comment as it is taught: its name (63 bits), its label, the rules' score, and its tokens without that score."""

    name: int
    spam: bool
    rules: int
    tokens: tuple[str, ...]


def teach(change: Change, taught: Taught, *, keep: int) -> None:
    """Learn one comment, and look at an old one of the other kind: what is being forgotten is learned again.

    So a queue of spam that is emptied in one go does not make spam of everything. A name that was taught before with
    the same label changes nothing; with the other it is corrected: it counts as the new one and no more as the old
    one, and what it taught is learned over.

    :param keep: decisions that are kept.
    """
    earlier = change.decision(taught.name)
    if earlier and earlier.spam is taught.spam:
        return
    if earlier:
        _take_out(change, earlier)
    known = change.tokens((*taught.tokens, RULES))
    rules = known.setdefault(RULES, _rules(None))
    tokens = [known.setdefault(name, Token()) for name in taught.tokens]
    said = counted(tokens, change.model.counts)
    for token in tokens:
        token.count(spam=taught.spam, by=1)
    model = change.model = replace(change.model.counting(spam=taught.spam, by=1), version=VERSION)
    weighty = importance(model.counts, spam=taught.spam)
    learn(tokens, rules, taught.rules, said, spam=taught.spam, importance=weighty)
    for _ in range(_CORRECTING - 1 if earlier else 0):
        if (total(tokens, rules, taught.rules, said) > 0) is taught.spam:
            break
        learn(tokens, rules, taught.rules, said, spam=taught.spam, importance=weighty)
    _rehearse(change, taught, known)
    change.save_tokens(known)
    number = change.add_decision(taught.name, tokens, spam=taught.spam, rules=taught.rules)
    _drop_old(change, number - keep)


def take_out(change: Change, name: int) -> bool:
    """Count a comment no more, and drop the tokens that were in no other; returns whether it was there.

    What it did to the weights of other tokens stays until all is learned again.
    """
    decision = change.decision(name)
    if decision:
        _take_out(change, decision)
    return decision is not None


def take_in(change: Change, lessons: Iterable[Taught]) -> int:
    """Add decisions, replacing those of the same name, and learn everything again; returns how many came."""
    known = change.all_tokens()
    count = 0
    for taught in lessons:
        if earlier := change.decision(taught.name):
            change.delete_decision(earlier)
        fresh = {token: Token() for token in taught.tokens if token not in known}
        change.save_tokens(fresh)
        known |= fresh
        change.add_decision(taught.name, map(known.__getitem__, taught.tokens), spam=taught.spam, rules=taught.rules)
        count += 1
    relearn(change)
    return count


def relearn(change: Change) -> int:
    """Learn the kept decisions again from nothing; returns how many there are."""
    decisions = change.decisions()
    save_learned(change, decisions, learned(decisions, change.all_tokens()))
    return len(decisions)


def learned(decisions: Sequence[Decision], tokens: Mapping[str, Token]) -> dict[str, Token]:
    """Return what these decisions teach, learned from nothing; it depends on nothing else.

    :param tokens: at least all that the decisions name, for their names and numbers; they are not changed. Those of
        kinds that features no longer have are left out.
    """
    fresh = {name: Token(number=old.number) for name, old in tokens.items() if kind_of(name) in KINDS.values()}
    fresh[RULES] = _rules(fresh.get(RULES))
    numbered = {token.number: token for token in fresh.values()}
    counts = {spam: sum(decision.spam is spam for decision in decisions) for spam in (False, True)}
    by_name = sorted(decisions, key=lambda one: one.name)  # so that their order plays no part
    lessons = [(one, [numbered[number] for number in one.tokens if number in numbered]) for one in by_name]
    for one, own in lessons:
        for token in own:
            token.count(spam=one.spam, by=1)
    told = [(one, own, counted(own, counts, without=one.spam)) for one, own in lessons]
    weighty = {spam: importance(counts, spam=spam) for spam in counts}
    for lap in range(PASSES):
        Random(lap).shuffle(told)  # noqa: S311 (an order, no secret)
        for one, own, said in told:
            learn(own, fresh[RULES], one.rules, said, spam=one.spam, importance=weighty[one.spam])
    return {name: token for name, token in fresh.items() if token.ham or token.spam or name in _STAYING}


def save_learned(change: Change, decisions: Sequence[Decision], tokens: dict[str, Token]) -> None:
    """Write what :func:`learned` returned of these decisions, in place of every token there was."""
    spam = sum(decision.spam for decision in decisions)
    change.model = replace(change.model, version=VERSION, spam=spam, ham=len(decisions) - spam)
    change.replace_tokens(tokens)


def _rehearse(change: Change, taught: Taught, known: dict[str, Token]) -> None:
    """Learn an old decision of the other kind again if it is being forgotten; what that changes joins ``known``.

    That is when it is misjudged by now while rules and counting, which a run of one kind does not move, still judge it
    rightly. What was odd from the first is left: to learn it over and over would only teach the exception.
    """
    old = _drawn(change, taught)
    if old is None:
        return
    numbered = {token.number: (name, token) for name, token in known.items()}
    more = change.tokens_numbered(set(old.tokens) - numbered.keys())
    numbered |= {token.number: (name, token) for name, token in more.items()}
    own = dict(numbered[number] for number in old.tokens if number in numbered)
    tokens, rules, counts = list(own.values()), known[RULES], change.model.counts
    said = counted(tokens, counts, without=old.spam)
    misjudged = (total(tokens, rules, old.rules, said) > 0) is not old.spam
    if misjudged and (said + rules.weight * log_odds(old.rules) > 0) is old.spam:
        learn(tokens, rules, old.rules, said, spam=old.spam, importance=importance(counts, spam=old.spam))
        known |= own


def _drawn(change: Change, taught: Taught) -> Decision | None:
    """Return an old decision of the other kind, drawn by the comment's name."""
    oldest = change.oldest()
    if oldest is None:
        return None
    span = change.model.decisions - oldest.number + 1
    draw = taught.name * _SPREAD >> _SHIFT & 0xFFFFFF
    return change.decision_from(oldest.number + draw % span, spam=not taught.spam)


def _take_out(change: Change, decision: Decision) -> None:
    tokens = change.tokens_numbered(decision.tokens)
    for token in tokens.values():
        token.count(spam=decision.spam, by=-1)
    gone = {name for name, token in tokens.items() if not token.ham + token.spam and name not in _STAYING}
    change.save_tokens({name: token for name, token in tokens.items() if name not in gone})
    change.delete_tokens(tokens[name].number for name in gone)
    change.model = change.model.counting(spam=decision.spam, by=-1)
    change.delete_decision(decision)


def _drop_old(change: Change, last: int) -> None:
    """Drop decisions up to this number, and the tokens that were in them alone; what else they taught stays."""
    for _ in range(_DROPPED):
        oldest = change.oldest()
        if oldest is None or oldest.number > last:
            return
        tokens = change.tokens_numbered(oldest.tokens)
        once = [token.number for name, token in tokens.items() if token.ham + token.spam <= 1 and name not in _STAYING]
        change.delete_tokens(once)
        change.delete_decision(oldest)


def _rules(known: Token | None) -> Token:
    start = untaught_rules()
    return Token(start.weight, start.squares, number=known.number if known else 0)
