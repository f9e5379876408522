"""Keeps comment spam off Flask blogs, without ever losing a real reader's comment."""

from __future__ import annotations

from .challenge.difficulty import Difficulty
from .challenge.drawing.picture import draw
from .challenge.drawing.style import Style
from .errors import CaptchaGuardError, ConfigError
from .extension import CaptchaGuard
from .replay.replay import Change, Replay
from .signals import (
    aside_expired,
    challenge_failed,
    challenge_issued,
    challenge_solved,
    service_answered,
    store_available,
    store_unavailable,
    submission_judged,
    unmarked_learned,
)
from .spam.filter.explanation import Weighed
from .spam.filter.stats import Stats
from .spam.history import Ban
from .spam.judge import Rule
from .spam.lists.word_list import WordMatch
from .spam.moderation import Tidied
from .spam.submission import Facts, Submission
from .spam.verdict import Action, Finding, Verdict
from .web.post.refusal import Refusal

__all__ = [
    "Action",
    "Ban",
    "CaptchaGuard",
    "CaptchaGuardError",
    "Change",
    "ConfigError",
    "Difficulty",
    "Facts",
    "Finding",
    "Refusal",
    "Replay",
    "Rule",
    "Stats",
    "Style",
    "Submission",
    "Tidied",
    "Verdict",
    "Weighed",
    "WordMatch",
    "aside_expired",
    "challenge_failed",
    "challenge_issued",
    "challenge_solved",
    "draw",
    "service_answered",
    "store_available",
    "store_unavailable",
    "submission_judged",
    "unmarked_learned",
]
