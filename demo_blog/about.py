"""The page about the journal and how it protects its comments against spam."""

from __future__ import annotations

from flask import Blueprint, render_template

from demo_blog.caching import PAGE_SECONDS, public

bp = Blueprint("about", __name__)


@bp.get("/about")
@public(PAGE_SECONDS)
def page() -> str:
    """Show the page."""
    return render_template("about.html")
