"""Quotes of a known text, which a commenter isn't judged by."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from .invisible import as_seen
from .link_scanner import scan
from .normalised import folded_case, words_of

_SIGNS: Final = (">", "&gt;", "[quote", "[QUOTE")
_LINE: Final = re.compile(r"^ {0,3}(?:>|&gt;)[^\n]*+\n?", re.MULTILINE)
#: Quotes between tags that have no quote inside them.
_TAGS: Final = re.compile(
    r"<blockquote\b[^<>\n]{0,200}+>(?P<html>[^<]*+(?:<(?!/?blockquote\b)[^<]*+)*+)</blockquote\s*+>"
    r"|\[quote\b[^\[\]\n]{0,200}+\](?P<code>[^\[]*+(?:\[(?!/?quote\b)[^\[]*+)*+)\[/quote\]",
    re.IGNORECASE,
)
#: Tags that show nothing. An address in angle brackets isn't a tag.
_TAG: Final = re.compile(
    r"</?(?:a|abbr|b|blockquote|br|cite|code|dd|del|div|dl|dt|em|h[1-6]|hr|i|ins|kbd|li|mark|ol|p|pre|q|s|samp|section"
    r"|small|span|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul|var)\s*+/?>|&gt;|>",
    re.IGNORECASE,
)
#: Tags with attributes, which may lead somewhere or show a text.
_TAG_WITH_ATTRIBUTES: Final = re.compile(r"<[a-z][a-z0-9-]*+(?:\s[^<>]{0,1000}+|/)>", re.IGNORECASE)
#: Characters that are read of the known text, and quotes that are looked up in it. Further quotes count as unknown.
_MOST: Final = 100_000
_MOST_QUOTES: Final = 50


def has_quotes(text: str) -> bool:
    """Return whether ``text`` may quote something."""
    return any(sign in text for sign in _SIGNS) or "<blockquote" in text.lower()


def without_known_quotes(text: str, known: str) -> str:
    """Return ``text`` without the quotes of which every word is in ``known``, in the same order.

    A quote stays if it has a link or a tag with attributes that ``known`` lacks. A text that only quotes stays as it
    is, and so does one with links that are only found in several quotes together.
    """
    known = known[:_MOST]
    words, tags, addresses = _words(known), _tags(known), addresses_in(known)
    looked_up = 0

    def kept(match: re.Match[str]) -> str:
        nonlocal looked_up
        looked_up += 1
        if looked_up > _MOST_QUOTES:
            return match[0]
        quoted = match[0] if match.re is _LINE else match["html"] or match["code"] or ""
        said = _said(_TAG_WITH_ATTRIBUTES.sub(lambda tag: " " if tag[0] in tags else tag[0], quoted))
        is_known = said and f" {said} " in words and _links_of(quoted) <= addresses
        return "\n" if is_known else match[0]

    rest = _LINE.sub(kept, _TAGS.sub(kept, text))
    if not rest.strip() or (rest != text and not _links_of(text) <= addresses | _links_of(rest)):
        return text
    return rest


@lru_cache(maxsize=8)  # one POST asks for the links of the same post several times
def addresses_in(known: str) -> frozenset[str]:
    """Return the addresses that a post links."""
    return _links_of(known) - {""}


def _links_of(text: str) -> frozenset[str]:
    """Return the addresses of the links in ``text``; it contains "" if parsers may disagree about a link's host."""
    return frozenset(found.link.address for found in scan(as_seen(text)[0], posted=text))


def _said(text: str) -> str:
    return " ".join(words_of(folded_case(_TAG.sub(" ", text))))


@lru_cache(maxsize=8)  # one POST is read more than once
def _words(known: str) -> str:
    return f" {_said(_TAG_WITH_ATTRIBUTES.sub(' ', known))} "


@lru_cache(maxsize=8)
def _tags(known: str) -> frozenset[str]:
    return frozenset(_TAG_WITH_ATTRIBUTES.findall(known))
