"""Why a comment is where it is, in words: the guard's verdict, or the owner's decision."""

from __future__ import annotations

from datetime import datetime

from demo_blog.desk.history import Made
from demo_blog.models import Comment, CommentState

VERDICTS = {"accept": CommentState.PUBLISHED, "hold": CommentState.HELD, "aside": CommentState.SPAM}
"""The state that each verdict leads to."""

IN_WORDS = {
    CommentState.PUBLISHED: "Published",
    CommentState.HELD: "Held",
    CommentState.SPAM: "Set aside as spam",
    CommentState.DELETED: "Deleted",
}
DECIDED = {
    CommentState.PUBLISHED: "Approved",
    CommentState.SPAM: "Marked as spam",
    CommentState.DELETED: "Deleted",
}


def why(comment: Comment, made: Made | None) -> str:
    """Return a sentence that says who or what brought the comment into its state. ``made`` is the last decision."""
    state = CommentState(comment.state)
    if made is not None and made.became == state:
        return f"{DECIDED[state]} by {made.by or 'an editor'} on {moment(made.made)}."
    if comment.imported_from:
        return f"{IN_WORDS[state]}, as it was in the journal from which it was imported."
    if VERDICTS.get(comment.action) == state:
        judged = f"{IN_WORDS[state]} by the guard, with a score of {comment.score} of 100"
        return f"{judged}, because:" if comment.findings else f"{judged}. Its rules found nothing."
    if comment.findings:  # from a version of the journal that didn't store the verdict
        return f"{IN_WORDS[state]}. The guard found:"
    return f"{IN_WORDS[state]}. The reason wasn't recorded."


def moment(time: datetime) -> str:
    """Return a time in the form ``14 March 2026, 09:05 UTC``."""
    return f"{time.day} {time:%B %Y, %H:%M} UTC"
