"""The word lists of the guard, edited in the page. A list is tried on past comments before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from captcha_guard import CaptchaGuardError, WordMatch
from demo_blog import moderation
from demo_blog.database import db
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState

TITLE = "Words"

bp = Blueprint("words", __name__)


@dataclass(frozen=True)
class ListText:
    """How a word list is called on the page."""

    title: str
    effect: str


LISTS: Mapping[str, ListText] = {
    "disallowed": ListText("Disallowed words", "A comment with one of these is refused. Its author sees why."),
    "moderated": ListText("Moderated words", "A comment with one of these waits for you."),
}

TRIED = 2_000
"""The newest comments on which a list is tried."""

SHOWN = 50
"""Matches that the page shows. It counts all of them."""


@dataclass(frozen=True)
class Trial:
    """What a list would have matched among past comments."""

    tried: int
    matches: Sequence[tuple[Comment, WordMatch]]

    @property
    def good(self) -> int:
        """Matches in comments that are published now."""
        return sum(comment.state == CommentState.PUBLISHED for comment, _ in self.matches)

    @property
    def shown(self) -> Sequence[tuple[Comment, WordMatch]]:
        """The matches to show: those in published comments first, because they would be mistakes."""
        return sorted(self.matches, key=lambda match: match[0].state != CommentState.PUBLISHED)[:SHOWN]


@bp.get("/words")
def page() -> str:
    """Show both lists."""
    return _page()


@bp.post("/words/<name>")
def change(name: str) -> ResponseReturnValue:
    """Try a list on past comments, or save it. A list with a mistake is shown again with the reason."""
    if name not in LISTS:
        abort(404)
    written = request.form.get("entries", "")
    entries = [line.strip() for line in written.splitlines() if line.strip()]
    try:
        if "save" in request.form:
            guard.save_words(name, entries)
            saved = "1 entry is" if len(entries) == 1 else f"{len(entries)} entries are"
            flash(f"{LISTS[name].title}: {saved} saved and in force.", "desk")
            return redirect(url_for("desk.words.page", _anchor=name), 303)
        return _page({name: written}, trials={name: tried(entries)})
    except CaptchaGuardError as error:
        return _page({name: written}, problems={name: str(error)}), 422


def tried(entries: Sequence[str]) -> Trial:
    """Try a list on the newest comments. Raises ``ConfigError`` for an invalid entry."""
    newest = (
        select(Comment).where(Comment.state != CommentState.DELETED).order_by(Comment.created.desc(), Comment.id.desc())
    )
    comments = db.session.scalars(newest.limit(TRIED).options(joinedload(Comment.post))).all()
    found = guard.try_words(entries, map(moderation.submission_of, comments))
    return Trial(len(comments), [(one, match) for one, match in zip(comments, found, strict=True) if match])


def _page(
    written: Mapping[str, str] | None = None,
    *,
    trials: Mapping[str, Trial] | None = None,
    problems: Mapping[str, str] | None = None,
) -> str:
    texts = {name: "\n".join(guard.words(name)) for name in LISTS} | dict(written or {})
    return render_template("desk/words.html", lists=LISTS, texts=texts, trials=trials or {}, problems=problems or {})
