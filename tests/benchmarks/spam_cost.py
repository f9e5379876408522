"""What the filter costs: the processor's time to score and to learn, and room on the disk."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from captcha_guard.database.opening import open_database
from captcha_guard.spam.filter.learner import Learner
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.memory.reputation import Reputation
from captcha_guard.spam.rules import standard
from captcha_guard.spam.submission import Submission
from tests.benchmarks.spam_data import Comment
from tests.benchmarks.spam_proofs import OURS, Line

ROOM = 10_000  # comments
LONG = 8 * 1024  # characters
LONG_ONES = 100
LONG_ROOM = 500  # long comments that are weighed


def cost(videos: Mapping[str, Sequence[Comment]], messages: Sequence[Comment]) -> Iterator[Line]:
    """Time what is done with the videos' comments and with long ones, and weigh what is kept."""
    comments = [comment for own in videos.values() for comment in own]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "learned.sqlite3"
        learner = Learner(open_database(f"sqlite:///{path}", timeout=60))
        short = [(Submission(scope="benchmark", body=one.text), one.spam) for one in comments]
        yield from _timed("comments as they are", learner, short)
        random = Random(1)
        words = [word for one in comments for word in one.text.split()]
        long = [Comment(_long(words, random), random.random() < 0.5) for _ in range(LONG_ROOM)]
        asked = [(Submission(scope="benchmark", body=one.text), one.spam) for one in long[:LONG_ONES]]
        yield from _timed("comments of 8 KiB", learner, asked)
        start = time.thread_time()
        decisions = learner.retrain()
        yield Line(f"7. learn {decisions:,} comments again", OURS, f"{time.thread_time() - start:.2f} s")
        learner.close()
    yield from _full([*comments, *messages])
    yield _room("comments and messages", [*comments, *messages], "1.7 MB")
    yield _room("comments of 8 KiB", long)


def _full(comments: Sequence[Comment]) -> Iterator[Line]:
    """Teach 10,000 comments with a topic, judge 1,000 new ones by rules, memory and filter, and learn all again."""
    random, topic = Random(2), " ".join(one.text for one in comments[:40])
    with TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'judge.sqlite3'}", timeout=60)
        learner, memory = Learner(database), Reputation(database, secret=b"benchmark")
        judge = Judge(standard(memory=memory), learner=learner, prefetching=memory.prefetching)
        for number in range(ROOM):
            one = comments[number % len(comments)]
            taught = Submission(scope=f"post {number % 50}", body=f"{one.text} {number // len(comments)}", topic=topic)
            learner.teach(taught, spam=one.spam, rules_score=30 * one.spam, key=str(number))
        judged = []
        for number in range(1_000):
            one = random.choice(comments)
            asked = Submission(
                scope=f"post {number % 50}", body=f"{one.text} again", topic=topic, client=str(number), seconds=60
            )
            start = time.thread_time()
            judge.judge(asked)
            judged.append(time.thread_time() - start)
        yield _percentiles(f"7. check with {ROOM:,} learned", judged, "1 ms, 5 ms")
        for pausing in (False, True):
            start, began = time.thread_time(), time.monotonic()
            learner.retrain(pausing=pausing)
            spent = f"{time.thread_time() - start:.1f} s of the processor, {time.monotonic() - began:.1f} s in all"
            where = "in the background" if pausing else "at once"
            yield Line(f"7. learn {ROOM:,} comments again, {where}", OURS, spent, "", "10 s")
        learner.close()


def _room(what: str, comments: Sequence[Comment], aim: str = "") -> Line:
    """Fill a file with comments, each once."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "learned.sqlite3"
        learner = Learner(open_database(f"sqlite:///{path}", timeout=60))
        for number, one in enumerate(comments):
            learner.teach(Submission(scope="benchmark", body=one.text), spam=one.spam, rules_score=0, key=str(number))
        told = learner.stats()
        size = _size(learner, path)
        learner.close()
    for_many = f"{size * ROOM / len(comments) / 1e6:.2f} MB for {ROOM:,}"
    proof = f"7. room of {len(comments):,} {what}, {told.tokens:,} tokens"
    return Line(proof, OURS, f"{size / 1e6:.2f} MB, {for_many}", "", aim)


def _timed(what: str, learner: Learner, submissions: Sequence[tuple[Submission, bool]]) -> Iterator[Line]:
    normalised, scored, taught = [], [], []
    for number, (submission, spam) in enumerate(submissions):
        start = time.thread_time()
        _ = submission.text
        read = time.thread_time()
        learner.score(submission, 30)
        judged = time.thread_time()
        learner.teach(submission, spam=spam, rules_score=30, key=f"{what} {number}")
        normalised.append(read - start)
        scored.append(judged - read)
        taught.append(time.thread_time() - judged)
    for doing, seconds in (("normalise", normalised), ("score", scored), ("teach", taught)):
        yield _percentiles(f"7. {doing}, {what}", seconds)


def _percentiles(proof: str, seconds: Sequence[float], aim: str = "") -> Line:
    return Line(proof, OURS, f"p50 {_at(seconds, 0.5)}, p99 {_at(seconds, 0.99)}", "", aim)


def _at(seconds: Sequence[float], share: float) -> str:
    return f"{sorted(seconds)[int(len(seconds) * share)] * 1e3:,.2f} ms"


def _long(words: Sequence[str], random: Random) -> str:
    body = ""
    while len(body) < LONG:
        body += random.choice(words) + " "
    return body[:LONG]


def _size(learner: Learner, path: Path) -> int:
    """Return the file's size when nothing is left in its log."""
    learner.close()
    return path.stat().st_size
