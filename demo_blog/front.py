"""The front page: the journal's cover with the table of contents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, render_template

from demo_blog.caching import PAGE_SECONDS, public
from demo_blog.models import Comment, Post

bp = Blueprint("front", __name__)


@dataclass(frozen=True)
class Entry:
    """One entry of the table of contents: a single post, or a series in reading order."""

    posts: tuple[Post, ...]

    @property
    def series(self) -> str | None:
        """The series' title, or ``None`` for a single post."""
        return self.posts[0].series


def contents(newest_first: Iterable[Post]) -> list[Entry]:
    """Return the entries. A series is one entry, at the position of its newest part."""
    groups: dict[str, list[Post]] = {}
    for post in newest_first:
        groups.setdefault(f"series {post.series}" if post.series else f"post {post.slug}", []).append(post)
    return [Entry(tuple(sorted(posts, key=lambda post: post.part or 0))) for posts in groups.values()]


@bp.get("/")
@public(PAGE_SECONDS)
def cover() -> str:
    """Show the journal's cover."""
    return render_template(
        "cover.html", entries=contents(Post.newest_first()), comment_counts=Comment.published_counts()
    )
