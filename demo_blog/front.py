"""The cover and its table of contents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, render_template

from demo_blog.models import Comment, Post

bp = Blueprint("front", __name__)


@dataclass(frozen=True)
class Entry:
    """One line of the contents: a post that stands alone, or a series in reading order."""

    posts: tuple[Post, ...]

    @property
    def series(self) -> str | None:
        """The series' title, if it is one."""
        return self.posts[0].series


def contents(newest_first: Iterable[Post]) -> list[Entry]:
    """Gather each series into one entry, at the place of its newest part."""
    gathered: dict[str, list[Post]] = {}
    for post in newest_first:
        gathered.setdefault(f"series {post.series}" if post.series else f"post {post.slug}", []).append(post)
    return [Entry(tuple(sorted(posts, key=lambda post: post.part or 0))) for posts in gathered.values()]


@bp.get("/")
def cover() -> str:
    """Show the journal's cover."""
    return render_template(
        "cover.html", entries=contents(Post.newest_first()), comment_counts=Comment.published_counts()
    )
