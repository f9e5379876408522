"""The text of a comment as HTML, and the hosts that it links to."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

import nh3
from flask import Flask
from markupsafe import Markup

from demo_blog.markdown import COMMENT_LINK_REL, COMMENT_TAGS, render_comment
from demo_blog.models import Comment, CommentDomain, TextFormat

MAX_DOMAINS: Final = 100
"""The most hosts of one comment that are stored."""

HTML_TAGS: Final = COMMENT_TAGS | {"b", "i", "s", "del", "ins", "q", "cite", "sub", "sup"}
"""The tags that imported comments may have."""


def init_app(app: Flask) -> None:
    """Add the filters ``comment_html`` and ``excerpt`` to the templates."""
    app.add_template_filter(comment_html)
    app.add_template_filter(excerpt)


def comment_html(comment: Comment) -> Markup:
    """Return the text of a comment as sanitised HTML."""
    render = _sanitised if comment.format == TextFormat.HTML else render_comment
    return Markup(render(comment.body))  # noqa: S704 - sanitised by nh3


def excerpt(comment: Comment, length: int = 200) -> str:
    """Return the beginning of a comment without its markup, ``length`` characters at most."""
    return textwrap.shorten(comment_html(comment).striptags(), length, placeholder=" …")


def store_domains(comment: Comment) -> None:
    """Replace the stored hosts of a comment: those it links to, and the host of its e-mail address."""
    links = _Links()
    links.feed(comment_html(comment))
    found = [*map(_host, [*links.found, comment.url]), comment.email.rpartition("@")[2].strip().lower()]
    hosts = dict.fromkeys(host for host in found if 0 < len(host) <= 255)
    kept = {domain.domain: domain for domain in comment.domains}
    comment.domains = [kept.get(host) or CommentDomain(domain=host) for host in [*hosts][:MAX_DOMAINS]]


@lru_cache(maxsize=1024)
def _sanitised(text: str) -> str:
    """Return the HTML of an imported comment without tags and attributes that aren't allowed."""
    return nh3.clean(
        text, tags=HTML_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https"}, link_rel=COMMENT_LINK_REL
    )


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


class _Links(HTMLParser):
    """Collects the addresses of a text's links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.extend(value for name, value in attrs if tag == "a" and name == "href" and value)
