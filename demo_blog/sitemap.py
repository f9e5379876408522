"""For search engines: the list of public pages, and the addresses that they should leave out."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, url_for
from sqlalchemy import select

from demo_blog import archive, tags
from demo_blog.caching import FEED_SECONDS, public
from demo_blog.database import db
from demo_blog.models import Post
from demo_blog.site import public_url

bp = Blueprint("sitemap", __name__)

MAX_POSTS = 40_000
MAX_TAGS = 5_000
"""A sitemap can have 50,000 addresses (sitemaps.org)."""


@bp.get("/sitemap.xml")
@public(FEED_SECONDS)
def xml() -> Response:
    """Return the addresses of the public pages, with the time of a post's last change."""
    newest = select(Post.slug, Post.modified).where(~Post.draft).order_by(Post.date.desc(), Post.id).limit(MAX_POSTS)
    posts = db.session.execute(newest).all()
    response = make_response(
        render_template("sitemap.xml", posts=posts, years=archive.years(), tags=list(tags.counts())[:MAX_TAGS])
    )
    response.mimetype = "application/xml"
    return response


@bp.get("/robots.txt")
@public(FEED_SECONDS)
def robots() -> Response:
    """Ask robots to leave out the search, whose pages are without number, and the desk."""
    lines = ("User-agent: *", "Disallow: /desk", f"Disallow: {url_for('search.page')}", "")
    response = make_response("\n".join((*lines, f"Sitemap: {public_url('sitemap.xml')}", "")))
    response.mimetype = "text/plain"
    return response
