"""The search page."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from demo_blog import search_index
from demo_blog.caching import PAGE_SECONDS, public
from demo_blog.paging import asked_page

bp = Blueprint("search", __name__)


@bp.get("/search")
@public(PAGE_SECONDS)
def page() -> str:
    """Show the public posts that contain the words of ``?q=``."""
    query = request.args.get("q", "").strip()
    return render_template("search.html", query=query, found=search_index.find(query, asked_page()))
