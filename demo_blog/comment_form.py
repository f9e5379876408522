"""The comment form: what it is for, its posted fields, and their checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import url_for

from demo_blog.models import Comment, Post
from demo_blog.threads import is_open

MAX_LENGTHS: Mapping[str, int] = {"author": 245, "email": 100, "url": 200, "body": 20_000}
"""Maximum length of each field in characters. The table's columns have the same lengths."""

REMEMBER = "remember"
"""The name of the checkbox with which an author agrees to be remembered."""

FIELDS: Mapping[str, str] = {name: name for name in MAX_LENGTHS}
"""The guard's terms for the fields, and the fields' names, which are the same."""

_ALLOWED_CONTROLS = "\n\t"


@dataclass(frozen=True)
class Target:
    """What a comment form is for: a comment on ``post`` or, with ``parent``, a reply to one of its comments.

    ``scope`` binds the form's security code, so that it is worthless in another form.
    """

    post: Post
    parent: Comment | None = None

    @property
    def is_open(self) -> bool:
        """Whether the post takes comments now."""
        return is_open(self.post, datetime.now(UTC))

    @property
    def heading(self) -> str:
        """The heading of the form."""
        return f"Reply to {self.parent.author}" if self.parent else "Write a comment"

    @property
    def action(self) -> str:
        """The address that the form is sent to."""
        if self.parent:
            return url_for("comments.reply", slug=self.post.slug, parent_id=self.parent.id)
        return url_for("comments.create", slug=self.post.slug)

    @property
    def preview(self) -> str:
        """The address that the preview button sends the form to."""
        if self.parent:
            return url_for("preview.reply", slug=self.post.slug, parent_id=self.parent.id)
        return url_for("preview.comment", slug=self.post.slug)

    @property
    def scope(self) -> str:
        """The guard's scope of the form."""
        return f"comment:{self.post.slug}:{self.parent.id}" if self.parent else f"comment:{self.post.slug}"


@dataclass(frozen=True)
class CommentForm:
    """The fields of the form. ``remember`` means that the author agrees to be remembered."""

    author: str = ""
    email: str = ""
    url: str = ""
    body: str = ""
    remember: bool = False

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> CommentForm:
        """Read the fields of a posted form. Line ends become ``\\n``. Other control characters are removed."""
        return cls(
            author=" ".join(_clean(form.get("author", "")).split()),
            email=_clean(form.get("email", "")).strip(),
            url=_clean(form.get("url", "")).strip(),
            body=_clean(form.get("body", "")),
            remember=bool(form.get(REMEMBER)),
        )

    def errors(self) -> dict[str, str]:
        """Return an error message for each invalid field, by the field's name. Empty if the form is valid."""
        found: dict[str, str] = {}
        if not self.author:
            found["author"] = "Please enter a name. Any name will do."
        if self.email and not _looks_like_email(self.email):
            found["email"] = "This isn't an e-mail address. Leave the field empty if you would rather not give one."
        if not self.body.strip():
            found["body"] = "Please write a comment."
        for name, limit in MAX_LENGTHS.items():
            length = len(getattr(self, name))
            if length > limit:
                found[name] = f"This has {length:,} characters. At most {limit:,} are allowed."
        return found


def _clean(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in _ALLOWED_CONTROLS or not (c < " " or "\x7f" <= c <= "\x9f"))


def _looks_like_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and not any(character.isspace() for character in text)
