"""Gives the headings of an article identifiers and visible links, and finds its days.

The identifier is made from the heading's text. So that links to a heading still work after its text has changed, write
the identifier after the text: ``## Tuesday: Small numbers {#tuesday}``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_GIVEN: Final = re.compile(r"\s*\{#(?P<identifier>[a-z0-9]+(?:-[a-z0-9]+)*)\}$")
_DAY: Final = re.compile(r"(?P<name>(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b[^:]*|Day \w+)(?:: (?P<title>.+))?")
_OF_THE_PAGE: Final = re.compile(
    r"(main|days|author|email|url|body|remember|preview|edit|(comment|captcha|reply|tag)s?)\b"
)
"""Identifiers that the page uses outside the article."""


@dataclass(frozen=True)
class Day:
    """A heading of conference notes that begins with a day: ``## Tuesday: Small numbers``, ``## Day 2``."""

    identifier: str
    name: str
    title: str


def link_headings(state: StateCore) -> None:
    """Add an identifier and a link to each heading, and append the days to ``env["days"]``.

    Without ``env["anchors"]``, the headings get no links: in feeds they would lead nowhere.
    """
    taken: set[str] = set()
    for opening, inline in _headings(state.tokens):
        given = _take_given(inline)
        text = _text(inline)
        identifier = _unused(given or _from_text(text), taken)
        opening.attrSet("id", identifier)
        if (day := _DAY.fullmatch(text)) and opening.tag == "h2":
            state.env["days"].append(Day(identifier, day["name"], day["title"] or ""))
        if state.env.get("anchors") and inline.children is not None:
            link = f' <a class="anchor" href="#{escape(identifier)}" aria-label="Link to this section"></a>'
            inline.children.append(Token("html_inline", "", 0, content=link))


def _headings(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            yield token, tokens[index + 1]


def _take_given(inline: Token) -> str:
    """Remove ``{#identifier}`` from the end of the heading, and return the identifier or ""."""
    last = inline.children[-1] if inline.children else None
    found = _GIVEN.search(last.content) if last is not None and last.type == "text" else None
    if found is None or last is None:
        return ""
    last.content = last.content[: found.start()]
    return found["identifier"]


def _text(inline: Token) -> str:
    return "".join(child.content for child in inline.children or () if child.type in {"text", "code_inline"}).strip()


def _from_text(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-") or "section"


def _unused(identifier: str, taken: set[str]) -> str:
    if _OF_THE_PAGE.match(identifier):
        identifier = f"section-{identifier}"
    unused, number = identifier, 1
    while unused in taken:
        number += 1
        unused = f"{identifier}-{number}"
    taken.add(unused)
    return unused
