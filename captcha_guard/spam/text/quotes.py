"""Quotes of a known text, which a commenter isn't judged by."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from .normalised import folded_case, words_of

_SIGNS: Final = (">", "&gt;", "[quote", "[QUOTE")
_LINE: Final = re.compile(r"^ {0,3}(?:>|&gt;)[^\n]*+\n?", re.MULTILINE)
#: Quotes between tags that have no quote inside them.
_TAGS: Final = re.compile(
    r"<blockquote\b[^<>\n]{0,200}+>(?P<html>[^<]*+(?:<(?!/?blockquote\b)[^<]*+)*+)</blockquote\s*+>"
    r"|\[quote\b[^\[\]\n]{0,200}+\](?P<code>[^\[]*+(?:\[(?!/?quote\b)[^\[]*+)*+)\[/quote\]",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"</?[a-z][^<>]{0,200}+>|&gt;|>", re.IGNORECASE)
#: Characters that are read of the known text, and quotes that are looked up in it. Further quotes count as unknown.
_MOST: Final = 100_000
_MOST_QUOTES: Final = 50


def has_quotes(text: str) -> bool:
    """Return whether ``text`` may quote something."""
    return any(sign in text for sign in _SIGNS) or "<blockquote" in text.lower()


def without_known_quotes(text: str, known: str) -> str:
    """Return ``text`` without the quotes of which every word is in ``known``, in the same order.

    Addresses in a quote are words, too, so a quote with an added link stays. A text that only quotes stays as it is.
    """
    words = _words(known)
    looked_up = 0

    def kept(match: re.Match[str]) -> str:
        nonlocal looked_up
        looked_up += 1
        if looked_up > _MOST_QUOTES:
            return match[0]
        quoted = match[0] if match.re is _LINE else match["html"] or match["code"] or ""
        said = " ".join(words_of(folded_case(_TAG.sub(" ", quoted))))
        return "\n" if said and f" {said} " in words else match[0]

    rest = _LINE.sub(kept, _TAGS.sub(kept, text))
    return rest if rest.strip() else text


@lru_cache(maxsize=8)  # one POST is read more than once
def _words(known: str) -> str:
    return f" {' '.join(words_of(folded_case(_TAG.sub(' ', known[:_MOST]))))} "
