"""Decides what follows from a verdict and the state of the POST's code. The handler of POSTs and the replay use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from .rules.honeypot import Honeypot
from .rules.too_fast import TooFast
from .verdict import Action

#: Rules that only suspect a program. On a route without a moderator, a solved code cancels their findings.
ANSWERED_BY_CODE: Final = frozenset({Honeypot.slug, TooFast.slug})


class Step(Enum):
    """What follows: the comment is refused, it needs a code that wasn't solved, or the view runs."""

    REFUSE = auto()
    ASK = auto()
    GO_ON = auto()


@dataclass(frozen=True, slots=True)
class CodeState:
    """All that a decision needs to know about a POST besides its verdict.

    ``mode`` is the mode in force. ``owed`` means that the visitor typed a code or was asked for one. ``unproven`` means
    that the store could not check the code. ``holds`` means that the comment is held if it needs a code, because the
    visitor sends it to the moderator without one, or because no code can be checked.
    """

    mode: str = "off"
    moderated: bool = False
    solved: bool = False
    owed: bool = False
    unproven: bool = False
    holds: bool = False


def next_step(
    action: Action, score: int, code: CodeState, *, challenge_from: int, code_helps: Callable[[], bool]
) -> Step:
    """Return what follows from a verdict with this action and score.

    :param challenge_from: the score from which a comment is challenged.
    :param code_helps: returns whether a solved code would keep the comment from being set aside.
    """
    if action == Action.REJECT:
        return Step.REFUSE
    if action == Action.ASIDE and not code.moderated and (code.solved or not code_helps()):
        return Step.REFUSE
    if not code.solved and needs_code(action, score, code, challenge_from=challenge_from):
        return Step.ASK
    return Step.GO_ON


def needs_code(action: Action, score: int, code: CodeState, *, challenge_from: int) -> bool:
    """Return whether a POST needs a solved code. A code that was asked for or typed must be right."""
    is_held = action in (Action.HOLD, Action.ASIDE)
    settles = is_held and not code.moderated
    if code.mode != "suspicious":
        return code.mode == "always" or settles
    unusual = action == Action.CHALLENGE or score >= challenge_from
    return settles or code.unproven or (not is_held and (code.owed or unusual))


def settled(action: Action, *, moderated: bool) -> Action:
    """Return the action with which the view runs. No code is missing then, and only a moderated route can hold."""
    return Action.ACCEPT if action <= (Action.CHALLENGE if moderated else Action.HOLD) else action
