"""Spam and honest comments on a journal whose moderator has taught the filter the beginning of each video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from captcha_guard import Submission
from captcha_guard.web.state import NAME, State
from demo_blog import create_app
from demo_blog.database import db
from demo_blog.guard import guard
from tests.benchmarks.bots.bot import Plan, Record, run
from tests.benchmarks.bots.crowds import Crowd, Town, first_time
from tests.benchmarks.bots.poster import Poster
from tests.benchmarks.bots.roster import PACE
from tests.benchmarks.bots.site import AUTHOR, BODY, Site
from tests.benchmarks.bots.solvers import Farm
from tests.benchmarks.bots.texts import named
from tests.benchmarks.spam_data import VIDEOS, Comment, in_time, read_videos, time_split
from tests.benchmarks.spam_ours import ACCEPT, learn_then_score


@dataclass(frozen=True)
class Lesson:
    """The comments that the moderator has decided about, and those that follow."""

    taught: Sequence[Comment]
    later: Sequence[Comment]

    @classmethod
    def of(cls, data: Path, share: float) -> Lesson:
        """Return the first 70 % of each video in time, and this share of the rest, at least 10 of each video."""
        parts = [time_split(comments) for comments in in_time(read_videos(data, tuple(VIDEOS))).values()]
        taught = [one for first, _ in parts for one in first]
        return cls(taught, [one for _, rest in parts for one in rest[: max(10, round(len(rest) * share))]])

    def texts(self, *, spam: bool) -> list[Mapping[str, str]]:
        """Return the later comments of one kind, as they are posted."""
        return [named(place, one.text) for place, one in enumerate(self.later) if one.spam is spam]

    def expected(self, *, spam: bool) -> float:
        """Return the share of later comments of one kind that the filter holds or sets aside by their text alone."""
        scored = learn_then_score(self.taught, [one for one in self.later if one.spam is spam], retrain=True)
        return sum(one.score > ACCEPT for one in scored) / len(scored)


def teach(folder: Path, lesson: Lesson) -> None:
    """Teach the journal in ``folder`` and train its filter again, as ``flask captcha-guard teach --file`` does."""
    app = create_app({"DEMO_BLOG_INSTANCE": folder})
    with app.app_context():
        for place, one in enumerate(lesson.taught):
            fields = named(place, one.text)
            guard.teach(Submission(scope="", author=fields[AUTHOR], body=fields[BODY]), spam=one.spam)
        guard.retrain()
        state: State = app.extensions[NAME]
        state.writer.stop()
        db.session.remove()
        db.engine.dispose()


def run_taught(site: Site, lesson: Lesson, home: Iterator[str]) -> tuple[Record, Crowd]:
    """Let a bot with right codes post the later spam, and people the later honest comments, each once."""
    spam, honest = lesson.texts(spam=True), lesson.texts(spam=False)
    addresses = max(1, len(spam) // 10)
    bot = Poster("subtle spammer, taught journal", Farm(), lambda number: spam[number])
    record = run(bot, site, Plan(len(spam), addresses, PACE), home)
    site.comments.clear()
    crowd = Crowd("first comment, taught journal", first_time(Town(site, home, honest), len(honest)))
    return record, crowd
