"""Sample comments for a new journal."""

from __future__ import annotations

import tomllib
from datetime import UTC
from pathlib import Path

from sqlalchemy import func, select

from captcha_guard import Finding
from demo_blog import moderation
from demo_blog.database import db
from demo_blog.models import Comment, CommentState, Post

FILE = Path(__file__).parent / "sample_comments.toml"


def add_samples(file: Path = FILE) -> int:
    """Store the comments in ``file`` if the journal has no comments. Returns how many were stored.

    Published comments and spam are taught to the guard. Held ones wait for a decision.
    """
    if db.session.scalar(select(func.count()).select_from(Comment)):
        return 0
    samples = tomllib.loads(file.read_text("utf-8"))["comment"]
    comments = []
    for sample in samples:
        post = Post.by_slug(sample["post"])
        if post is None:
            raise LookupError(f"{file}: there is no post {sample['post']!r}; load the posts first")
        comment = Comment(
            post=post,
            author=sample["author"],
            email="",
            url=sample.get("url", ""),
            body=sample["body"].strip(),
            created=sample["created"].astimezone(UTC),
        )
        comment.set_findings(Finding(*found) for found in sample.get("findings", ()))
        db.session.add(comment)
        comment.move_to(CommentState(sample.get("state", CommentState.PUBLISHED)))
        comments.append(comment)
    db.session.commit()
    for comment in comments:
        if comment.state != CommentState.HELD:
            moderation.teach(comment)
    return len(comments)
