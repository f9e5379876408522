"""Changes the tables when a comment is taught, corrected or forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from .features import COMMENTS, FOUND, NOTHING_FOUND, VERSION, WORDS, word_count
from .regression import counted, importance, learn, total, values_of
from .rows import Decision, Token, in_parts, rules_of
from .source import Source, share
from .word_store import Change

#: Steps towards the new label when a decision is corrected, at most.
_CORRECTING: Final = 4
#: Old decisions that one lesson may drop. This is more than it adds, so that a smaller ``keep`` is reached; and few, so
#: that no lesson takes long.
_DROPPED: Final = 4
#: Old decisions that are checked when many comments of one source are taught; otherwise one is.
_LOOKS: Final = 8
#: Where in a name, once spread, the draw of an old decision begins.
_SHIFT: Final = 7
_SPREAD: Final = 0x9E3779B97F4A7C15  # odd, its bits well mixed (2^64 over the golden ratio)


@dataclass(frozen=True, slots=True)
class Taught:
    """A comment as it is taught: its name (63 bits), its label, the rules' score, and its tokens without that score.

    ``unmarked`` says that no moderator decided: then it counts half. ``sources`` are where it came from: many comments
    from one source count less. ``strength`` is how much a decision counted that was exported.
    """

    name: int
    spam: bool
    rules: int
    tokens: tuple[str, ...]
    strength: float = 1.0
    unmarked: bool = False
    sources: tuple[Source, ...] = ()


def taught_of(decision: Decision, names: Mapping[int, str]) -> Taught:
    """Return a decision that is kept as it was taught; ``names`` has the tokens by their numbers."""
    tokens = tuple(sorted(names[number] for number in decision.tokens if number in names))
    return Taught(decision.name, decision.spam, decision.rules, tokens, decision.strength, decision.unmarked)


def teach(change: Change, taught: Taught, *, keep: int) -> None:
    """Learn one comment, and check an old one of the other kind: if it is being forgotten, it is learned again.

    So a queue of spam that is cleared in one go doesn't turn everything into spam. A comment that was taught before
    with the same label changes nothing. With the other label it is corrected: its counts move to the new label, and the
    weights are learned until they agree. A moderator's decision replaces an unmarked comment, and never the reverse.

    :param keep: decisions that are kept.
    """
    earlier = change.decision(taught.name)
    if earlier and not _replaces(taught, earlier):
        return
    if earlier:
        _take_out(change, earlier)
    raised = change.raise_sources(taught.sources)
    decision = Decision(0, taught.name, taught.spam, taught.rules, (), unmarked=taught.unmarked)
    strength = in_parts(decision.worth * share(raised))
    known = change.tokens((*taught.tokens, FOUND, NOTHING_FOUND, COMMENTS, WORDS))
    rules, comments = rules_of(known), known.setdefault(COMMENTS, Token())
    words = known.setdefault(WORDS, Token())
    tokens = [known.setdefault(name, Token()) for name in taught.tokens]
    counts = comments.counts
    said = counted(tokens, values_of(tokens, counts), counts)
    for token in (*tokens, comments):
        token.count(spam=taught.spam, by=strength)
    words.count(spam=taught.spam, by=strength * word_count(taught.tokens))
    change.model = replace(change.model.counting(spam=taught.spam, by=decision.worth), version=VERSION)
    counts = comments.counts
    values = values_of(tokens, counts)
    step = partial(
        learn,
        tokens,
        values,
        rules,
        taught.rules,
        said,
        spam=taught.spam,
        importance=importance(counts, spam=taught.spam),
        strength=strength,
    )
    step()
    for _ in range(_CORRECTING - 1 if earlier else 0):
        if (total(tokens, values, rules, taught.rules, said) > 0) is taught.spam:
            break
        step()
    for look in range(min(max(raised.values(), default=1), _LOOKS)):
        _rehearse(change, taught, known, look)
    change.save_tokens(known)
    numbers = tuple(sorted(token.number for token in tokens))
    number = change.add_decision(replace(decision, tokens=numbers, strength=strength))
    _drop_old(change, number - keep)


def take_out(change: Change, name: int) -> bool:
    """Remove a comment from the counts, and drop the tokens that were in no other; returns whether it was known.

    What it did to the weights of other tokens stays until everything is learned again.
    """
    decision = change.decision(name)
    if decision:
        _take_out(change, decision)
    return decision is not None


def _replaces(taught: Taught, earlier: Decision) -> bool:
    """Return whether a decision takes the place of an earlier one about the same comment."""
    if taught.unmarked:
        return False
    return earlier.unmarked or earlier.spam is not taught.spam


def _rehearse(change: Change, taught: Taught, known: dict[str, Token], look: int) -> None:
    """Learn an old decision of the other kind again if it is being forgotten; the changed tokens join ``known``.

    It is being forgotten if it is misjudged by now while the rules and the counts, which a run of one kind doesn't
    move, still judge it correctly. A decision that never fitted is left alone, or exceptions would become the rule.
    """
    old = _drawn(change, taught, look)
    if old is None or old.unmarked:
        return
    numbered = {token.number: (name, token) for name, token in known.items()}
    more = change.tokens_numbered(set(old.tokens) - numbered.keys())
    numbered |= {token.number: (name, token) for name, token in more.items()}
    own = dict(numbered[number] for number in old.tokens if number in numbered)
    tokens, rules, counts = list(own.values()), rules_of(known), known[COMMENTS].counts
    values = values_of(tokens, counts)
    said = counted(tokens, values, counts, without=(old.spam, old.strength))
    misjudged = (total(tokens, values, rules, old.rules, said) > 0) is not old.spam
    if misjudged and (said + rules.evidence(old.rules) > 0) is old.spam:
        weighty = importance(counts, spam=old.spam)
        learn(tokens, values, rules, old.rules, said, spam=old.spam, importance=weighty, strength=old.strength)
        known |= own


def _drawn(change: Change, taught: Taught, look: int) -> Decision | None:
    """Return an old decision of the other kind, drawn by the comment's name and the number of the look."""
    oldest = change.oldest()
    if oldest is None:
        return None
    span = change.model.decisions - oldest.number + 1
    draw = (taught.name + look) * _SPREAD >> _SHIFT & 0xFFFFFF
    return change.decision_from(oldest.number + draw % span, spam=not taught.spam)


def _take_out(change: Change, decision: Decision) -> None:
    tokens = change.tokens_numbered(decision.tokens)
    sums = change.tokens((COMMENTS, WORDS))
    for token in tokens.values():
        token.count(spam=decision.spam, by=-decision.strength)
    for name, token in sums.items():
        times = word_count(tokens) if name == WORDS else 1
        token.count(spam=decision.spam, by=-decision.strength * times)
    gone = {name for name, token in tokens.items() if not token.ham + token.spam}
    change.save_tokens({name: token for name, token in tokens.items() if name not in gone} | sums)
    change.delete_tokens(tokens[name].number for name in gone)
    change.model = change.model.counting(spam=decision.spam, by=-decision.worth)
    change.delete_decision(decision)


def _drop_old(change: Change, last: int) -> None:
    """Drop decisions up to this number, and the tokens that were only in them; what else they taught stays."""
    for _ in range(_DROPPED):
        oldest = change.oldest()
        if oldest is None or oldest.number > last:
            return
        tokens = change.tokens_numbered(oldest.tokens)
        change.delete_tokens(token.number for token in tokens.values() if token.ham + token.spam <= oldest.strength)
        change.delete_decision(oldest)
