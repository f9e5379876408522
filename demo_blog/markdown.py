"""Renders Markdown as HTML: full Markdown for the journal's articles, a small and sanitised subset for comments."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from demo_blog import headings, highlighting

ASIDE: Final = "[!aside]"
"""A quotation that begins with this marker becomes a margin note."""

POST_LINK: Final = "post:"
"""``[text](post:slug)`` in an article links to another article, whatever URL prefix the journal has."""

COMMENT_RULES: Final = (
    "autolink",
    "backticks",
    "blockquote",
    "emphasis",
    "entity",
    "escape",
    "fence",
    "link",
    "list",
    "newline",
)
COMMENT_TAGS: Final = {"p", "br", "em", "strong", "code", "pre", "a", "ul", "ol", "li", "blockquote"}
COMMENT_LINK_REL: Final = "nofollow ugc noopener"

COSTS: Final[Mapping[str, int]] = {
    "\n": 15, "*": 12, "_": 12, "[": 12, "]": 12, "`": 4, "<": 3, "&": 3, ">": 3, "!": 2, "\\": 2,
}  # fmt: skip
"""Maximum parsing cost of each of these characters, in approximate microseconds."""

AUTOLINK_COST: Final = 50
BLOCK_COST: Final = 20
_BLOCKS: Final = re.compile(r"^(?:[ \t>]|(?:[-+*]|\d{1,9}[.)])(?=[ \t\n]|$))*(?:\n|$)?", re.MULTILINE)
_MARKERS: Final = re.compile(r"[-+*.)>\n]")
"""The markers at the start of a line. Each starts a list, a list item or a quotation. A newline ends a paragraph."""

MAX_COST: Final = 12_000
"""Maximum cost of a comment: 350 list items or 500 pairs of asterisks. Costlier comments are shown as typed."""

_FENCE: Final = re.compile(r"(`{3,}|~{3,})[^`]*$")

_STOPS: Final = re.compile(r"[\n!-+:<-@\[-`{-~-]")
"""Characters where the inline parser stops, at a cost of 1 each. For each ``[`` it scans the paragraph again."""

_TITLES: Final = re.compile(r"\s[\"'(]")
"""Possible starts of a link title. For each, the parser scans the paragraph to its end, one character at a time."""


@dataclass(frozen=True)
class Article:
    """An article's HTML, and its headings that begin with a day."""

    html: str
    days: tuple[headings.Day, ...] = ()


@lru_cache(maxsize=256)
def render_article(text: str, posts_url: str, *, anchors: bool = True) -> Article:
    """Render an article's Markdown.

    ``posts_url`` ends in a slash and is put before the slug of a linked article. With ``anchors``, each heading has a
    link to itself.
    """
    days: list[headings.Day] = []
    html = str(_article.render(text, {"posts_url": posts_url, "anchors": anchors, "days": days}))
    return Article(html, tuple(days))


@lru_cache(maxsize=1024)
def render_comment(text: str) -> str:
    """Render a reader's Markdown: emphasis, code, links, lists and quotations. Everything else is shown as typed.

    The parser escapes HTML, and nh3 then removes every tag and attribute that isn't allowed. Comments are rendered
    when they are shown, so a stricter list also applies to old comments. A comment with more markup than
    ``MAX_COST`` allows is shown entirely as typed, because rendering it would delay other requests.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if parsing_cost(text) > MAX_COST:
        return _as_typed(text)
    return nh3.clean(
        str(_comment.render(text)),
        tags=COMMENT_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel=COMMENT_LINK_REL,
    )


def parsing_cost(text: str) -> int:
    """Return an upper bound of a comment's parsing cost, in approximate microseconds, computed in linear time.

    Links aren't counted if the rest already costs more than ``MAX_COST``.
    """
    lines, text = text.count("\n"), _outside_fences(text)
    cost = lines + sum(text.count(character) * each for character, each in COSTS.items())
    cost += len(_STOPS.findall(text)) + _cost_of_blocks(text)
    cost += min(text.count("<"), text.count(":") + text.count("@")) * AUTOLINK_COST
    if cost > MAX_COST or "[" not in text:
        return cost
    return cost + sum(_cost_of_links(part) for part in text.split("\n\n") if "[" in part)


def _outside_fences(text: str) -> str:
    """Return a comment without its fenced code, which costs almost nothing. Return all of it if the fences are unclear.

    Fences are clear if every line that contains one also begins with it. Then no fence is inside a quotation or list.
    """
    kept: list[str] = []
    fence = ""
    for line in text.split("\n"):
        if fence:
            bare = line.strip(" \t")
            if bare.startswith(fence) and not bare.strip(fence[0]):
                fence = ""
        elif opening := _FENCE.match(line):
            fence = opening[1]
            kept.append(line)
        elif "```" in line or "~~~" in line:
            return text
        else:
            kept.append(line)
    return "\n".join(kept)


def _cost_of_blocks(text: str) -> int:
    return BLOCK_COST * sum(len(_MARKERS.findall(start)) for start in _BLOCKS.findall(text) if start)


def _cost_of_links(paragraph: str) -> int:
    """Return the cost of finding the ends of links: of their labels, addresses and titles."""
    targets = paragraph.count("](")
    labels = paragraph.count("[") * len(_STOPS.findall(paragraph))
    addresses = targets * max(map(len, paragraph.split())) if targets else 0
    titles = min(targets, len(_TITLES.findall(paragraph))) * len(paragraph) if targets else 0
    return labels + addresses + titles // 4


def _as_typed(text: str) -> str:
    return "<p>" + escape(text.strip("\n").replace("\0", "\ufffd")).replace("\n", "<br>\n") + "</p>\n"


def _mark_asides(state: StateCore) -> None:
    """Turn quotations that begin with ``ASIDE`` into margin notes."""
    open_quotations: list[bool] = []
    for index, token in enumerate(state.tokens):
        if token.type == "blockquote_open":
            first = state.tokens[index + 2]
            is_aside = first.type == "inline" and first.content.startswith(ASIDE)
            open_quotations.append(is_aside)
            if is_aside:
                first.content = first.content.removeprefix(ASIDE).lstrip()
                token.tag = "div"
                token.attrs = {"class": "aside", "role": "note"}
        elif token.type == "blockquote_close" and open_quotations.pop():
            token.tag = "div"


def _link_open(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, object],
) -> str:
    token = tokens[index]
    target = str(token.attrGet("href"))
    if target.startswith(POST_LINK):
        token.attrSet("href", f"{env['posts_url']}{target.removeprefix(POST_LINK)}")
    return str(renderer.renderToken(tokens, index, options, env))


def _fence(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    _env: MutableMapping[str, object],
) -> str:
    token = tokens[index]
    language = token.info.partition(" ")[0]
    # Wide code scrolls sideways, so it must be reachable by keyboard.
    opening = f'<pre class="{highlighting.CLASS}" tabindex="0"><code class="language-{escape(language or "text")}">'
    return f"{opening}{highlighting.listing(token.content, language)}</code></pre>\n"


def _table_open(*_: object) -> str:
    return '<div class="table" role="group" aria-label="Table" tabindex="0"><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"


def _article_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": True})
    parser.enable(["replacements", "smartquotes", "table"])
    parser.core.ruler.after("block", "asides", _mark_asides)
    parser.core.ruler.push("headings", headings.link_headings)
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


_article: Final = _article_parser()
_comment: Final = MarkdownIt("zero", {"html": False, "breaks": True}).enable(COMMENT_RULES)
