"""Functions for several commands: they read the site's judged comments and its filter."""

from __future__ import annotations

from typing import Final

import click

from ..extension import CaptchaGuard
from ..spam.filter.learner import Learner
from ..spam.filter.stats import ENOUGH, Stats
from ..spam.memory.judged_comments import JudgedComment
from ..web.state import current_state

#: Explains ids in the error message for an unknown one.
IDS: Final = (
    "An id is the verdict.id of a comment on a route with moderated=True, as your site stored it; ids are kept 60 days"
)


def find_judged(name: str) -> JudgedComment | None:
    """Return the judged comment with this id, if it is still stored."""
    return current_state().moderation.find(name)


def this_learner() -> Learner:
    """Return the site's filter. Raises ``ConfigError`` if the filter is off."""
    CaptchaGuard().filter_stats()
    learner = current_state().judge.learner
    if not isinstance(learner, Learner):
        raise click.ClickException("this site uses a custom filter, which these commands don't support")
    return learner


def missing(taught: Stats) -> str:
    """Return a sentence about how much more the filter must be taught before it decides."""
    ham, spam = max(0, ENOUGH - taught.ham), max(0, ENOUGH - taught.spam)
    abstains = f"The filter abstains until it is taught {ham} more ham and {spam} more spam"
    return f"{abstains}: flask captcha-guard teach. {taught.missing}"
