"""The comment form: its posted fields, and their checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_LENGTHS: Mapping[str, int] = {"author": 245, "email": 100, "url": 200, "body": 20_000}
"""Maximum length of each field in characters. The table's columns have the same lengths."""

_ALLOWED_CONTROLS = "\n\t"


@dataclass(frozen=True)
class CommentForm:
    """The four fields of the form."""

    author: str = ""
    email: str = ""
    url: str = ""
    body: str = ""

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> CommentForm:
        """Read the fields of a posted form. Line ends become ``\\n``. Other control characters are removed."""
        return cls(
            author=" ".join(_clean(form.get("author", "")).split()),
            email=_clean(form.get("email", "")).strip(),
            url=_clean(form.get("url", "")).strip(),
            body=_clean(form.get("body", "")),
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
