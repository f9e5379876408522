"""What becomes of a blog whose owner marks only some comments, for ``python -m tests.benchmarks.spam --only owners``.

Each video is one blog that begins with nothing, in time order, two comments a day. Every comment goes through the judge
with its memory, is kept, and is taught as the owner's habit says; maintenance runs after each. Authors and clients are
unknown in the data, so every author is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from captcha_guard.database.opening import open_database
from captcha_guard.spam.filter.learner import Learner
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.memory.judged_comments import JudgedComments
from captcha_guard.spam.memory.reputation import Reputation
from captcha_guard.spam.moderation import Moderation
from captcha_guard.spam.new_site import NewSite
from captcha_guard.spam.rules import standard
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action
from captcha_guard.statistics.interval import Share
from tests.benchmarks.spam_data import Comment, in_time
from tests.benchmarks.spam_proofs import share_text

START = 1_700_000_000.0
EVERY = 12 * 3600.0  # seconds between two comments
SEEN_AFTER = 2  # comments later the owner removes spam that was published


@dataclass(frozen=True)
class Owner:
    """What an owner marks, besides the queue and published spam; ``slips`` is the share of unmarked spam.

    For each good comment that is published, a comment of spam is published and stays unmarked with this probability.
    """

    name: str
    everything: bool = False
    queue: bool = True
    confirms: float = 0.0
    confirms_first: int = 0
    unmarked: bool = True
    new_site: bool = True
    strict: bool = False
    slips: float = 0.0


QUEUE = Owner("clears the queue, removes published spam")
OWNERS = (
    Owner("marks everything", everything=True),
    QUEUE,
    replace(QUEUE, name="the same, and confirms 20 % of the published comments", confirms=0.2),
    replace(QUEUE, name="the same, and confirms 5 % of them", confirms=0.05),
    replace(QUEUE, name="the same, and confirms the first eight published", confirms_first=8),
    replace(QUEUE, name="the same, not learning from silence", unmarked=False),
    replace(QUEUE, name="the same, not holding new authors", new_site=False),
    replace(QUEUE, name="the same, neither", unmarked=False, new_site=False),
    replace(QUEUE, name="the same, strict", strict=True),
    *(
        replace(QUEUE, name=f"the same; {round(100 * share)} % of the silent comments are spam", slips=share)
        for share in (0.02, 0.05, 0.1)
    ),
    Owner("marks nothing", queue=False),
)


@dataclass
class Tally:
    """What became of the comments of each kind."""

    actions: dict[tuple[bool, Action], int] = field(default_factory=dict)

    def add(self, action: Action, *, spam: bool) -> None:
        """Count one comment."""
        self.actions[spam, action] = self.actions.get((spam, action), 0) + 1

    def share(self, action: Action, *, spam: bool | None = None) -> Share:
        """Return how many of a kind, or of all, this became of."""
        kinds = (False, True) if spam is None else (spam,)
        every = sum(count for (kind, _), count in self.actions.items() if kind in kinds)
        return Share(sum(self.actions.get((kind, action), 0) for kind in kinds), every)


class Blog:
    """One site with its judge and its database in a folder."""

    def __init__(self, folder: Path, owner: Owner) -> None:
        self.database = open_database(f"sqlite:///{folder / 'judge.sqlite3'}", timeout=60)
        memory, judged = Reputation(self.database, secret=b"benchmark"), JudgedComments(self.database)
        learner = Learner(self.database)
        self.judge = Judge(
            standard(memory=memory),
            learner=learner,
            strict=owner.strict,
            new_site=NewSite(learner, judged, memory).check if owner.new_site else None,
            prefetching=memory.prefetching,
        )
        self.moderation = Moderation(
            database=self.database,
            judge=self.judge,
            memory=memory,
            judged_comments=judged,
            learner=learner,
            services=None,
            learn_unmarked=owner.unmarked,
        )

    def post(self, number: int, text: str, now: float, *, forced: bool = False) -> Action:
        """Judge and keep a comment; its id is its number. A code is taken to be solved."""
        comment = Submission(scope="video", body=text, posted_at=now, client=f"client {number}", seconds=60)
        verdict = self.judge.weigh(comment)
        action = Action.ACCEPT if forced or verdict.action == Action.CHALLENGE else verdict.action
        self.moderation.keep(
            comment, replace(verdict, action=action, id=str(number)), self.judge.score(comment), taught_later=True
        )
        return action

    def teach(self, number: int, now: float, *, spam: bool) -> None:
        """Mark a comment."""
        self.moderation.teach(str(number), spam=spam, now=now)


def owners(videos: Mapping[str, Sequence[Comment]]) -> Iterator[str]:
    """Run each video with each owner. Yields the lines of a table."""
    aims = "spam aside (aim: 80 %) | spam published (aim: 1.5 %) | held (aim: 20 %)"
    yield f"| what the owner does | good aside | {aims} |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    blogs = in_time({name: list(comments) for name, comments in videos.items()})
    for owner in OWNERS:
        tally = Tally()
        for comments in blogs.values():
            with TemporaryDirectory() as folder:
                _run(comments, owner, Path(folder), tally)
        shares = (
            tally.share(Action.ASIDE, spam=False),
            tally.share(Action.ASIDE, spam=True),
            tally.share(Action.ACCEPT, spam=True),
            tally.share(Action.HOLD),
        )
        yield f"| {owner.name} | {' | '.join(map(share_text, shares))} |"


def _run(comments: Sequence[Comment], owner: Owner, folder: Path, tally: Tally) -> None:
    random, blog = Random(1), Blog(folder, owner)
    removed: list[tuple[int, int]] = []  # when the owner sees published spam, and which
    slips = 0.0
    confirmed = 0
    with closing(blog.database):
        for number, comment in enumerate(comments):
            now = START + number * EVERY
            slipped = comment.spam and slips >= 1
            action = blog.post(number, comment.text, now, forced=slipped)
            if slipped:
                slips -= 1
            else:
                tally.add(action, spam=comment.spam)
            if owner.everything or (owner.queue and action == Action.HOLD):
                blog.teach(number, now, spam=comment.spam)
            elif action == Action.ACCEPT and comment.spam and owner.queue and not slipped:
                removed.append((number + SEEN_AFTER, number))
            elif action == Action.ACCEPT and not comment.spam:
                slips += owner.slips / (1 - owner.slips)
                if confirmed < owner.confirms_first or random.random() < owner.confirms:
                    confirmed += 1
                    blog.teach(number, now, spam=False)
            while removed and removed[0][0] <= number:
                blog.teach(removed.pop(0)[1], now, spam=True)
            blog.moderation.tidy(now, lambda _: None, lambda _: None)
