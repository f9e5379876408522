"""Where a comment arrives, and what its author is told."""

from __future__ import annotations

import secrets

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from captcha_guard import Action, Refusal, Verdict
from demo_blog import errors, posts, security
from demo_blog.database import db
from demo_blog.draft import Draft
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState, Post
from demo_blog.typesetting import web_address

bp = Blueprint("comments", __name__)
bp.url_value_preprocessor(posts.fetch_post)

LATE_FORM = "This page had been open for a long time. Nothing is lost: please send it once more."
PRINTED = "Thank you. Your comment is printed above."
HELD = "Thank you. An editor reads your comment before it is printed; until then only you can see it above."
ADDRESS_DROPPED = "Your comment stands without the web address: only http and https addresses are linked here."


def show_form_again(refusal: Refusal, slug: str) -> str:  # noqa: ARG001 - the guard's signature
    """Show the form as it was typed; the guard sets the status.

    Where a code is asked for that is below the article, with the guard's word at its own field. Else the form stands
    alone, the reason above it: it is seen at once, and a client that floods us is not sent the article each time.
    """
    draft = Draft.from_form(request.form)
    if refusal.asks_code:
        return posts.page(draft)
    return render_template(
        "refused.html",
        post=g.post,
        draft=draft,
        errors=draft.errors(),
        notice=refusal.message,
        later=refusal.retry_after is not None,
    )


@bp.post("/posts/<slug>/comments")
@guard.protect(
    scope="comment:{slug}",
    moderated=True,
    fields={"author": "author", "email": "email", "url": "url", "body": "body"},
    on_challenge=show_form_again,
)
def create(slug: str) -> ResponseReturnValue:
    """Keep the comment and lead its author to it; a draft that can't be printed comes back as typed."""
    draft = Draft.from_form(request.form)
    if draft.errors():
        return posts.page(draft), 422
    comment = keep(g.post, draft, guard.verdict)
    flash(PRINTED if comment.published else HELD)
    if draft.url and not comment.url:
        flash(ADDRESS_DROPPED)
    return redirect(url_for("posts.show", slug=slug, _anchor=f"comment-{comment.id}"), 303)


@bp.get("/posts/<slug>/comments")
def index(slug: str) -> ResponseReturnValue:
    """Lead whoever reloads the address of a form that came back to the comments themselves."""
    return redirect(url_for("posts.show", slug=slug, _anchor="comments"), 303)


@bp.app_errorhandler(CSRFError)
def form_was_stale(error: HTTPException) -> ResponseReturnValue | HTTPException:
    """Show the reader's own form again, to be sent once more; of any other, only the text, because it may be forged."""
    if request.endpoint != f"{bp.name}.{create.__name__}":
        return errors.show(error)
    draft = Draft.from_form(request.form)
    if security.is_only_late():
        return posts.page(draft, notice=LATE_FORM), 400
    return render_template("unsent.html", post=g.post, draft=draft), 400


def keep(post: Post, draft: Draft, verdict: Verdict) -> Comment:
    """Store the comment as the verdict says; of one that is held, let this browser prove that it is its own."""
    state = state_for(verdict)
    comment = Comment(
        post=post,
        author=draft.author,
        email=draft.email,
        url=web_address(draft.url) or "",
        body=draft.body,
        state=state,
        findings="\n".join(f"{found.reason} ({found.score}): {found.sentence}" for found in verdict.findings),
        author_key=None if state is CommentState.PUBLISHED else _own_key(),
        case_id=verdict.id or None,
    )
    db.session.add(comment)
    db.session.commit()
    return comment


def state_for(verdict: Verdict) -> CommentState:
    """Return where a comment with this verdict goes."""
    if verdict.action is Action.ASIDE:
        return CommentState.SPAM
    return CommentState.HELD if verdict.held else CommentState.PUBLISHED


def _own_key() -> str:
    session.permanent = True
    key: str = session.setdefault(posts.AUTHOR_KEY, secrets.token_urlsafe(16))
    return key
