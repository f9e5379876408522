"""The page of a post: the article, its comments and the comment form."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, g, render_template, session

from demo_blog import addresses
from demo_blog.comment_form import CommentForm
from demo_blog.models import Comment, Post

bp = Blueprint("posts", __name__)

AUTHOR_KEY = "author_key"
"""Session key of a random value, with which authors see their own unpublished comments."""


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
def show(slug: str) -> str:  # noqa: ARG001 - used by fetch_post
    """Show the article with an empty comment form."""
    return page()


def page(form: CommentForm | None = None, *, notice: str | None = None) -> str:
    """Render the article in ``g.post`` and its comment form, filled from ``form``, with ``notice`` above the fields."""
    post: Post = g.post
    return render_template(
        "post.html",
        post=post,
        position=SeriesPosition.of(post),
        comments=Comment.visible(post, session.get(AUTHOR_KEY)),
        form=form or CommentForm(),
        errors=form.errors() if form else {},
        notice=notice,
    )
