"""The archive: every post, by year."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, abort, render_template
from sqlalchemy import extract, func, select

from demo_blog.caching import PAGE_SECONDS, public
from demo_blog.database import db
from demo_blog.models import Post

bp = Blueprint("archive", __name__)


@dataclass(frozen=True)
class Year:
    """A year and its number of posts."""

    number: int
    posts: int


def years() -> list[Year]:
    """Return the years that have public posts, the newest first."""
    year = extract("year", Post.date)
    rows = db.session.execute(select(year, func.count()).where(~Post.draft).group_by(year).order_by(year.desc()))
    return [Year(int(number), posts) for number, posts in rows]


@bp.get("/archive")
@bp.get("/archive/<int:year>")
@public(PAGE_SECONDS)
def page(year: int | None = None) -> str:
    """Show the posts of a year by month, the newest first. Without ``year``, show the newest year."""
    known = years()
    shown = year if year is not None else known[0].number if known else None
    if year is not None and year not in {one.number for one in known}:
        abort(404)
    posts = Post.newest_first(extract("year", Post.date) == shown)
    months = [(date, list(group)) for date, group in groupby(posts, key=lambda post: post.date.replace(day=1))]
    return render_template("archive.html", years=known, shown=shown, months=months, year=year)
