"""After a few wrong codes, a client's pictures are one level harder."""

from __future__ import annotations

from dataclasses import replace

from ..challenge.difficulty import Difficulty
from ..counters.client import Client
from ..counters.limits import Policy
from .state import State

#: So many wrong codes within the time of ``WRONG_CODES`` are no slip any more.
ENOUGH = 3

#: What is remembered of a client: more than ``ENOUGH``, so that whoever goes on guessing stays above it. The network
#: around the client is left out, for a neighbour's wrong codes are not the reader's.
WRONG_CODES = replace(Policy.parse("escalation", "10 per 10 minutes"), wide_factor=0)


def note_wrong_code(state: State, client: Client) -> None:
    """Remember that a client typed a wrong code."""
    if state.settings.escalate:
        state.limits.hit(WRONG_CODES, client)


def asked_of(client: Client, base: Difficulty, state: State) -> Difficulty:
    """Return how hard a code this client has to solve where ``base`` is asked of everybody; at most one read.

    While the store fails that is ``base``.
    """
    harder = base.one_up()
    if harder != base and state.settings.escalate and state.limits.reached(WRONG_CODES, client, ENOUGH):
        return harder
    return base
