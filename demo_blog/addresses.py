"""Finds the post of an address. Earlier addresses of a post redirect to it, and only its owner can see a draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, current_app, redirect, request, url_for
from flask_login import current_user

from demo_blog.database import db
from demo_blog.models import OldSlug, Post


def post_at(endpoint: str, values: Mapping[str, Any]) -> Post:
    """Return the post that ``values["slug"]`` of a URL names.

    An earlier slug redirects to the same page at the post's address. Answers 404 if there is no post, and to visitors
    also if it is a draft.
    """
    slug = values["slug"]
    post = Post.by_slug(slug)
    moved = db.session.get(OldSlug, slug) if post is None else None
    found = moved.post if moved else post
    if found is None or (found.draft and not owner_reads()):
        abort(404)
    if moved:
        _redirect(url_for(endpoint, **{**values, "slug": found.slug}))
    return found


def owner_reads() -> bool:
    """Whether the visitor has logged in at the desk."""
    return hasattr(current_app, "login_manager") and bool(current_user.is_authenticated)


def _redirect(address: str) -> None:
    """Redirect permanently. Browsers keep the fragment, and send a form again to the new address."""
    if request.query_string:
        address += f"?{request.query_string.decode('latin-1')}"
    abort(redirect(address, 301 if request.method in {"GET", "HEAD"} else 308))
