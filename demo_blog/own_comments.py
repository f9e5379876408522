"""The page that shows a held comment to its author in any browser, by a signed link."""

from __future__ import annotations

from flask import Blueprint, Response, g, redirect, render_template
from flask.typing import ResponseReturnValue

from demo_blog import posts, threads
from demo_blog.models import CommentState
from demo_blog.own_links import HELD, signed_comment

bp = Blueprint("own_comments", __name__)
bp.url_value_preprocessor(posts.fetch_post)

NOT_A_LINK = ("This link isn't complete", "Please copy the whole link that is beside your comment, and open it again.")
GONE = ("This comment isn't here", "The comment that this link belonged to has been removed.")


@bp.get("/posts/<slug>/comments/held/<key>")
def held(slug: str, key: str) -> ResponseReturnValue:  # noqa: ARG001 - used by fetch_post
    """Show an unpublished comment as its author sees it. A published one is shown in its thread."""
    genuine, comment = signed_comment(key, HELD)
    if not genuine or (comment is not None and comment.post_id != g.post.id):
        return _explained(NOT_A_LINK)
    if comment is None or comment.state == CommentState.DELETED:
        return _explained(GONE)
    if comment.published:
        return redirect(threads.address(comment), 302)
    return render_template("held.html", post=g.post, comment=comment)


@bp.after_request
def keep_unlisted(response: Response) -> Response:
    """Keep the pages out of search engines. Their addresses are secret."""
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _explained(reason: tuple[str, str]) -> ResponseReturnValue:
    title, text = reason
    return render_template("error.html", title=title, text=text, code=404), 404
