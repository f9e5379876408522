"""The Atom feed (RFC 4287)."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from demo_blog.models import Post

bp = Blueprint("feed", __name__)

MAX_AGE_SECONDS = 300


@bp.get("/feed.atom")
def atom() -> ResponseReturnValue:
    """Return every post in full, newest first. The status is 304 if the feed reader has this version."""
    response = make_response(render_template("feed.xml", posts=Post.newest_first()))
    response.mimetype = "application/atom+xml"
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE_SECONDS
    response.add_etag()
    return response.make_conditional(request)
