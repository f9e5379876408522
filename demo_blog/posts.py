"""The page of a post: the article, its comments and the comment form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, abort, g, render_template, request, session
from flask.typing import ResponseReturnValue

from demo_blog import addresses, remembered, threads
from demo_blog.comment_form import CommentForm, Target
from demo_blog.models import Comment, Post

bp = Blueprint("posts", __name__)

AUTHOR_KEY = "author_key"
"""Session key of a random value, with which authors see their own unpublished comments."""

NOT_HERE = "The comment that you want to answer isn't here any more. You can write a comment of your own."


@dataclass(frozen=True)
class SeriesPosition:
    """The position of a post in its series."""

    parts: tuple[Post, ...]
    index: int

    @classmethod
    def of(cls, post: Post) -> SeriesPosition | None:
        """Return the position of ``post``, or ``None`` if it isn't in a series."""
        parts = tuple(post.parts())
        return cls(parts, parts.index(post)) if parts else None

    @property
    def previous(self) -> Post | None:
        """The part before this one."""
        return self.parts[self.index - 1] if self.index > 0 else None

    @property
    def next(self) -> Post | None:
        """The part after this one."""
        return self.parts[self.index + 1] if self.index + 1 < len(self.parts) else None


@bp.url_value_preprocessor
def fetch_post(endpoint: str | None, values: dict[str, str] | None) -> None:
    """Store the post of ``/posts/<slug>`` in ``g.post`` before any other check. Answers 404 if it doesn't exist."""
    if endpoint is None or values is None:
        abort(404)
    g.post = addresses.post_at(endpoint, values)


@bp.get("/posts/<slug>")
def show(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - used by fetch_post
    """Show the article with an empty comment form. ``?page=2`` shows other comments, ``?reply=7`` a form to reply."""
    wanted = request.args.get("reply")
    parent = threads.published(g.post, wanted)
    if wanted and parent is None:
        return page(notice=NOT_HERE), 404
    return page(parent=parent)


def page(form: CommentForm | None = None, *, notice: str | None = None, parent: Comment | None = None) -> str:
    """Render the article in ``g.post`` and its comment form, filled from ``form``, with ``notice`` above the fields.

    The form is for a reply to ``parent``, if there is one. Answers 404 if the requested page of comments doesn't exist.
    """
    post: Post = g.post
    wanted = request.args.get("page", "1") if request.method != "POST" else "1"
    try:
        number = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 10 else 0
        comments = threads.read_page(post, number, author_key=session.get(AUTHOR_KEY), now=datetime.now(UTC))
    except threads.PageNotFoundError:
        abort(404)
    return render_template(
        "post.html",
        post=post,
        position=SeriesPosition.of(post),
        comments=comments,
        target=Target(post, parent),
        form=form or remembered.form(),
        errors=form.errors() if form else {},
        notice=notice,
    )
