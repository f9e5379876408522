"""The Atom feeds (RFC 4287): one of the posts, and one of the comments on each post."""

from __future__ import annotations

from datetime import UTC, datetime, time

from flask import Blueprint, Response, make_response, render_template
from sqlalchemy import select

from demo_blog.addresses import post_at
from demo_blog.caching import FEED_SECONDS, public
from demo_blog.database import db
from demo_blog.models import Comment, CommentState, Post

bp = Blueprint("feed", __name__)

MAX_ENTRIES = 50


@bp.get("/feed.atom")
@public(FEED_SECONDS)
def atom() -> Response:
    """Return the newest posts in full."""
    posts = Post.newest_first(limit=MAX_ENTRIES)
    updated = max((post.modified for post in posts), default=_epoch())
    return _atom(render_template("feed.xml", posts=posts, updated=updated))


@bp.get("/posts/<slug>/comments.atom")
@public(FEED_SECONDS)
def comments(slug: str) -> Response:
    """Return the newest published comments on a post."""
    post = post_at("feed.comments", {"slug": slug})
    shown = select(Comment).where(Comment.post_id == post.id, Comment.state == CommentState.PUBLISHED)
    newest = db.session.scalars(shown.order_by(Comment.created.desc(), Comment.id.desc()).limit(MAX_ENTRIES)).all()
    updated = max((comment.edited or comment.created for comment in newest), default=_start_of(post))
    return _atom(render_template("comment_feed.xml", post=post, comments=newest, updated=updated))


def _atom(document: str) -> Response:
    response = make_response(document)
    response.mimetype = "application/atom+xml"
    return response


def _start_of(post: Post) -> datetime:
    return datetime.combine(post.date, time.min, UTC)


def _epoch() -> datetime:
    return datetime.fromtimestamp(0, UTC)
