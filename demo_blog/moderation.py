"""Moderation: teaches decisions to the guard, and explains its verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import delete

from captcha_guard import CaptchaGuardError, Submission, Weighed, aside_expired
from demo_blog.database import db
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState


def init_app(app: Flask) -> None:
    """Delete comments set aside as spam when the guard signals that their retention time is over."""
    aside_expired.connect(delete_expired, app)


def teach(comment: Comment, *, spam: bool | None = None) -> bool:
    """Teach the guard whether a comment is spam, by default from its state. Returns whether the guard learned it.

    The guard deletes its own record of a comment after some weeks. After that, the stored comment is taught instead.
    """
    if spam is None:
        spam = comment.state == CommentState.SPAM
    if comment.case_id and guard.teach(comment.case_id, spam=spam):
        return True
    return guard.teach(submission_of(comment), spam=spam)


def finding_lines(comment: Comment) -> list[str]:
    """Return a line for each finding of the guard when the comment was posted."""
    return [f"{found.reason} ({found.score}): {found.sentence}" for found in comment.findings]


def reasons(comment: Comment) -> Iterator[str]:
    """Yield a line for each finding when the comment was posted, then one for each word with a large weight."""
    yield from finding_lines(comment) or ["The rules found nothing."]
    words = assess(comment).weights
    for word in words:
        yield f"{word.weight:+.2f}  {name_of(word)} ({word.kind}; in {word.ham} kept and {word.spam} spam comments)"
    if not words:
        yield filter_status()


@dataclass(frozen=True)
class Assessment:
    """What the guard says about a comment after the decisions until now.

    ``score`` is 0 to 100 for a held comment, otherwise ``None``. ``weights`` are the ten tokens with the largest
    weights in the filter. They are empty while it abstains.
    """

    score: int | None
    weights: tuple[Weighed, ...]


def assess(comment: Comment) -> Assessment:
    """Ask the guard about a stored comment."""
    submission = submission_of(comment)
    score = guard.check(submission).score if comment.state == CommentState.HELD else None
    # The guard keeps the tokens of a comment that was posted, and of the submission that it has just checked.
    return Assessment(score, (comment.case_id and guard.explain(comment.case_id)) or guard.explain(submission))


def name_of(token: Weighed) -> str:
    """Return a token as a person reads it, without the prefix that stands for its kind."""
    return token.token.partition(":")[2]


def filter_status() -> str:
    """Return what the filter has learned, and what an editor must still do until it decides."""
    try:
        taught = guard.filter_stats()
    except CaptchaGuardError as error:  # the filter is off, or its database can't be used
        return str(error)
    learned = f"it has learned {taught.ham} kept and {taught.spam} spam comments."
    if taught.missing:
        return f"The filter has no result yet: {learned} {taught.missing}"
    return f"The filter decides: {learned}"


def submission_of(comment: Comment) -> Submission:
    """Return a stored comment as a submission."""
    return Submission(
        scope=comment.scope,
        author=comment.author,
        email=comment.email,
        url=comment.url,
        body=comment.body,
        posted_at=comment.created.timestamp(),
        post_age=comment.post.age(comment.created),
        topic=comment.post.topic,
    )


def delete_expired(app: Flask, *, id: str) -> None:  # noqa: A002 - the signal's word
    """Delete the comment with this case id, unless an editor has rescued it."""
    with app.app_context():  # a session of its own, so that another session's open transaction isn't committed
        db.session.execute(delete(Comment).where(Comment.case_id == id, Comment.state == CommentState.SPAM))
        db.session.commit()
