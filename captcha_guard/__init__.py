"""Keeps comment spam off Flask blogs, and never costs a real reader the comment they typed."""

from __future__ import annotations

from .challenge.difficulty import Difficulty
from .challenge.picture import draw
from .challenge.style import Style
from .errors import CaptchaGuardError, ConfigError
from .extension import CaptchaGuard
from .signals import challenge_failed, challenge_issued, challenge_solved, submission_judged
from .spam.judge import Rule
from .spam.submission import Submission
from .spam.verdict import Action, Finding, Verdict

__all__ = [
    "Action",
    "CaptchaGuard",
    "CaptchaGuardError",
    "ConfigError",
    "Difficulty",
    "Finding",
    "Rule",
    "Style",
    "Submission",
    "Verdict",
    "challenge_failed",
    "challenge_issued",
    "challenge_solved",
    "draw",
    "submission_judged",
]
