"""When pictures are harder: for a client after a few wrong codes, for everyone while comments come in a surge."""

from __future__ import annotations

from dataclasses import replace

from ..challenge.difficulty import Difficulty
from ..counters.client import Client
from ..counters.limits import Look, Policy
from .state import State

#: So many wrong codes within the time of ``WRONG_CODES`` are no slip any more.
ENOUGH = 3

#: What is remembered of a client: more than ``ENOUGH``, so that whoever goes on guessing stays above it. The network
#: around the client is left out, for a neighbour's wrong codes are not the reader's.
WRONG_CODES = replace(Policy.parse("escalation", "10 per 10 minutes"), networks=False)


def asked_of(base: Difficulty, state: State, *, wrong: int, surge: bool) -> Difficulty:
    """Return how hard a code is asked for where ``base`` is asked of everybody, after so many ``wrong`` ones."""
    asked = base.one_up() if state.settings.escalate and wrong >= ENOUGH else base
    if not surge:
        return asked
    return asked.raised_to(hard_as(base), state.settings.length)


def hard_as(base: Difficulty) -> Difficulty:
    """Return the hard level, with the length of ``base``."""
    return replace(Difficulty.hard, length=base.length)


def wrong_codes_of(client: Client, base: Difficulty, state: State) -> int:
    """Return how many wrong codes count against a client where ``base`` is asked of everybody; at most one read.

    While the store fails that is none.
    """
    if not counts_wrong_codes(base, state):
        return 0
    return wrong_codes_in(state.limits.look((WRONG_CODES, client)))


def counts_wrong_codes(base: Difficulty, state: State) -> bool:
    """Say whether wrong codes can make anything harder where ``base`` is asked of everybody."""
    return state.settings.escalate and base.one_up() != base


def wrong_codes_in(look: Look) -> int:
    """Return how many wrong codes a look has found; none where only this process could be asked."""
    return look.used(WRONG_CODES.name) if look.counted else 0
