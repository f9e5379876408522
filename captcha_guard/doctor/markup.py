"""What the doctor reads in a page: its forms' fields, its links, and a policy that stands in a ``meta`` element."""

from __future__ import annotations

from html.parser import HTMLParser


class PageMarkup(HTMLParser):
    """A page's ``forms`` (names and values of their inputs), ``links`` that may be followed, and ``policies``."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[dict[str, str]] = [{}]  # the first holds what is in no form
        self.links: list[str] = []
        self.policies: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is of interest."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({})
        elif tag == "input" and given.get("name"):
            self.forms[-1][given["name"]] = given.get("value", "")
        elif tag == "a" and given.get("href") and "nofollow" not in given.get("rel", ""):
            self.links.append(given["href"])
        elif tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(given.get("content", ""))
