"""Markdown to HTML: the full language for our own articles, a small and sanitised one for comments."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from functools import lru_cache
from html import escape
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

ASIDE: Final = "[!aside]"
"""A quotation that begins with this word is a note in the margin."""

POST_LINK: Final = "post:"
"""``[text](post:slug)`` in an article links to another article, wherever the journal is mounted."""

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
"""What each of these characters costs the parser at most, in microseconds or so."""

AUTOLINK_COSTS: Final = 50
BLOCK_COSTS: Final = 20
_BLOCKS: Final = re.compile(r"^(?:[ \t>]|(?:[-+*]|\d{1,9}[.)])(?=[ \t\n]|$))*(?:\n|$)?", re.MULTILINE)
_MARKERS: Final = re.compile(r"[-+*.)>\n]")
"""What begins a line: each mark is a list, its item or a quotation, and an empty line ends a paragraph."""

MOST_COSTS: Final = 12_000
"""What a comment may cost: 350 items of a list, or 500 pairs of asterisks. Above that it is shown as it was typed."""

_FENCE: Final = re.compile(r"(`{3,}|~{3,})[^`]*$")

_STOPS: Final = re.compile(r"[\n!-+:<-@\[-`{-~-]")
"""Where the parser stops in a text, at a cost of 1. For each ``[`` it looks once more at all of its paragraph."""

_TITLES: Final = re.compile(r"\s[\"'(]")
"""What may begin the title of a link, which is then looked for, character by character, up to the paragraph's end."""


@lru_cache(maxsize=256)
def render_article(text: str, posts_url: str) -> str:
    """Render an article's Markdown; ``posts_url`` ends in a slash and goes before a linked article's slug."""
    return str(_article.render(text, {"posts_url": posts_url}))


@lru_cache(maxsize=1024)
def render_comment(text: str) -> str:
    """Render a reader's Markdown: emphasis, code, links, lists and quotations; all else is shown as typed.

    The parser writes no HTML of the reader's, and nh3 then removes whatever is not on the list. This happens
    when the comment is shown, so a stricter list also holds for the comments of years past. A comment with so much
    markup that it would keep others waiting is shown as typed altogether.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if parsing_costs(text) > MOST_COSTS:
        return _as_typed(text)
    return nh3.clean(
        str(_comment.render(text)),
        tags=COMMENT_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel=COMMENT_LINK_REL,
    )


def parsing_costs(text: str) -> int:
    """Return what a comment costs the parser at most, in microseconds or so; found in time that grows with its length.

    What is over ``MOST_COSTS`` anyway is not looked at any further.
    """
    lines, text = text.count("\n"), _outside_fences(text)
    costs = lines + sum(text.count(mark) * cost for mark, cost in COSTS.items())
    costs += len(_STOPS.findall(text)) + _costs_of_blocks(text)
    costs += min(text.count("<"), text.count(":") + text.count("@")) * AUTOLINK_COSTS
    if costs > MOST_COSTS or "[" not in text:
        return costs
    return costs + sum(_costs_of_links(part) for part in text.split("\n\n") if "[" in part)


def _outside_fences(text: str) -> str:
    """Return a comment without what is in its fenced code, which costs next to nothing; or all if unsure.

    It is sure as long as every line with a fence in it begins with that: then no quotation and no list is around it.
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


def _costs_of_blocks(text: str) -> int:
    return BLOCK_COSTS * sum(len(_MARKERS.findall(start)) for start in _BLOCKS.findall(text) if start)


def _costs_of_links(paragraph: str) -> int:
    """Return what looking for the ends of links costs: their labels, their addresses, their titles."""
    targets = paragraph.count("](")
    labels = paragraph.count("[") * len(_STOPS.findall(paragraph))
    addresses = targets * max(map(len, paragraph.split())) if targets else 0
    titles = min(targets, len(_TITLES.findall(paragraph))) * len(paragraph) if targets else 0
    return labels + addresses + titles // 4


def _as_typed(text: str) -> str:
    return "<p>" + escape(text.strip("\n").replace("\0", "\ufffd")).replace("\n", "<br>\n") + "</p>\n"


def _mark_asides(state: StateCore) -> None:
    """Turn quotations that begin with ``ASIDE`` into notes."""
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
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, object],
) -> str:
    # A listing wider than the page scrolls, so the keyboard must be able to reach it.
    return str(renderer.fence(tokens, index, options, env)).replace("<pre>", '<pre tabindex="0">', 1)


def _table_open(
    renderer: RendererHTML,  # noqa: ARG001
    tokens: Sequence[Token],  # noqa: ARG001
    index: int,  # noqa: ARG001
    options: OptionsDict,  # noqa: ARG001
    env: MutableMapping[str, object],  # noqa: ARG001
) -> str:
    return '<div class="table" role="group" aria-label="Table" tabindex="0"><table>\n'


def _table_close(
    renderer: RendererHTML,  # noqa: ARG001
    tokens: Sequence[Token],  # noqa: ARG001
    index: int,  # noqa: ARG001
    options: OptionsDict,  # noqa: ARG001
    env: MutableMapping[str, object],  # noqa: ARG001
) -> str:
    return "</table></div>\n"


def _article_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": True})
    parser.enable(["replacements", "smartquotes", "table"])
    parser.core.ruler.after("block", "asides", _mark_asides)
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


_article: Final = _article_parser()
_comment: Final = MarkdownIt("zero", {"html": False, "breaks": True}).enable(COMMENT_RULES)
