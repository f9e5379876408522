"""Updates the counts and weights when a comment is taught, corrected or forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from .features import COMMENTS, FOUND, NOTHING_FOUND, VERSION, WORDS, word_count
from .regression import importance, learn, log_odds_by_counts, total_log_odds, values_of
from .rows import Decision, Token, in_units, rules_of
from .source import Source, share
from .word_store import Transaction

#: The most steps towards the new label when a decision is corrected.
_CORRECTION_STEPS: Final = 4
#: The most old decisions that are deleted when one is added. More than one, so that a smaller ``keep`` is reached. Few,
#: so that teaching stays fast.
_MOST_DELETED: Final = 4
#: The most old decisions that are checked when many comments of one source are taught. Otherwise one is checked.
_MOST_CHECKED: Final = 8
#: A comment's name is multiplied with an odd number whose bits are well mixed (2^64 over the golden ratio). The bits
#: from this one on choose the old decision.
_MIX_SHIFT: Final = 7
_MIX: Final = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True)
class LabelledComment:
    """A comment with its label. ``name`` is its 63-bit hash, ``rules`` is the rules' score.

    ``unmarked`` means that no moderator decided, so it counts half. ``sources`` are where it came from. ``strength`` is
    how much the decision counted on the site that exported it.
    """

    name: int
    spam: bool
    rules: int
    tokens: tuple[str, ...]
    strength: float = 1.0
    unmarked: bool = False
    sources: tuple[Source, ...] = ()


def labelled_comment(decision: Decision, names: Mapping[int, str]) -> LabelledComment:
    """Return the comment of a stored decision. ``names`` has the tokens by their numbers."""
    tokens = tuple(sorted(names[number] for number in decision.tokens if number in names))
    return LabelledComment(decision.name, decision.spam, decision.rules, tokens, decision.strength, decision.unmarked)


def teach(transaction: Transaction, comment: LabelledComment, *, keep: int) -> None:
    """Learn a comment, and check old decisions with the other label (:func:`_check_old`).

    The check prevents that a queue of spam which is cleared in one go makes everything look like spam. A comment that
    was taught before with the same label changes nothing. With the other label it is corrected: its counts move to the
    new label, and up to four learning steps follow, until the weights agree. A moderator's decision replaces that of an
    unmarked comment, and never the reverse.

    :param keep: the most decisions that are stored.
    """
    earlier = transaction.decision(comment.name)
    if earlier and not _replaces(comment, earlier):
        return
    if earlier:
        _delete(transaction, earlier)
    by_source = transaction.count_sources(comment.sources)
    decision = Decision(0, comment.name, comment.spam, comment.rules, (), unmarked=comment.unmarked)
    strength = in_units(decision.full_strength * share(by_source))
    known = transaction.tokens((*comment.tokens, FOUND, NOTHING_FOUND, COMMENTS, WORDS))
    rules, comments = rules_of(known), known.setdefault(COMMENTS, Token())
    words = known.setdefault(WORDS, Token())
    tokens = [known.setdefault(name, Token()) for name in comment.tokens]
    counts = comments.counts
    from_counts = log_odds_by_counts(tokens, values_of(tokens, counts), counts)
    for token in (*tokens, comments):
        token.count(spam=comment.spam, by=strength)
    words.count(spam=comment.spam, by=strength * word_count(comment.tokens))
    transaction.model = replace(
        transaction.model.counting(spam=comment.spam, by=decision.full_strength), version=VERSION
    )
    counts = comments.counts
    values = values_of(tokens, counts)
    step = partial(
        learn,
        tokens,
        values,
        rules,
        comment.rules,
        from_counts,
        spam=comment.spam,
        importance=importance(counts, spam=comment.spam),
        strength=strength,
    )
    step()
    for _ in range(_CORRECTION_STEPS - 1 if earlier else 0):
        if (total_log_odds(tokens, values, rules, comment.rules, from_counts) > 0) is comment.spam:
            break
        step()
    for attempt in range(min(max(by_source.values(), default=1), _MOST_CHECKED)):
        _check_old(transaction, comment, known, attempt)
    transaction.save_tokens(known)
    numbers = tuple(sorted(token.number for token in tokens))
    number = transaction.add_decision(replace(decision, tokens=numbers, strength=strength))
    _delete_old(transaction, number - keep)


def forget(transaction: Transaction, name: int) -> bool:
    """Delete a comment's decision, its counts, and the tokens that only it had. Returns whether there was one.

    Its effect on the weights of other tokens stays until the filter is trained again.
    """
    decision = transaction.decision(name)
    if decision:
        _delete(transaction, decision)
    return decision is not None


def _replaces(comment: LabelledComment, earlier: Decision) -> bool:
    """Return whether a decision replaces an earlier one about the same comment."""
    if comment.unmarked:
        return False
    return earlier.unmarked or earlier.spam is not comment.spam


def _check_old(transaction: Transaction, comment: LabelledComment, known: dict[str, Token], attempt: int) -> None:
    """Choose an old decision with the other label, and learn it again if the weights have come to misjudge it.

    That is so if the filter misjudges it, but the rules and the counts alone, which change little in a run of one
    label, judge it correctly. If they misjudge it, too, it was always an exception. Learning it again each time would
    turn exceptions into the rule. The changed tokens are added to ``known``.
    """
    old = _choose_old(transaction, comment, attempt)
    if old is None or old.unmarked:
        return
    by_number = {token.number: (name, token) for name, token in known.items()}
    more = transaction.tokens_numbered(set(old.tokens) - by_number.keys())
    by_number |= {token.number: (name, token) for name, token in more.items()}
    named = dict(by_number[number] for number in old.tokens if number in by_number)
    tokens, rules, counts = list(named.values()), rules_of(known), known[COMMENTS].counts
    values = values_of(tokens, counts)
    from_counts = log_odds_by_counts(tokens, values, counts, without=(old.spam, old.strength))
    is_misjudged = (total_log_odds(tokens, values, rules, old.rules, from_counts) > 0) is not old.spam
    if is_misjudged and (from_counts + rules.evidence(old.rules) > 0) is old.spam:
        learn(
            tokens,
            values,
            rules,
            old.rules,
            from_counts,
            spam=old.spam,
            importance=importance(counts, spam=old.spam),
            strength=old.strength,
        )
        known |= named


def _choose_old(transaction: Transaction, comment: LabelledComment, attempt: int) -> Decision | None:
    """Return an old decision with the other label, chosen by the comment's name and the number of the attempt."""
    oldest = transaction.oldest()
    if oldest is None:
        return None
    span = transaction.model.last_decision - oldest.number + 1
    mixed = (comment.name + attempt) * _MIX >> _MIX_SHIFT & 0xFFFFFF
    return transaction.decision_from(oldest.number + mixed % span, spam=not comment.spam)


def _delete(transaction: Transaction, decision: Decision) -> None:
    """Delete a decision, its counts, and the tokens that only it had."""
    tokens = transaction.tokens_numbered(decision.tokens)
    sums = transaction.tokens((COMMENTS, WORDS))
    for token in tokens.values():
        token.count(spam=decision.spam, by=-decision.strength)
    for name, token in sums.items():
        times = word_count(tokens) if name == WORDS else 1
        token.count(spam=decision.spam, by=-decision.strength * times)
    unused = {name for name, token in tokens.items() if not token.ham + token.spam}
    transaction.save_tokens({name: token for name, token in tokens.items() if name not in unused} | sums)
    transaction.delete_tokens(tokens[name].number for name in unused)
    transaction.model = transaction.model.counting(spam=decision.spam, by=-decision.full_strength)
    transaction.delete_decision(decision)


def _delete_old(transaction: Transaction, last: int) -> None:
    """Delete up to four decisions with numbers up to ``last``, and the tokens that only they had. Other counts stay."""
    for _ in range(_MOST_DELETED):
        oldest = transaction.oldest()
        if oldest is None or oldest.number > last:
            return
        tokens = transaction.tokens_numbered(oldest.tokens)
        transaction.delete_tokens(
            token.number for token in tokens.values() if token.ham + token.spam <= oldest.strength
        )
        transaction.delete_decision(oldest)
