"""The template filters for dates, addresses, numbers and Markdown."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

from flask import Flask, url_for

from demo_blog import articles
from demo_blog.markdown import Article
from demo_blog.models import Post
from demo_blog.site import public_url

JOURNAL = "The Carry Bit"
MOTTO = "A journal of computing, for whatever is left over from one column and decides the next"

_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def month(value: date) -> str:
    """Return the month's name."""
    return f"{value:%B}"


def day(value: date) -> str:
    """Return the date in the form ``14 March 2026``."""
    return f"{value.day} {value:%B %Y}"


def in_words(number: int) -> str:
    """Return numbers from 0 to 12 as words, others as digits."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)


def web_address(typed: str) -> str | None:
    """Return ``typed`` as an http or https address that is safe in a link, or ``None``.

    ``example.org`` without a scheme becomes an https address. Addresses with a user name are refused, because they can
    look like one site and lead to another. Addresses with a space or control character are also refused.
    """
    typed = typed.strip()
    if not typed or not typed.isprintable() or any(character.isspace() for character in typed):
        return None
    try:
        parts = urlsplit(typed if "://" in typed else f"https://{typed}")
        safe = parts.scheme in {"http", "https"} and "." in (parts.hostname or "") and parts.username is None
        _ = parts.port  # raises ValueError if it isn't a number
    except ValueError:
        return None
    return parts.geturl() if safe else None


def article(post: Post) -> Article:
    """Return a post as HTML, with its days."""
    return articles.render(post, _posts_url(external=False))


def article_for_feed(post: Post) -> str:
    """Return a post as HTML with absolute links."""
    return xml_text(articles.render(post, _posts_url(external=True), feed=True).html)


def xml_text(text: str) -> str:
    """Remove the characters that XML doesn't allow, also escaped: most control characters, and two others."""
    return _NOT_IN_XML.sub("", text)


def _posts_url(*, external: bool) -> str:
    address_of = public_url if external else url_for
    return address_of("posts.show", slug="_").removesuffix("_")


def init_app(app: Flask) -> None:
    """Add the filters, and the journal's name and motto, to the templates."""
    for filter_ in (day, month, in_words, web_address, article, article_for_feed, xml_text):
        app.add_template_filter(filter_)
    app.context_processor(lambda: {"journal": JOURNAL, "motto": MOTTO})
