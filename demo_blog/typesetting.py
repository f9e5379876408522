"""How dates, addresses, numbers and Markdown are set on the page: the templates' filters."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

from flask import Flask, url_for
from markupsafe import Markup

from demo_blog import markdown

JOURNAL = "The Carry Bit"
MOTTO = "A journal of computing, for whatever is left over from one column and decides the next"

_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def day(value: date) -> str:
    """Return ``14 March 2026``."""
    return f"{value.day} {value:%B %Y}"


def in_words(number: int) -> str:
    """Return numbers up to twelve as words, greater ones in digits."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)


def web_address(typed: str) -> str | None:
    """Return ``typed`` as an http or https address that is safe in a link, or ``None``.

    A bare ``example.org`` is taken for https. Addresses with a user name in front, which look like one site
    and lead to another, are none; nor is anything with a space or control character in it.
    """
    typed = typed.strip()
    if not typed or not typed.isprintable() or any(character.isspace() for character in typed):
        return None
    try:
        parts = urlsplit(typed if "://" in typed else f"https://{typed}")
        safe = parts.scheme in {"http", "https"} and "." in (parts.hostname or "") and parts.username is None
        _ = parts.port  # raises ValueError when it is no number
    except ValueError:
        return None
    return parts.geturl() if safe else None


def article(text: str, *, external: bool = False) -> Markup:
    """Return an article's Markdown as HTML; ``external`` spells links out in full, for the feed."""
    posts_url = url_for("posts.show", slug="_", _external=external).removesuffix("_")
    return Markup(markdown.render_article(text, posts_url))  # noqa: S704 - our own manuscripts, HTML off


def comment(text: str) -> Markup:
    """Return a reader's Markdown as sanitised HTML."""
    return Markup(markdown.render_comment(text))  # noqa: S704 - cleaned by nh3


def init_app(app: Flask) -> None:
    """Give the templates their filters and the journal's name."""
    for filter_ in (day, in_words, web_address, article, comment):
        app.add_template_filter(filter_)
    app.context_processor(lambda: {"journal": JOURNAL, "motto": MOTTO})
