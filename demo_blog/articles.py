"""Renders posts: those written in Markdown, and imported ones, which are HTML and therefore sanitised."""

from __future__ import annotations

from functools import lru_cache
from html.parser import HTMLParser
from typing import Final

import nh3

from demo_blog import markdown
from demo_blog.markdown import Article
from demo_blog.models import Post, TextFormat

INLINE_TAGS: Final = {
    "a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span",
    "strong", "sub", "sup", "time", "u", "var", "wbr",
}  # fmt: skip
BLOCK_TAGS: Final = {
    "blockquote", "br", "caption", "dd", "div", "dl", "dt", "figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr",
    "li", "ol", "p", "pre", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES: Final = {
    "*": {"id", "lang", "dir"},
    "a": {"href"},
    "abbr": {"title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
ID_PREFIX: Final = "imported-"
"""Put before the identifiers of imported articles, so that they differ from those of the page."""


def render(post: Post, posts_url: str, *, feed: bool = False) -> Article:
    """Return the article as HTML. ``posts_url`` ends in a slash and is put before the slug of a linked article.

    With ``feed``, headings get no links to themselves, and relative links in imported articles become absolute:
    ``posts_url`` must be absolute then.
    """
    if post.format == TextFormat.HTML:
        return Article(sanitise(post.body, posts_url + post.slug if feed else None))
    return markdown.render_article(post.body, posts_url, anchors=not feed)


@lru_cache(maxsize=256)
def sanitise(html: str, base: str | None = None) -> str:
    """Remove every tag and attribute that isn't allowed, also pictures: the pages load nothing from other sites.

    With ``base``, relative links become absolute.
    """
    return nh3.clean(
        html,
        tags=INLINE_TAGS | BLOCK_TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_prefix_fragment,
        url_schemes={"http", "https", "mailto"},
        url_relative=("rewrite_with_base", base) if base else "pass_through",
        link_rel=None,
        set_tag_attribute_values={"pre": {"tabindex": "0"}},
        id_prefix=ID_PREFIX,
    )


def plain_text(post: Post) -> str:
    """Return the article's text without markup, in which readers search."""
    parser = _PlainText()
    parser.feed(render(post, "/").html)
    parser.close()
    return " ".join("".join(parser.parts).split())


class _PlainText(HTMLParser):
    """Collects the text of a page. Blocks are separated by a space."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in BLOCK_TAGS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _prefix_fragment(_tag: str, name: str, value: str) -> str:
    return f"#{ID_PREFIX}{value[1:]}" if name == "href" and value.startswith("#") else value
