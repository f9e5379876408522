"""What an editor decides about comments, what the guard learns from it, and why it thought as it did."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from sqlalchemy import delete

from captcha_guard import CaptchaGuardError, Submission, aside_expired
from demo_blog.database import db
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState


def init_app(app: Flask) -> None:
    """Delete what was set aside as soon as the guard says that its time is up."""
    aside_expired.connect(delete_expired, app)


def decide(comment: Comment, state: CommentState) -> bool:
    """Keep an editor's decision and teach the guard at once; returns whether the guard took it in.

    To decide the same twice does no harm, and of a comment that was printed by itself it says that this was right.
    """
    comment.state = state
    db.session.commit()
    return teach(comment)


def teach(comment: Comment) -> bool:
    """Teach the guard what became of a comment; returns whether it took that in.

    The guard forgets its cases after some weeks; then the comment itself has to do.
    """
    spam = comment.state == CommentState.SPAM
    if comment.case_id and guard.teach(comment.case_id, spam=spam):
        return True
    return guard.teach(submission_of(comment), spam=spam)


def reasons(comment: Comment) -> Iterator[str]:
    """Say in lines what was found when the comment came in, and which of its words weigh most by now."""
    yield from comment.findings.splitlines() or ["The rules found nothing."]
    weighed = (comment.case_id and guard.explain(comment.case_id)) or guard.explain(submission_of(comment))
    for one in weighed:
        name = one.token.partition(":")[2]
        yield f"{one.weight:+.2f}  {name} ({one.kind}; in {one.ham} kept and {one.spam} spam comments)"
    if not weighed:
        yield _silence()


def _silence() -> str:
    try:
        taught = guard.filter_stats()
    except CaptchaGuardError as error:  # switched off, or its database can't be used
        return str(error)
    return f"The filter says nothing yet: it was taught {taught.ham} kept and {taught.spam} spam comments."


def submission_of(comment: Comment) -> Submission:
    """Return a stored comment as it was posted, as far as the journal knows."""
    return Submission(
        scope=f"comment:{comment.post.slug}",
        author=comment.author,
        email=comment.email,
        url=comment.url,
        body=comment.body,
        posted_at=comment.created.timestamp(),
    )


def delete_expired(app: Flask, *, id: str) -> None:  # noqa: A002 - the signal's word
    """Delete the comment of this case, unless an editor has rescued it."""
    with app.app_context():  # a session of its own, whoever is in the middle of something
        db.session.execute(delete(Comment).where(Comment.case_id == id, Comment.state == CommentState.SPAM))
        db.session.commit()
