"""Sample comments for a new journal."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from demo_blog import moderation
from demo_blog.comment_text import store_domains
from demo_blog.database import db
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState, Post

FILE = Path(__file__).parent / "sample_comments.toml"


def add_samples(file: Path = FILE) -> int:
    """Store the comments in ``file`` if the journal has no comments. Returns how many were stored.

    Published comments and spam are taught to the guard, and held ones wait for a decision. Each comment is judged
    before anything is taught.
    """
    if db.session.scalar(select(func.count()).select_from(Comment)):
        return 0
    comments: list[Comment] = []
    by_key: dict[str, Comment] = {}
    samples = tomllib.loads(file.read_text("utf-8"))["comment"]
    for sample in sorted(samples, key=lambda sample: sample["created"]):  # so that the numbers follow the time
        comment = _comment(sample, by_key, file)
        by_key[sample.get("key", "")] = comment
        db.session.add(comment)
        comment.move_to(CommentState(sample.get("state", CommentState.PUBLISHED)))
        comments.append(comment)
    # Taught before they are stored: after an interruption, the next start does both again.
    for comment in comments:
        if comment.state != CommentState.HELD:
            moderation.teach(comment)
    db.session.commit()
    return len(comments)


def _comment(sample: Mapping[str, Any], by_key: Mapping[str, Comment], file: Path) -> Comment:
    post = Post.by_slug(sample["post"])
    if post is None:
        raise LookupError(f"{file}: there is no post {sample['post']!r}; load the posts first")
    comment = Comment(
        post=post,
        parent=by_key[sample["reply_to"]] if "reply_to" in sample else None,
        author=sample["author"],
        email="",
        url=sample.get("url", ""),
        body=sample["body"].strip(),
        created=sample["created"].astimezone(UTC),
    )
    comment.set_verdict(guard.check(moderation.submission_of(comment)))
    store_domains(comment)
    return comment
