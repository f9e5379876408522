"""The front page: the journal's cover with the table of contents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template

from demo_blog.caching import PAGE_SECONDS, public
from demo_blog.models import Comment, Post

bp = Blueprint("front", __name__)

MAX_POSTS = 40
"""The cover has this many of the newest posts. The archive has the others."""


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


def with_whole_series(newest: Sequence[Post]) -> list[Post]:
    """Add the other parts of each series that has a part among ``newest``."""
    series = {post.series for post in newest if post.series}
    others = Post.newest_first(Post.series.in_(series), Post.id.not_in(post.id for post in newest)) if series else []
    return [*newest, *others]


@bp.get("/")
@public(PAGE_SECONDS)
def cover() -> str:
    """Show the journal's cover with the newest posts."""
    newest = Post.newest_first(limit=MAX_POSTS + 1)
    shown = with_whole_series(newest[:MAX_POSTS])
    return render_template(
        "cover.html",
        entries=contents(shown),
        comment_counts=Comment.published_counts(shown),
        older=len(newest) > MAX_POSTS,
    )
