"""The preview of a comment. Nothing is stored, and the security code isn't used up.

The route isn't guarded, because a preview isn't a comment. It can't be used to show another site's text: it needs a
CSRF token, and it renders no more text than a comment may have. Its picture is that of the name alone. Otherwise it
would show, as often as a stranger asks, whether a guessed e-mail address is that of another author.
"""

from __future__ import annotations

from flask import Blueprint, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from demo_blog import comments, remembered
from demo_blog.comment_form import CommentForm
from demo_blog.models import Comment
from demo_blog.rendering import web_address

bp = Blueprint("preview", __name__)
bp.url_value_preprocessor(comments.fetch_post)
bp.before_request(comments.check_parent)


@bp.post("/posts/<slug>/comments/preview")
def comment(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - used by fetch_post
    """Show the comment as it would appear, and the form with everything that was typed."""
    return _preview()


@bp.post("/posts/<slug>/comments/<int:parent_id>/preview")
def reply(slug: str, parent_id: int) -> ResponseReturnValue:  # noqa: ARG001 - used by fetch_post and requested_target
    """Show a reply as it would appear."""
    return _preview()


@bp.get("/posts/<slug>/comments/preview")
@bp.get("/posts/<slug>/comments/<int:parent_id>/preview")
def reopen(slug: str, parent_id: int | None = None) -> ResponseReturnValue:
    """Redirect to the form, for browsers that load the address of a preview."""
    if parent_id is not None:
        return comments.open_reply(slug, parent_id)
    return comments.index(slug)


def _preview() -> ResponseReturnValue:
    form, target = CommentForm.from_form(request.form), comments.requested_target()
    if not target.is_open:
        return comments.not_sent(form, comments.CLOSED), 403
    errors = form.errors()
    shown = Comment(author=form.author, email="", url=web_address(form.url) or "", body=form.body)
    page = render_template(
        "preview.html",
        post=g.post,
        target=target,
        form=form,
        errors=errors,
        comment=None if "body" in errors else shown,
    )
    response = make_response(page, 422 if errors else 200)
    return response if errors else remembered.store(response, form)
