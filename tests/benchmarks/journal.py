"""Measures the journal's pages with 100,000 comments: ``python -m tests.benchmarks.journal [--quick]``.

Each page is requested through the application itself, as a logged-in owner, so the times are the server's without the
network. The control is the same journal with 100 comments, in the same run. Comments are generated, and so are a year's
statistics of 1,000,000 submissions.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from tempfile import TemporaryDirectory

import time_machine
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert, select, text, update

from captcha_guard import Action
from captcha_guard.database.database import Access
from captcha_guard.database.table import Row
from captcha_guard.replay.record import Found, Record, row_of
from captcha_guard.replay.records import ADD
from captcha_guard.spam.code_demand import CodeState
from captcha_guard.statistics.tables import DAY
from captcha_guard.web.state import current_state
from demo_blog import create_app, moderation, post_files
from demo_blog.database import db
from demo_blog.desk import accounts, links
from demo_blog.models import Comment, CommentDomain, CommentFinding, CommentState, Post
from tests.benchmarks.endurance import table
from tests.benchmarks.statistics import END, Year
from tests.postgresql_server import postgresql_server

#: Comments of the journal and of the control.
COMMENTS, CONTROL = 100_000, 100

#: Submissions of the year that are counted, and the most that are recorded.
SUBMISSIONS, RECORDS = 1_000_000, 100_000

#: Decisions of each kind that the filter learns.
TAUGHT = 20

#: Comments that one statement inserts.
BATCH = 5_000

#: Requests for each page. The first one isn't counted.
REQUESTS = 6

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
WORDS = ("hash", "table", "fence", "post", "clock", "second", "quorum", "chair", "checker", "type", "lookup", "slot")
STATES = (CommentState.PUBLISHED, CommentState.HELD, CommentState.SPAM)
REASONS = ("links", "phrases", "single_link", "flattery", "too_fast", "honeypot", "new_site", "learned")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the comments")
    parser.add_argument("--database", choices=DATABASES, action="append", help="default: both")
    given = parser.parse_args()
    comments = COMMENTS // 20 if given.quick else COMMENTS
    submissions = SUBMISSIONS // 20 if given.quick else SUBMISSIONS
    head, cells = ["page"], dict[str, list[str]]()
    for name in given.database or DATABASES:
        with journal(name, CONTROL, CONTROL) as small:
            control = dict(times(small))
        with journal(name, comments, submissions) as large:
            for page, seconds in times(large):
                ratio = f"{seconds / control[page]:.1f}" if page in control else ""
                cells.setdefault(page, []).extend([f"{1000 * seconds:.0f}", ratio])
        head += [f"{DATABASES[name]}, ms", f"ratio to {CONTROL} comments"]
    print(table(head, [[page, *row] for page, row in cells.items()]))
    counted = f"{submissions:,} counted and {min(submissions, RECORDS):,} recorded submissions"
    print(f"\n{comments:,} comments, {counted}. The median of {REQUESTS - 1} requests after the first.")


@contextmanager
def journal(database: str, comments: int, submissions: int) -> Iterator[Flask]:
    """A journal with so many comments and counted submissions, in SQLite or in a PostgreSQL that is started for it."""
    with TemporaryDirectory() as folder, time_machine.travel(END):
        config: dict[str, object] = {"DEMO_BLOG_INSTANCE": folder, "TESTING": True}
        if database == "sqlite":
            yield from _filled(config, comments, submissions)
        else:
            with postgresql_server() as server:
                yield from _filled(config | {"SQLALCHEMY_DATABASE_URI": server.database()}, comments, submissions)


def _filled(config: dict[str, object], comments: int, submissions: int) -> Iterator[Flask]:
    app = create_app(config)
    with app.app_context():
        upgrade()
        post_files.load(post_files.read_all())
        add_comments(comments)
        add_past(submissions, min(submissions, RECORDS))
        teach()
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    yield app
    with app.app_context():
        current_state().writer.stop()
        db.engine.dispose()


def add_comments(number: int, *, seed: int = 1) -> None:
    """Insert generated comments over two years: a third are replies, a tenth spam, and 1 in 50 is held."""
    chance = random.Random(seed)
    posts = list(db.session.scalars(select(Post.id).order_by(Post.id)))
    weights = [1 / rank for rank in range(1, len(posts) + 1)]
    now = datetime.now(UTC)
    numbers = dict.fromkeys(posts, 0)
    published: dict[int, list[int]] = {post: [] for post in posts}
    for start in range(1, number + 1, BATCH):
        batch: list[dict[str, object]] = []
        findings: list[dict[str, object]] = []
        domains: list[dict[str, object]] = []
        for identifier in range(start, min(start + BATCH, number + 1)):
            post = chance.choices(posts, weights)[0]
            state = chance.choices(STATES, (88, 2, 10))[0]
            is_reply = chance.random() < 1 / 3 and bool(published[post])
            parent = chance.choice(published[post][-50:]) if is_reply else None
            if state == CommentState.PUBLISHED:
                numbers[post] += 1
                published[post].append(identifier)
            batch.append(
                {
                    "id": identifier,
                    "post_id": post,
                    "parent_id": parent,
                    "number": numbers[post] if state == CommentState.PUBLISHED else None,
                    "author": f"Reader {chance.randrange(20_000)}",
                    "email": "",
                    "url": "",
                    "body": " ".join(chance.choices(WORDS, k=chance.randrange(5, 80))),
                    "created": now - timedelta(days=730) * (1 - identifier / number),
                    "state": state,
                    "action": {"published": "accept", "held": "hold", "spam": "aside"}[state],
                    "score": 0 if state == CommentState.PUBLISHED else chance.randrange(30, 100),
                    "client": f"{chance.randrange(30_000):032x}",
                }
            )
            if state != CommentState.PUBLISHED:
                for position, reason in enumerate(chance.sample(REASONS, chance.randrange(1, 4))):
                    findings.append(
                        {
                            "comment_id": identifier,
                            "position": position,
                            "reason": reason,
                            "score": 30,
                            "sentence": f"It was found by {reason}.",
                        }
                    )
                domains.append({"comment_id": identifier, "domain": f"site{chance.randrange(5_000)}.example"})
        for model, rows in ((Comment, batch), (CommentFinding, findings), (CommentDomain, domains)):
            if rows:
                db.session.execute(insert(model), rows)
    for post, last in numbers.items():
        db.session.execute(update(Post).where(Post.id == post).values(last_number=last))
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SELECT setval('comment_id_seq', (SELECT max(id) FROM comment))"))
    db.session.commit()


def teach() -> None:
    """Teach the filter enough to decide, so that the desk shows what it says about every comment that waits."""
    for state in (CommentState.PUBLISHED, CommentState.SPAM):
        for comment in db.session.scalars(select(Comment).where(Comment.state == state).limit(TAUGHT)):
            moderation.teach(comment)


def add_past(submissions: int, records: int) -> None:
    """Count a year of submissions, and record the last of them, as if they had been posted."""
    state = current_state()
    Year(state.database).fill(submissions)
    chance = random.Random(2)
    rows = []
    for number in range(records):
        action = chance.choice((Action.ACCEPT, Action.ACCEPT, Action.HOLD, Action.ASIDE))
        found = () if action is Action.ACCEPT else (Found(chance.choice(REASONS), 60 if action is Action.HOLD else 95),)
        record = Record(
            judged_at=END - 60 * DAY * (1 - number / records),
            id=f"{number:022d}",
            client=f"{chance.randrange(30_000):032x}",
            networks=(f"{chance.randrange(3_000):032x}",),
            scope=chance.randbytes(8),
            mark=f"{number:032x}",
            action=action,
            chance=None,
            findings=found,
            reason="",
            code=CodeState(mode="suspicious", moderated=True),
            counted=True,
        )
        rows.append(row_of(record, str(number)))
    for start in range(0, records, BATCH):
        state.database.write(partial(_add_records, rows=rows[start : start + BATCH]), insist=True)


def _add_records(access: Access, rows: list[Row]) -> None:
    access.change(ADD, rows)


def times(app: Flask) -> Iterator[tuple[str, float]]:
    """Return the median time in seconds of each page, as the owner sees it."""
    client = app.test_client()
    with app.app_context():
        token = links.create(accounts.create_owner("otto", "nine gaps between ten posts"))
        pages = list(addresses())
        db.session.remove()
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', client.get(f"/desk/link/{token}").text)
    if csrf is None or client.post(f"/desk/link/{token}", data={"csrf_token": csrf[1]}).location != "/desk":
        raise RuntimeError("the owner could not log in")
    for name, address in pages:
        needed = []
        for _ in range(REQUESTS):
            start = time.perf_counter()
            response = client.get(address)
            _ = response.data
            needed.append(time.perf_counter() - start)
            if response.status_code != 200:
                raise RuntimeError(f"{address} has the status {response.status_code}")
        yield name, median(needed[1:])


def addresses() -> Iterator[tuple[str, str]]:
    """Return the name and the address of each page that is measured."""
    busiest = db.session.scalars(select(Post).order_by(Post.last_number.desc())).first()
    comment = db.session.scalars(select(Comment).where(Comment.state == CommentState.HELD)).first()
    if busiest is None or comment is None:
        raise RuntimeError("the journal has no posts or no held comments")
    post = f"/posts/{busiest.slug}"
    yield "the cover", "/"
    yield "the archive", "/archive"
    yield "the tags", "/tags"
    yield "a search", "/search?q=hash"
    yield "the sitemap", "/sitemap.xml"
    yield "the feed of posts", "/feed.atom"
    yield "the post with the most comments, first page", post
    if busiest.last_number > CONTROL:
        yield "the same, page 2", f"{post}?page=2"
    yield "its comments' feed", f"{post}/comments.atom"
    yield "desk: held", "/desk"
    yield "desk: all", "/desk?list=all"
    yield "desk: by reason", "/desk?list=all&reason=links"
    yield "desk: by author", "/desk?list=all&author=Reader+7"
    yield "desk: by text", "/desk?list=all&text=fence+clock"
    yield "desk: by domain", "/desk?list=all&domain=site42.example"
    yield "desk: by client", f"/desk?list=all&client={comment.client}"
    yield "desk: one comment", f"/desk/comments/{comment.id}"
    yield "desk: decisions", "/desk/decisions"
    yield "desk: statistics, a day", "/desk/statistics?span=day"
    yield "desk: statistics, 30 days", "/desk/statistics?span=month"
    yield "desk: statistics, a year", "/desk/statistics?span=year"
    yield "desk: words", "/desk/words"
    yield "desk: bans", "/desk/bans"
    yield "desk: what if, a day", "/desk/what-if?days=1&hold=50"
    yield "desk: what if, 30 days", "/desk/what-if?days=30&hold=50"


if __name__ == "__main__":
    main()
