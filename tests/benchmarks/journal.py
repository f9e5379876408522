"""Measures the journal's pages with 100,000 comments: ``python -m tests.benchmarks.journal [--quick] [--database NAME]``.

Each page is requested through the application itself, as a log-in owner, so the times are the server's without the
network. The control is the same journal with 100 comments, in the same run. Comments are generated, and so are a year's
statistics of 1,000,000 submissions.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import insert, select, text, update

from demo_blog import create_app, post_files
from demo_blog.database import db
from demo_blog.models import Comment, CommentDomain, CommentFinding, CommentState, Post
from tests.benchmarks.endurance import table
from tests.postgresql_server import postgresql_server

#: Comments of the journal and of the control.
COMMENTS, CONTROL = 100_000, 100

#: Comments that one statement inserts.
BATCH = 5_000

#: Requests for each page. The first one isn't counted.
REQUESTS = 6

WORDS = (
    "hash table probe fence post clock second leap quorum chair laptop artefact checker type variance gate lookup slot "
    "measure library proof patience letter reader editor margin column carry overflow tenth decimal binary memory"
).split()
REASONS = ("links", "phrases", "single_link", "flattery", "too_fast", "honeypot", "new_site", "learned")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the comments")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append", help="default: both")
    given = parser.parse_args()
    comments = COMMENTS // 20 if given.quick else COMMENTS
    for name in given.database or ("sqlite", "postgresql"):
        print(f"\n## {name}\n")
        with journal(name, CONTROL) as small:
            control = dict(times(small))
        with journal(name, comments) as large:
            rows = [
                (page, f"{1000 * seconds:.0f} ms", f"{seconds / control[page]:.1f}" if page in control else "")
                for page, seconds in times(large)
            ]
        print(table(("page", f"{comments:,} comments", f"ratio to {CONTROL}"), rows))


@contextmanager
def journal(database: str, comments: int) -> Iterator[Flask]:
    """A journal with this many comments, in SQLite or in a PostgreSQL that is started for it."""
    with TemporaryDirectory() as folder:
        config: dict[str, object] = {"DEMO_BLOG_INSTANCE": folder, "TESTING": True}
        if database == "sqlite":
            yield from _filled(config, comments)
        else:
            with postgresql_server() as server:
                yield from _filled(config | {"SQLALCHEMY_DATABASE_URI": server.database()}, comments)


def _filled(config: dict[str, object], comments: int) -> Iterator[Flask]:
    app = create_app(config)
    with app.app_context():
        upgrade()
        post_files.load(post_files.read_all())
        add_comments(comments)
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    yield app
    with app.app_context():
        db.engine.dispose()


def add_comments(number: int, *, seed: int = 1) -> None:
    """Insert generated comments over two years: a third are replies, a tenth spam, and 1 in 50 is held."""
    chance = random.Random(seed)
    posts = list(db.session.scalars(select(Post.id).order_by(Post.id)))
    weights = [1 / rank for rank in range(1, len(posts) + 1)]
    now = datetime.now(UTC).replace(tzinfo=None)
    numbers = dict.fromkeys(posts, 0)
    published: dict[int, list[int]] = {post: [] for post in posts}
    for start in range(1, number + 1, BATCH):
        batch, findings, domains = [], [], []
        for identifier in range(start, min(start + BATCH, number + 1)):
            post = chance.choices(posts, weights)[0]
            state = chance.choices(list(CommentState), (88, 2, 10))[0]
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
        rows = [one | {"created": one["created"].replace(tzinfo=UTC)} for one in batch]
        db.session.execute(insert(Comment), rows)
        for model, more in ((CommentFinding, findings), (CommentDomain, domains)):
            if more:
                db.session.execute(insert(model), more)
    for post, last in numbers.items():
        db.session.execute(update(Post).where(Post.id == post).values(last_number=last))
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SELECT setval('comment_id_seq', (SELECT max(id) FROM comment))"))
    db.session.commit()


@dataclass(frozen=True)
class Addresses:
    """The addresses of the pages, and how to log in."""

    client: FlaskClient
    paths: Sequence[str]


def times(app: Flask) -> Iterator[tuple[str, float]]:
    """Return the median time in seconds of each page."""
    client = app.test_client()
    for path in paths(app):
        needed = []
        for _ in range(REQUESTS):
            start = time.perf_counter()
            response = client.get(path)
            _ = response.data
            needed.append(time.perf_counter() - start)
            if response.status_code != 200:
                raise RuntimeError(f"{path} has the status {response.status_code}")
        yield path, median(needed[1:])


def paths(app: Flask) -> list[str]:
    """Return the addresses of the pages that are measured."""
    with app.app_context():
        slug = db.session.scalar(select(Post.slug).order_by(Post.last_number.desc()).limit(1))
        db.session.remove()
    return ["/", "/about", "/feed.atom", f"/posts/{slug}"]


if __name__ == "__main__":
    main()
