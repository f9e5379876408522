"""What the doctor reads in a page: its forms' fields, its links, and a policy that stands in a ``meta`` element."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

#: Types of inputs that a visitor types no text into.
NO_TEXT: Final = frozenset({"hidden", "submit", "button", "reset", "image", "checkbox", "radio", "file", "password"})


@dataclass
class FormMarkup:
    """A form: where it is sent, its ``fields`` by name with their values, and the names of the fields for ``texts``."""

    action: str = ""
    method: str = "GET"
    fields: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)


class PageMarkup(HTMLParser):
    """A page's ``forms``, ``links`` that may be followed, and ``policies``."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms = [FormMarkup()]  # the first holds what is in no form
        self.links: list[str] = []
        self.policies: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is of interest."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(FormMarkup(given.get("action", ""), given.get("method", "GET").upper()))
        elif tag in ("input", "textarea", "select") and given.get("name"):
            self.forms[-1].fields[given["name"]] = given.get("value", "")
            if tag == "textarea" or (tag == "input" and given.get("type", "").lower() not in NO_TEXT):
                self.forms[-1].texts.append(given["name"])
        elif tag == "a" and given.get("href") and "nofollow" not in given.get("rel", ""):
            self.links.append(given["href"])
        elif tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(given.get("content", ""))
