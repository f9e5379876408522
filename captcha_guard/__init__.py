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
    limit_reached,
    service_answered,
    store_available,
    store_unavailable,
    submission_judged,
    submission_refused,
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
from .statistics.alerts import Alert
from .statistics.counts import Counts, Period, Statistics
from .web.post.refusal import Refusal

__all__ = [
    "Action",
    "Alert",
    "Ban",
    "CaptchaGuard",
    "CaptchaGuardError",
    "Change",
    "ConfigError",
    "Counts",
    "Difficulty",
    "Facts",
    "Finding",
    "Period",
    "Refusal",
    "Replay",
    "Rule",
    "Statistics",
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
    "limit_reached",
    "service_answered",
    "store_available",
    "store_unavailable",
    "submission_judged",
    "submission_refused",
    "unmarked_learned",
]
