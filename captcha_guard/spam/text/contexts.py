"""Tells links in code and in quotes from links in prose.

Code is what Markdown, HTML or BBCode show as code, and the name of an XML namespace. A span that consists of little but
addresses isn't code: it shows an address, as prose does. Everything takes time linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple

from .excerpt import SEPARATOR
from .link import Context
from .link_scanner import Found
from .markdown_code import Span, markdown_code

#: The maximum number of marks of each kind (fences, tags, code in a line) that are followed.
_MOST_MARKS: Final = 1000

_TAG: Final = re.compile(
    r"(?P<open>[<\[])(?P<end>/?)(?P<name>code|pre|blockquote|quote)\b[^<>\[\]\n]{0,200}+[>\]]", re.IGNORECASE
)
_TAG_SIGNS: Final = ("</code", "</pre", "</blockquote", "[/code", "[/quote")
_CODE_TAGS: Final = ("code", "pre")
_QUOTE: Final = re.compile(r" {0,3}>")
_NAMESPACE: Final = re.compile(
    r"""<[a-z](?:[^<>"']|"[^<>"]*+"|'[^<>']*+')*?\sxmlns(?::[\w-]{1,30}+)?\s?=\s?["']$""", re.IGNORECASE
)
#: Characters before a link that are searched for the tag whose namespace it names.
_LONGEST_TAG: Final = 300
_BBCODE: Final = re.compile(r"""\[(?:url|link)[=\]]\s{0,3}["']?\s{0,3}$""", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"""(?:\b[a-z]{2,10}:)?[\\/]{2}[^\s"'<>]++|\bwww\.[^\s"'<>]++""", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W_]+")


class _Tagged(NamedTuple):
    """Code between tags of HTML and of BBCode, and quotes."""

    html: list[Span]
    bbcode: list[Span]
    quotes: list[Span]


def with_contexts(text: str, links: Sequence[Found], posted: str = "") -> list[Found]:
    """Return the links of ``text`` with the context in which each is written.

    ``posted`` is the text before entities were decoded and invisible characters removed, if it differs.
    """
    if not links:
        return []
    return _Contexts(text, posted).mark(links)


def without_code(text: str) -> str:
    """Return ``text`` without code in backticks, fences and ``[code]``.

    Indented lines, ``<code>`` and ``<pre>`` stay: many sites show links in them as links.
    """
    if "`" not in text and "~~~" not in text and "[/code" not in text.lower():
        return text
    return SEPARATOR.join(map(_without_code, text.split(SEPARATOR)))


def _without_code(text: str) -> str:
    parts: list[str] = []
    place = 0
    for start, end in _merged([*markdown_code(text).marked, *_tagged(text).bbcode]):
        parts += [text[place:start], " "]
        place = end
    return "".join([*parts, text[place:]]) if parts else text


class _Contexts:
    """The code and the quotes of one text."""

    def __init__(self, text: str, posted: str) -> None:
        self._text = text
        tagged = _tagged(text)
        code = markdown_code(text, posted)
        self._markdown = _merged(code.marked)
        self._bbcode = _merged(tagged.bbcode)
        self._code = _merged([*self._markdown, *self._bbcode, *tagged.html, *code.indented])
        self._quotes = _merged(tagged.quotes)

    def mark(self, links: Sequence[Found]) -> list[Found]:
        """Return ``links`` with their contexts."""
        spans = [_around(self._code, one.place) for one in links]
        crowded = {span for span in set(spans) if span and not self._has_words(span, spans.count(span))}
        return [
            found._replace(link=replace(found.link, context=self._context(found, span not in {None, *crowded})))
            for found, span in zip(links, spans, strict=True)
        ]

    def _context(self, found: Found, is_in_code: bool) -> Context:  # noqa: FBT001 (one call)
        before = self._text[max(0, found.place - 50) : found.place]
        if self._is_namespace(found.place, before) or (is_in_code and self._is_code(found, before)):
            return Context.CODE
        if _around(self._quotes, found.place) or _QUOTE.match(self._text, self._line(found.place)):
            return Context.QUOTE
        return Context.PROSE

    def _is_namespace(self, place: int, before: str) -> bool:
        """Return whether the link at ``place`` is the name of an XML namespace, within a tag."""
        if "xmlns" not in before.lower():
            return False
        tag = self._text.rfind("<", max(0, place - _LONGEST_TAG), place)
        return tag >= 0 and _NAMESPACE.match(self._text[tag:place]) is not None

    def _is_code(self, found: Found, before: str) -> bool:
        """Return whether a link in code isn't followed where its markup is: only code of the same kind stops markup."""
        if found.link.is_bare:
            return True
        same = self._bbcode if _BBCODE.search(before) else self._markdown
        return _around(same, found.place) is not None

    def _line(self, place: int) -> int:
        """Return where the line of ``place`` starts."""
        return self._text.rfind("\n", 0, place) + 1

    def _has_words(self, span: Span, links: int) -> bool:
        """Return whether ``span`` has at least as many words as links."""
        words = _WORD.finditer(_ADDRESS.sub(" ", self._text[span.start : span.end]))
        return sum(1 for _ in islice(words, links)) == links


def _tagged(text: str) -> _Tagged:
    """Return the code and the quotes between tags of HTML and BBCode."""
    found = _Tagged([], [], [])
    opened: dict[tuple[str, str], tuple[int, int]] = {}  # the start of the outermost tag, and how many are open
    lowered = text.lower()
    if not any(sign in lowered for sign in _TAG_SIGNS):
        return found
    for tag in islice(_TAG.finditer(text), _MOST_MARKS):
        key = tag["open"], tag["name"].lower()
        start, depth = opened.get(key, (tag.start(), 0))
        depth += -1 if tag["end"] else 1
        if depth > 0:
            opened[key] = start, depth
            continue
        opened.pop(key, None)
        if tag["end"] and depth == 0:
            code = found.html if tag["open"] == "<" else found.bbcode
            (code if key[1] in _CODE_TAGS else found.quotes).append(Span(start, tag.end()))
    return found


def _merged(spans: list[Span]) -> list[Span]:
    """Return the spans in order, with those that overlap joined."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _around(spans: list[Span], place: int) -> Span | None:
    """Return the span around ``place``."""
    number = bisect_right(spans, place, key=lambda span: span.start) - 1
    return spans[number] if number >= 0 and place < spans[number].end else None
