"""Markdown to HTML: the full language for our own articles, a small and sanitised one for comments."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import lru_cache
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


@lru_cache(maxsize=256)
def render_article(text: str, posts_url: str) -> str:
    """Render an article's Markdown; ``posts_url`` ends in a slash and goes before a linked article's slug."""
    return str(_article.render(text, {"posts_url": posts_url}))


@lru_cache(maxsize=1024)
def render_comment(text: str) -> str:
    """Render a reader's Markdown: emphasis, code, links, lists and quotations; all else is shown as typed.

    The parser writes no HTML of the reader's, and nh3 then removes whatever is not on the list. This happens
    when the comment is shown, so a stricter list also holds for the comments of years past.
    """
    return nh3.clean(
        str(_comment.render(text)),
        tags=COMMENT_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel=COMMENT_LINK_REL,
    )


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
