"""A comment as it was typed, before anyone has judged it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LIMITS: Mapping[str, int] = {"author": 245, "email": 100, "url": 200, "body": 20_000}
"""The most characters a field takes; the columns of the table hold as many."""

_KEPT_CONTROLS = "\n\t"


@dataclass(frozen=True)
class Draft:
    """The four fields of the form."""

    author: str = ""
    email: str = ""
    url: str = ""
    body: str = ""

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> Draft:
        """Take the fields from a posted form; line ends become ``\\n``, other control characters go."""
        return cls(
            author=" ".join(_clean(form.get("author", "")).split()),
            email=_clean(form.get("email", "")).strip(),
            url=_clean(form.get("url", "")).strip(),
            body=_clean(form.get("body", "")),
        )

    def errors(self) -> dict[str, str]:
        """Return a sentence for each field that can't stay as it is; empty when the draft is fit to print."""
        found: dict[str, str] = {}
        if not self.author:
            found["author"] = "Please sign with a name; any name you go by."
        if self.email and not _looks_like_email(self.email):
            found["email"] = "This is no e-mail address. Leave the field empty if you would rather not give one."
        if not self.body.strip():
            found["body"] = "The comment is still empty."
        for name, most in LIMITS.items():
            length = len(getattr(self, name))
            if length > most:
                found[name] = f"This has {length:,} characters; {most:,} fit."
        return found


def _clean(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in _KEPT_CONTROLS or not (c < " " or "\x7f" <= c <= "\x9f"))


def _looks_like_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and not any(character.isspace() for character in text)
