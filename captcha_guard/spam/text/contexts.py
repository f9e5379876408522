"""Tells links in code and in quotes from links in prose.

Code is what Markdown, HTML or BBCode show as code, and the name of an XML namespace. A span that consists of little but
addresses isn't code: it shows an address, as prose does. Everything takes time linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple

from .link import Context
from .link_scanner import Found

#: The maximum number of marks of each kind (fences, tags, code in a line) that are followed.
_MOST_MARKS: Final = 1000
#: Lines of an indented block that are read before it counts as code.
_MOST_LINES: Final = 200

#: Code in backticks. No part of the expression can match a backtick inside the code, which keeps the search linear.
_BACKTICKS: Final = re.compile(r"```[^`\x1e]{0,8192}```|`[^`\n\x1e]{1,500}`")
_FENCE: Final = re.compile(r"^ {0,3}(?P<mark>`{3,}+|~{3,}+)(?P<rest>[^\n]*+)$", re.MULTILINE)
_TAG: Final = re.compile(
    r"(?P<open>[<\[])(?P<end>/?)(?P<name>code|pre|blockquote|quote)\b[^<>\[\]\n]{0,200}+[>\]]", re.IGNORECASE
)
_TAG_SIGNS: Final = ("</code", "</pre", "</blockquote", "[/code", "[/quote")
_CODE_TAGS: Final = ("code", "pre")
_INDENTED: Final = ("    ", "\t", "   \t", "  \t", " \t")
_QUOTE: Final = re.compile(r" {0,3}>")
_NAMESPACE: Final = re.compile(r"""xmlns(?::[\w-]{1,30}+)?\s?=\s?["']$""", re.IGNORECASE)
_BBCODE: Final = re.compile(r"""\[(?:url|link)[=\]]\s{0,3}["']?\s{0,3}$""", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"""(?:\b[a-z]{2,10}:)?[\\/]{2}[^\s"'<>]++|\bwww\.[^\s"'<>]++""", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W_]+")


class _Span(NamedTuple):
    start: int
    end: int


class _Tagged(NamedTuple):
    """Code between tags of HTML and of BBCode, and quotes."""

    html: list[_Span]
    bbcode: list[_Span]
    quotes: list[_Span]


def with_contexts(text: str, links: Sequence[Found], posted: str = "") -> list[Found]:  # noqa: ARG001
    """Return the links of ``text`` with the context in which each is written."""
    if not links:
        return []
    return _Contexts(text).mark(links)


def without_code(text: str) -> str:
    """Return ``text`` without code in backticks, fences and ``[code]``.

    Indented lines, ``<code>`` and ``<pre>`` stay: many sites show links in them as links.
    """
    parts: list[str] = []
    place = 0
    for start, end in _merged([*_fenced(text), *_backticked(text), *_tagged(text).bbcode]):
        parts += [text[place:start], " "]
        place = end
    return "".join([*parts, text[place:]]) if parts else text


class _Contexts:
    """The code and the quotes of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        tagged = _tagged(text)
        self._markdown = _merged([*_fenced(text), *_backticked(text)])
        self._bbcode = _merged(tagged.bbcode)
        self._code = _merged([*self._markdown, *self._bbcode, *tagged.html])
        self._quotes = _merged(tagged.quotes)
        self._last = _Span(0, 0), False  # the last indented block, and whether it is code

    def mark(self, links: Sequence[Found]) -> list[Found]:
        """Return ``links`` with their contexts."""
        spans = [self._span(one.place) for one in links]
        crowded = {span for span in set(spans) if span and not self._has_words(span, spans.count(span))}
        return [
            found._replace(link=replace(found.link, context=self._context(found, span not in {None, *crowded})))
            for found, span in zip(links, spans, strict=True)
        ]

    def _context(self, found: Found, is_in_code: bool) -> Context:  # noqa: FBT001 (one call)
        before = self._text[max(0, found.place - 50) : found.place]
        if _NAMESPACE.search(before) or (is_in_code and self._is_code(found, before)):
            return Context.CODE
        if _around(self._quotes, found.place) or _QUOTE.match(self._text, self._line(found.place)):
            return Context.QUOTE
        return Context.PROSE

    def _is_code(self, found: Found, before: str) -> bool:
        """Return whether a link in code isn't followed where its markup is: only code of the same kind stops markup."""
        if not found.link.marked_up:
            return True
        same = self._bbcode if _BBCODE.search(before) else self._markdown
        return _around(same, found.place) is not None

    def _span(self, place: int) -> _Span | None:
        """Return the code around ``place``."""
        return _around(self._code, place) or self._indented(place)

    def _indented(self, place: int) -> _Span | None:
        """Return the indented block around ``place``: it follows a blank line, so it doesn't continue a paragraph."""
        block, is_code = self._last
        if not block.start <= place < block.end:
            start = first = self._line(place)
            lines = 0
            while self._text.startswith(_INDENTED, start) and lines < _MOST_LINES:
                lines += 1
                first = start
                if not start:
                    break
                start = self._line(start - 1)
            is_code = lines > 0 and (first == 0 or not self._text[start : first - 1].strip() or lines == _MOST_LINES)
            end = self._text.find("\n", place)
            while end >= 0 and self._text.startswith(_INDENTED, end + 1) and is_code:
                end = self._text.find("\n", end + 1)
            block = _Span(first, len(self._text) if end < 0 else end)
            self._last = block, is_code
        return block if is_code else None

    def _line(self, place: int) -> int:
        """Return where the line of ``place`` starts."""
        return self._text.rfind("\n", 0, place) + 1

    def _has_words(self, span: _Span, links: int) -> bool:
        """Return whether ``span`` has at least as many words as links."""
        words = _WORD.finditer(_ADDRESS.sub(" ", self._text[span.start : span.end]))
        return sum(1 for _ in islice(words, links)) == links


def _fenced(text: str) -> Iterator[_Span]:
    """Yield the fenced code blocks of Markdown that are closed."""
    if "```" not in text and "~~~" not in text:
        return
    opened: re.Match[str] | None = None
    for fence in islice(_FENCE.finditer(text), _MOST_MARKS):
        if opened is None:
            opened = None if fence["mark"][0] == "`" and "`" in fence["rest"] else fence
        elif fence["mark"].startswith(opened["mark"]) and not fence["rest"].strip():
            yield _Span(opened.start(), fence.end())
            opened = None


def _backticked(text: str) -> Iterator[_Span]:
    if "`" in text:
        yield from (_Span(*match.span()) for match in islice(_BACKTICKS.finditer(text), _MOST_MARKS))


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
            (code if key[1] in _CODE_TAGS else found.quotes).append(_Span(start, tag.end()))
    return found


def _merged(spans: list[_Span]) -> list[_Span]:
    """Return the spans in order, with those that overlap joined."""
    merged: list[_Span] = []
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            merged[-1] = _Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _around(spans: list[_Span], place: int) -> _Span | None:
    """Return the span around ``place``."""
    number = bisect_right(spans, place, key=lambda span: span.start) - 1
    return spans[number] if number >= 0 and place < spans[number].end else None
