"""Finds the parts of a text that every CommonMark renderer surely shows as code, in linear time.

These are closed fences and indented blocks outside lists and quotes, and code in backticks within a paragraph. Where
renderers may disagree, for example about HTML, or where only a complete parser can decide, nothing is code.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from .invisible import unescaped

#: The maximum number of lines that are read, and of marks within the paragraphs. What follows isn't code.
_MOST_LINES: Final = 2000
_MOST_MARKS: Final = 2000
#: Columns of an indented block.
_INDENTED: Final = 4
#: The least column at which the content of a list item can start.
_LEAST_OFFSET: Final = 2

_SIGNS: Final = ("`", "~~~", "    ", "\t")
_LINE: Final = re.compile(r"(?P<indent>[ \t]*+)(?P<content>[^\r\n]*+)(?:\r\n?|\n|\Z)")
_FENCE: Final = re.compile(r"(?:(?P<backticks>`{3,}+)[^`]*+|(?P<tildes>~{3,}+).*+)\Z")
_LIKE_FENCE: Final = re.compile(r"`{3}|~{3}")
_ITEM: Final = re.compile(r"(?P<mark>[-+*]|(?P<number>[0-9]{1,9}+)[.)])(?P<gap>[ \t]++|\Z)(?P<rest>.*+)")
#: Lines after which a new paragraph starts: headings, their underlines, and lines across the page.
_BREAK: Final = re.compile(
    r"(?:\*[ \t]*+){3,}\Z|(?:_[ \t]*+){3,}\Z|(?:-[ \t]*+){3,}\Z|(?:=++|-++)[ \t]*+\Z|#{1,6}+(?:[ \t]|\Z)"
)
_HTML: Final = re.compile(r"<(?![a-z][a-z0-9+.-]*+:)[a-z/!?]", re.IGNORECASE)
#: HTML that may contain blank lines, within lists and quotes, too.
_LONG_HTML: Final = re.compile(r"(?:[\s>*+-]|[0-9]++[.)])*+<(?:[!?]|/?(?:script|pre|style|textarea)\b)", re.IGNORECASE)
_NESTED_HTML: Final = re.compile(r"(?:[\s>*+-]|[0-9]++[.)])*+<(?![a-z][a-z0-9+.-]*+:)[a-z/!?]", re.IGNORECASE)

#: What an inline parser reads before code: a backslash, backticks, a tag or an autolink, the target of a link.
_MARK: Final = re.compile(r"\\(?P<escaped>.?)|(?P<run>`++)|<(?P<tag>[a-z/!?])|(?P<target>\][(\[:])", re.IGNORECASE)
_RUN: Final = re.compile(r"`++")
_TAG_END: Final = re.compile(r"[^<>\"'`]*+>")
_TARGET_END: Final = re.compile(r"[^()<>\"'`\\\[\]]*+[)\]]")

#: What Markdown reads: the beginnings of lines, backticks, tildes, backslashes and brackets.
_STRUCTURE: Final = re.compile(r"^[ \t]*+(?:[-+*>#=_]|[0-9]++[.)])?|[`~\\]++|[<>()\[\]\r\n]", re.MULTILINE)
_OVERRIDE: Final = "\u202e"


class Span(NamedTuple):
    """A part of a text."""

    start: int
    end: int


class Code(NamedTuple):
    """Code between marks, which are backticks and fences, and code that is only indented."""

    marked: list[Span]
    indented: list[Span]


def markdown_code(text: str, posted: str = "") -> Code:
    """Return the parts of ``text`` that are surely code.

    ``posted`` is the text before entities were decoded and invisible characters removed, if it differs. If that changed
    anything that Markdown reads, nothing is code.
    """
    if not any(sign in text for sign in _SIGNS) or (posted and posted != text and not _read_the_same(text, posted)):
        return Code([], [])
    blocks = _Blocks(text)
    blocks.read()
    return Code([*blocks.fenced, *_in_backticks(text, blocks.paragraphs)], blocks.indented)


def _read_the_same(text: str, posted: str) -> bool:
    if _OVERRIDE in posted or unescaped(posted) != posted:
        return False
    return _STRUCTURE.findall(text) == _STRUCTURE.findall(posted)


class _Line(NamedTuple):
    start: int
    end: int
    columns: int  # the width of the indentation
    content: str


class _Blocks:
    """Reads the blocks of a text line by line, and stops where it can't be sure about the lines that follow."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.fenced: list[Span] = []
        self.indented: list[Span] = []
        #: The paragraphs between blank lines. Each is a list of parts, of which any may start a paragraph of its own.
        self.paragraphs: list[list[Span]] = [[]]
        self._offset = 0  # the column at which the content of the last list item starts, 0 outside lists
        self._may_have_ended = False  # whether the list may have ended before this line
        self._is_text = False  # whether the last line may belong to a paragraph outside lists
        self._last: _Line | None = None  # the last line of the paragraph

    def read(self) -> None:
        """Find code blocks and paragraphs."""
        lines = islice(_lines(self._text), _MOST_LINES)
        is_after_blank = True
        for line in lines:
            if not line.content:
                self._end_paragraph()
                is_after_blank = True
            elif not self._read_line(line, lines, is_after_blank=is_after_blank):
                return
            else:
                is_after_blank = False

    def _read_line(self, line: _Line, lines: Iterator[_Line], *, is_after_blank: bool) -> bool:
        """Read a line; return whether the lines after it can be read."""
        if self._offset and line.columns >= self._offset:
            self._add(line)
            is_unsure = self._may_have_ended and _LIKE_FENCE.search(line.content)
            return not is_unsure and not _LONG_HTML.match(line.content)
        if self._offset and is_after_blank:
            self._offset, self._may_have_ended = 0, False
        if line.columns >= _INDENTED:
            self._add_indented(line, is_after_blank=is_after_blank)
            return True
        if fence := _FENCE.match(line.content):
            return self._read_fence(line, fence["backticks"] or fence["tildes"], lines)
        if _HTML.match(line.content):
            return not _LONG_HTML.match(line.content) and self._skip_html(line, lines)
        item = _ITEM.match(line.content)
        if item and not _BREAK.match(line.content):
            return self._read_item(line, item)
        self._add(line)
        if line.content.startswith(">"):
            self._offset = 0
        self._may_have_ended = self._offset > 0
        self._is_text = not _BREAK.match(line.content)
        return True

    def _add_indented(self, line: _Line, *, is_after_blank: bool) -> None:
        if self.indented and self.indented[-1].end == line.start:
            self.indented[-1] = Span(self.indented[-1].start, line.end)
        elif is_after_blank and not self._offset:
            self.indented.append(Span(line.start, line.end))
        else:
            self._may_have_ended = self._offset > 0
            self._add(line)

    def _read_fence(self, line: _Line, mark: str, lines: Iterator[_Line]) -> bool:
        self._end_paragraph()
        self._offset, self._may_have_ended = 0, False
        for other in lines:
            content = other.content.rstrip(" \t")
            if other.columns < _INDENTED and content.startswith(mark) and not content.strip(mark[0]):
                self.fenced.append(Span(line.start, other.end))
                return True
        return False

    def _skip_html(self, line: _Line, lines: Iterator[_Line]) -> bool:
        """Skip the lines that may be a block of HTML."""
        self._end_paragraph()
        self._may_have_ended = self._offset > 0
        other: _Line | None = line
        while other and other.content:
            if _LIKE_FENCE.search(other.content) or _LONG_HTML.match(other.content):
                return False
            other = next(lines, None)
        self._offset, self._may_have_ended = (_LEAST_OFFSET, True) if self._offset else (0, False)
        return True

    def _read_item(self, line: _Line, item: re.Match[str]) -> bool:
        self._add(line)
        gap, rest = item["gap"], item["rest"]
        is_sure = bool(rest) and "\t" not in gap and not (self._is_text and item["number"] not in {None, "1"})
        width = len(item["mark"]) + (len(gap) if len(gap) <= _INDENTED else 1)
        self._offset, self._may_have_ended = (line.columns + width, False) if is_sure else (_LEAST_OFFSET, True)
        self._is_text = not is_sure
        return not _LONG_HTML.match(rest)

    def _add(self, line: _Line) -> None:
        """Add a line of text. Lines that start with letters at the same column continue the same paragraph."""
        parts, last = self.paragraphs[-1], self._last
        continues = last and last.content[0].isalpha() and line.content[0].isalpha() and last.columns == line.columns
        if parts and continues:
            parts[-1] = Span(parts[-1].start, line.end)
        else:
            parts.append(Span(line.start, line.end))
        self._last = line

    def _end_paragraph(self) -> None:
        self._is_text = False
        self._last = None
        if self.paragraphs[-1]:
            self.paragraphs.append([])


def _lines(text: str) -> Iterator[_Line]:
    for match in _LINE.finditer(text):
        indent, content = match["indent"], match["content"]
        columns = len(indent.expandtabs(4)) if "\t" in indent else len(indent)
        yield _Line(match.start(), match.end(), columns, content)


def _in_backticks(text: str, paragraphs: list[list[Span]]) -> Iterator[Span]:
    """Yield the code in backticks. After something unsure, the rest of a paragraph has none."""
    left = _MOST_MARKS
    for parts in paragraphs:
        for part in parts:
            if _NESTED_HTML.match(text, *part):
                break
            runs: dict[int, list[int]] = {}
            for run in islice(_RUN.finditer(text, *part), left):
                runs.setdefault(len(run[0]), []).append(run.start())
            place = part.start
            while (mark := _MARK.search(text, place, part.end)) and left:
                left -= 1
                place = _after(text, mark, runs, parts[-1].end)
                if mark["run"] and place:
                    yield Span(mark.start(), place)
                if not place:
                    break
            if mark:
                break


def _after(text: str, mark: re.Match[str], runs: dict[int, list[int]], end: int) -> int:
    """Return where the code, the tag or the link of ``mark`` ends; 0 if that isn't sure."""
    if mark["run"]:
        starts = runs.get(len(mark["run"]), [])
        number = bisect_left(starts, mark.end())
        return starts[number] + len(mark["run"]) if number < len(starts) else 0
    if mark["tag"] or mark["target"]:
        if mark[0] in ("]:", "<!", "<?"):
            return 0
        ending = (_TAG_END if mark["tag"] else _TARGET_END).match(text, mark.end(), end)
        return ending.end() - 1 if ending else 0  # the bracket may start the next mark
    return 0 if mark["escaped"] == "`" else mark.end()
