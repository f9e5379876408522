"""What the commands look up in the site's own memory."""

from __future__ import annotations

from typing import Final

import click

from ..extension import CaptchaGuard
from ..spam.filter.learner import ENOUGH, Learner, Stats
from ..spam.memory.judged_comments import Case
from ..web.state import current_state

#: Where ids come from, for whoever has given a wrong one.
IDS: Final = (
    "An id is verdict.id, as your site stored it, of a comment on a route with moderated=True, and is known for 60 days"
)


def find_case(name: str) -> Case | None:
    """Return what is kept of the comment with this id."""
    return current_state().moderation.case(name)


def this_learner() -> Learner:
    """Return the site's filter; raises ``ConfigError`` where it is switched off."""
    CaptchaGuard().filter_stats()
    learner = current_state().judge.learner
    if not isinstance(learner, Learner):
        raise click.ClickException("the judge of this site has a filter of its own, which these commands don't know")
    return learner


def missing(taught: Stats) -> str:
    """Say what the filter has to be taught before it decides."""
    ham, spam = max(0, ENOUGH - taught.ham), max(0, ENOUGH - taught.spam)
    return f"The filter abstains until it is taught {ham} ham and {spam} spam more: flask captcha-guard teach"
