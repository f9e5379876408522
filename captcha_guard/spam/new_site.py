"""Protects a site whose filter doesn't decide yet, because too few comments have been taught.

Moderators clear the queue, but rules hold few good comments, so few are taught and the filter never starts. While
spam arrives on such a site, comments of new authors are held. The moderator then confirms the good ones and marks the
spam, and after eight of each the filter decides.
"""

from __future__ import annotations

import logging
from typing import Final

from ..messages import message, sentences
from .filter.learner import Learner
from .filter.stats import ENOUGH, what_is_missing
from .history import Memory, Party, author_of
from .judge import NEW_SITE
from .memory.judged_comments import JudgedComments
from .submission import Submission
from .verdict import Action, Finding

logger = logging.getLogger("captcha_guard")

DAY: Final = 86_400.0
#: Spam arrives if a moderator has marked this many comments of the last 14 days as spam. More are needed once enough
#: good comments were taught. Otherwise a site with little spam would hold new authors for months, until eight spam
#: comments were taught.
_PERIOD: Final = 14 * DAY
_FEWEST_SPAM: Final = 1
_FEWEST_SPAM_LATER: Final = 3


class NewSite:
    """Holds comments of new authors while spam arrives and the filter doesn't decide yet."""

    def __init__(self, learner: Learner, judged_comments: JudgedComments, memory: Memory) -> None:
        self._learner = learner
        self._judged_comments = judged_comments
        self._memory = memory
        self._logged_at = 0.0

    def check(self, submission: Submission) -> Finding | None:
        """Return a finding that holds the submission, or ``None``. Call this only while the filter abstains."""
        taught = self._learner.taught()
        if taught is None or min(taught) >= ENOUGH:
            return None
        now, least = submission.posted_at, _FEWEST_SPAM if taught[0] < ENOUGH else _FEWEST_SPAM_LATER
        if not self._judged_comments.has_spam_since(now - _PERIOD, least) or self._is_known(submission):
            return None
        missing = what_is_missing(*taught)
        self._log(now, missing)
        sentence = sentences(
            message("The comment is held because spam is arriving, the author is new, and the filter hasn't started."),
            missing,
        )
        reply = message("A moderator reads the first comment of each author.")
        return Finding(NEW_SITE, 0, sentence, Action.HOLD, reply=reply)

    def _is_known(self, submission: Submission) -> bool:
        """Return whether an earlier comment of the author was kept. If that can't be read, the author is new."""
        if submission.account:
            past = self._memory.history(Party.ACCOUNT, (submission.account,))
        else:
            past = self._memory.history(Party.AUTHOR, author_of(submission))
        return past is not None and past.ham > 0 and not past.spam

    def _log(self, now: float, missing: str) -> None:
        """Log a warning, once a day in each process."""
        if self._logged_at and now - self._logged_at < DAY:
            return
        self._logged_at = now
        logger.warning(
            "captcha_guard: comments of new authors are held, because spam is arriving and the filter hasn't started. "
            "%s",
            missing,
        )
