"""What would have happened: other thresholds, weights or limits, applied to what the guard recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from captcha_guard import CaptchaGuardError, Change, Replay
from demo_blog.database import db
from demo_blog.desk.plots import VERDICTS
from demo_blog.guard import guard
from demo_blog.models import Comment

TITLE = "What if"

bp = Blueprint("replay", __name__)

THRESHOLDS = ("challenge", "hold", "aside")
DAYS = (1, 7, 30, 60)

SHOWN = 100
"""Changed verdicts that the page shows. It counts all of them."""


@dataclass
class Question:
    """What the owner typed. ``problem`` says what is wrong with it."""

    days: int = 30
    thresholds: dict[str, str] = field(default_factory=dict)
    weights: str = ""
    limits: str = ""
    problem: str = ""

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Question:
        """Read the question of an address."""
        days = args.get("days", "30")
        return cls(
            days=int(days) if days in map(str, DAYS) else 30,
            thresholds={name: args.get(name, "").strip() for name in THRESHOLDS},
            weights=args.get("weights", "").strip(),
            limits=args.get("limits", "").strip(),
        )

    def answer(self) -> Replay:
        """Replay the past. Raises ``ValueError`` or ``ConfigError`` for a value that isn't allowed."""
        now = datetime.now(UTC)
        thresholds = {name: _number(name, text, 1, 101) for name, text in self.thresholds.items() if text}
        return guard.replay(
            now - timedelta(days=self.days),
            now,
            thresholds=thresholds or None,
            weights=_weights(self.weights) or None,
            comment_limits=self.limits or None,
        )


@bp.get("/what-if")
def page() -> ResponseReturnValue:
    """Show the form and, if it was sent, what would have happened. An empty form tries the present settings."""
    question, answer = Question.from_args(request.args), None
    if request.args:
        try:
            answer = question.answer()
        except (ValueError, CaptchaGuardError) as error:
            question.problem = _in_words_of_the_page(error)
    changed = answer.changed[-SHOWN:][::-1] if answer else ()
    html = render_template(
        "desk/replay.html",
        question=question,
        days=DAYS,
        answer=answer,
        changed=changed,
        comments=_comments(changed),
        words={**VERDICTS, "unknown": "let through, never judged"},
    )
    return html, 422 if question.problem else 200


def _weights(text: str) -> dict[str, int]:
    """Read weights, each written as ``links=10``, with spaces, commas or new lines between them."""
    found: dict[str, int] = {}
    for part in text.replace(",", " ").split():
        slug, sign, weight = part.partition("=")
        if not (slug and sign):
            raise ValueError(f"{part!r} isn't a weight; write links=10")
        found[slug] = _number(slug, weight, 0, 100)
    return found


def _number(name: str, text: str, lowest: int, highest: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and lowest <= int(text) <= highest):
        raise ValueError(f"{name} is {text!r}; write a whole number from {lowest} to {highest}")
    return int(text)


def _in_words_of_the_page(error: Exception) -> str:
    """Return the message of an error with the names of the page's fields instead of those of settings."""
    message = str(error)
    if message.startswith("CAPTCHA_GUARD_THRESHOLDS"):
        return "A threshold is below the one before it. An empty box stands for the site's present threshold."
    return message.replace("CAPTCHA_GUARD_WEIGHTS", "“Weights of rules”").replace(
        "the limits of 'comments'", "The comment limits"
    )


def _comments(changed: Sequence[Change]) -> dict[str, Comment]:
    """Return the comments of these changes by the guard's id, without those that weren't stored."""
    ids = [change.id for change in changed if change.id]
    found = db.session.scalars(select(Comment).where(Comment.case_id.in_(ids)))
    return {comment.case_id: comment for comment in found if comment.case_id}
