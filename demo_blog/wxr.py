"""Reads WordPress exports (WXR 1.0 to 1.2) as a stream: one post with its comments at a time.

The file isn't trusted. A document type declaration is refused, so there are no entities to expand and nothing else is
opened. The memory needed is limited by the largest post, whose size is limited too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

from demo_blog.wxr_records import ExportedPost, Record, exported_post

CHUNK_BYTES: Final = 64 * 1024
MAX_POST_CHARACTERS: Final = 32 * 1024 * 1024
"""Maximum size of one post with its comments. Each element counts as ``ELEMENT_CHARACTERS`` more."""
ELEMENT_CHARACTERS: Final = 64
MAX_MARKUP_BYTES: Final = 1024 * 1024
"""Maximum length of one tag, because the parser scans an incomplete tag again after each chunk."""
MAX_DEPTH: Final = 32

_NAMESPACE: Final = re.compile(r"http://wordpress\.org/export/1\.[0-2]/(excerpt/)?")
_OTHER_NAMESPACES: Final[Mapping[str, str]] = {
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
}
_CHANNEL: Final = ("rss", "channel")
_RECORDS: Final[Mapping[tuple[str, ...], str]] = {
    (*_CHANNEL, "wp:author"): "author",
    (*_CHANNEL, "item"): "item",
    (*_CHANNEL, "item", "wp:comment"): "comment",
}
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "channel": frozenset({"link", "wp:wxr_version", "wp:base_site_url", "wp:base_blog_url"}),
    "author": frozenset({"wp:author_login", "wp:author_display_name"}),
    "item": frozenset(
        {"title", "link", "category", "dc:creator", "content:encoded", "excerpt:encoded"}
        | {f"wp:{name}" for name in ("post_id", "post_name", "post_type", "status", "post_password", "comment_status")}
        | {f"wp:{name}" for name in ("post_date", "post_date_gmt", "post_modified_gmt")}
    ),
    "comment": frozenset(
        f"wp:comment_{name}"
        for name in (
            *("id", "author", "author_email", "author_url", "date", "date_gmt"),
            *("content", "approved", "type", "parent"),
        )
    ),
}
# WordPress doesn't remove these from texts, but they aren't allowed in XML.
_CONTROLS: Final = bytes(set(range(32)) - {0x09, 0x0A, 0x0D})
_ENCODED_IN_16_BITS: Final = (b"\xfe\xff", b"\xff\xfe", b"<\0", b"\0<")


class ExportError(ValueError):
    """The file isn't a WordPress export, or it is damaged. The message names the file and the line."""


def read(path: Path) -> Iterator[ExportedPost]:
    """Yield every item of an export. Raises :class:`ExportError` at the first invalid line."""
    reader = _Reader(path)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            reader.feed(chunk)
            yield from reader.take()
    reader.close()
    yield from reader.take()


@dataclass
class _Item:
    fields: Record = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    comments: list[Record] = field(default_factory=list)


class _Reader:
    """Builds items from the parser's events. Elements that aren't needed, such as ``wp:postmeta``, are skipped."""

    def __init__(self, path: Path) -> None:
        self._file = path
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._filters = True
        self._lines_before = 0
        self._is_started = False
        self._unfinished = 0
        self._size = 0
        self._path: list[str] = []
        self._text: list[str] | None = None
        self._domain = ""
        self._channel: Record = {}
        self._author: Record = {}
        self._names: dict[str, str] = {}
        self._item = _Item()
        self._done: list[ExportedPost] = []

    def feed(self, chunk: bytes) -> None:
        if not self._is_started:
            chunk = self._begin(chunk)
        if self._filters:
            chunk = chunk.translate(None, _CONTROLS)
        self._unfinished += len(chunk)
        self._parse(chunk, final=False)
        if self._unfinished > MAX_MARKUP_BYTES:
            raise self._error("a tag or comment is longer than 1 MiB")

    def close(self) -> None:
        self._parse(b"", final=True)
        if "wp:wxr_version" not in self._channel:
            raise self._error("this isn't a WordPress export: the element wp:wxr_version is missing")

    def take(self) -> list[ExportedPost]:
        done, self._done = self._done, []
        return done

    def _begin(self, chunk: bytes) -> bytes:
        self._filters = not chunk.startswith(_ENCODED_IN_16_BITS)
        kept = chunk
        if self._filters:  # some plugins write empty lines before the XML declaration, which XML doesn't allow
            kept = chunk.lstrip(b" \t\r\n")
            self._lines_before += chunk.count(b"\n") - kept.count(b"\n")
        self._is_started = bool(kept)
        return kept

    def _parse(self, chunk: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(chunk, final)
        except expat.ExpatError as error:
            raise self._error(expat.ErrorString(error.code), error.lineno) from None
        except ExportError:
            raise
        except (LookupError, ValueError) as error:  # from Python's decoder
            raise self._error(f"the encoding isn't supported, use UTF-8: {error}") from None

    def _error(self, what: str, line: int | None = None) -> ExportError:
        line = (self._parser.CurrentLineNumber if line is None else line) + self._lines_before
        return ExportError(f"{self._file}, line {line}: {what}")

    def _doctype(self, *_: object) -> None:
        raise self._error("the file has a DOCTYPE, which a WordPress export doesn't have")

    def _start(self, full_name: str, attributes: Mapping[str, str]) -> None:
        self._unfinished = 0
        self._count(ELEMENT_CHARACTERS)
        name, within = _short(full_name), self._kind()
        self._path.append(name)
        if len(self._path) > MAX_DEPTH:
            raise self._error(f"the elements are nested more than {MAX_DEPTH} deep")
        self._text = [] if name in _FIELDS.get(within, ()) else None
        self._domain = attributes.get("domain", "") if self._text is not None else ""
        match self._kind():
            case "item":
                self._item, self._size = _Item(), 0
                if "wp:wxr_version" not in self._channel:
                    raise self._error("this isn't a WordPress export: no wp:wxr_version comes before the first item")
            case "comment":
                self._item.comments.append({})
            case "author":
                self._author = {}

    def _end(self, _: str) -> None:
        self._unfinished = 0
        kind, name = self._kind(), self._path.pop()
        if self._text is not None:
            self._store(name, "".join(self._text))
            self._text = None
        elif kind == "author":
            login = self._author.get("wp:author_login", "")
            self._names[login] = self._author.get("wp:author_display_name", "").strip() or login
        elif kind == "item":
            self._done.append(
                exported_post(self._channel, self._names, self._item.fields, self._item.tags, self._item.comments)
            )
            self._item, self._size = _Item(), 0

    def _data(self, text: str) -> None:
        self._unfinished = 0
        if self._text is not None:
            self._count(len(text))
            self._text.append(text)

    def _count(self, characters: int) -> None:
        self._size += characters
        if self._size > MAX_POST_CHARACTERS:
            raise self._error(f"one post with its comments is larger than {MAX_POST_CHARACTERS:,} characters")

    def _kind(self) -> str:
        """Return which record the current element is, or "" for other elements."""
        path = tuple(self._path)
        return "channel" if path == _CHANNEL else _RECORDS.get(path, "")

    def _store(self, name: str, text: str) -> None:
        match self._kind():
            case "channel":
                self._channel[name] = text.strip()
            case "author":
                self._author[name] = text
            case "comment":
                self._item.comments[-1][name] = text
            case _ if name == "category":
                if self._domain in {"category", "post_tag"}:
                    self._item.tags.append(text)
            case _:
                self._item.fields[name] = text


def _short(full_name: str) -> str:
    """Return an element's name with WordPress's usual prefix, whatever the prefix in the file is."""
    namespace, _, local = full_name.rpartition(" ")
    if match := _NAMESPACE.fullmatch(namespace):
        return f"{'excerpt' if match[1] else 'wp'}:{local}"
    return f"{_OTHER_NAMESPACES.get(namespace, namespace)}{local}"
