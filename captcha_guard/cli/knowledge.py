"""What the commands look up in the site's own memory."""

from __future__ import annotations

import click

from ..extension import CaptchaGuard
from ..spam.cases import Case
from ..spam.learning import ENOUGH, Learner, Stats
from ..web.state import current_state


def case_of(name: str) -> Case:
    """Return what is kept of the comment with this id; refused with the reason where that is nothing."""
    case = current_state().moderation._cases.find(name)
    if case is None:
        raise click.ClickException(
            f"no comment is known by the id {name!r}: it is verdict.id, as your site stored it, of a comment on a "
            "route with moderated=True, for 60 days. Try the text itself: --text"
        )
    return case


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
