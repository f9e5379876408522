"""The tags, and the posts of each."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from sqlalchemy import func, select

from demo_blog.caching import PAGE_SECONDS, public
from demo_blog.database import db
from demo_blog.models import Post, Tag
from demo_blog.paging import Paging, asked_page

bp = Blueprint("tags", __name__)

PAGE_SIZE = 20


def counts() -> dict[str, int]:
    """Return the number of public posts of each tag, by name."""
    rows = db.session.execute(
        select(Tag.name, func.count()).join(Post).where(~Post.draft).group_by(Tag.name).order_by(Tag.name)
    )
    return {name: posts for name, posts in rows}  # noqa: C416 - the rows have a type of their own


@bp.get("/tags")
@public(PAGE_SECONDS)
def index() -> str:
    """Show every tag with its number of posts."""
    return render_template("tags.html", counts=counts())


@bp.get("/tags/<path:name>")
@public(PAGE_SECONDS)
def page(name: str) -> str:
    """Show the posts of a tag, the newest first."""
    tagged = Post.id.in_(select(Tag.post_id).where(Tag.name == name))
    total = db.session.scalar(select(func.count()).select_from(Post).where(~Post.draft, tagged)) or 0
    if not total:
        abort(404)
    paging = Paging(total, PAGE_SIZE, asked_page())
    posts = Post.newest_first(tagged, limit=PAGE_SIZE, offset=paging.offset)
    return render_template("tag.html", name=name, posts=posts, paging=paging)
