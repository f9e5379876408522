"""An article's page: the text, the comments under it and the form for one more."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, g, render_template, session

from demo_blog.draft import Draft
from demo_blog.models import Comment, Post

bp = Blueprint("posts", __name__)

AUTHOR_KEY = "author_key"
"""Where the signed session cookie keeps what proves a held comment to be one's own."""


@dataclass(frozen=True)
class Place:
    """Where a post stands in its series."""

    parts: tuple[Post, ...]
    index: int

    @classmethod
    def of(cls, post: Post) -> Place | None:
        """Return the place of ``post``, or ``None`` when it stands alone."""
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
def fetch_post(endpoint: str | None, values: dict[str, str] | None) -> None:  # noqa: ARG001 - Flask's signature
    """Put the post of ``/posts/<slug>`` in ``g.post``, before any other check; 404 when there is none."""
    post = Post.by_slug(values["slug"]) if values else None
    if post is None:
        abort(404)
    g.post = post


@bp.get("/posts/<slug>")
def show(slug: str) -> str:  # noqa: ARG001 - fetch_post has used it
    """Show the article with an empty form."""
    return page()


def page(draft: Draft | None = None, *, notice: str | None = None) -> str:
    """Render the article in ``g.post``, the form filled from ``draft``, ``notice`` above its fields."""
    post: Post = g.post
    return render_template(
        "post.html",
        post=post,
        place=Place.of(post),
        comments=Comment.visible(post, session.get(AUTHOR_KEY)),
        draft=draft or Draft(),
        errors=draft.errors() if draft else {},
        notice=notice,
    )
