"""The full-text index of the posts: SQLite's FTS5, or PostgreSQL's ``tsvector`` with a GIN index.

The table ``post_search`` contains the title, summary and plain text of every post, also of drafts. It isn't an ORM
model, because an FTS5 table can't be one; the migration 0004 creates it. The session updates it in the same
transaction as the post. Statements that change posts without the session, such as bulk inserts, don't: call
:func:`rebuild` after them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, event, inspect, select, text
from sqlalchemy.orm import Mapper

from demo_blog import articles
from demo_blog.database import db
from demo_blog.models import Post
from demo_blog.paging import Paging

TABLE: Final = "post_search"
PAGE_SIZE: Final = 20

MAX_QUERY: Final = 200
"""Longer queries are cut off, in characters."""

MAX_TEXT: Final = 200_000
"""Only this much of a post is indexed, in characters. PostgreSQL refuses a ``tsvector`` of more than 1 MB."""

INDEXED: Final = ("title", "summary", "body", "format")

_TERM: Final = re.compile(r'"([^"]*)"|([^\s"]+)')
_WORD: Final = re.compile(r"[^\W_]+")
_OPEN, _CLOSE = "\x01", "\x02"  # around words that match, in snippets
_LESS, _GREATER = "\x03", "\x04"  # instead of < and >, because PostgreSQL removes tags from snippets
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")

_KEYS: Final[Mapping[str, str]] = {"sqlite": "rowid", "postgresql": "post_id"}

_COUNT: Final[Mapping[str, str]] = {
    "sqlite": """
        SELECT count(*) FROM post_search JOIN post ON post.id = post_search.rowid
        WHERE post_search MATCH :terms AND NOT post.draft
        """,
    "postgresql": """
        SELECT count(*) FROM post_search JOIN post ON post.id = post_search.post_id
        WHERE post_search.words @@ websearch_to_tsquery('journal', :terms) AND NOT post.draft
        """,
}
_FIND: Final[Mapping[str, str]] = {
    "sqlite": """
        SELECT post.id FROM post_search JOIN post ON post.id = post_search.rowid
        WHERE post_search MATCH :terms AND NOT post.draft
        ORDER BY bm25(post_search, 10, 4, 1), post.date DESC, post.id LIMIT :limit OFFSET :offset
        """,
    "postgresql": """
        SELECT post.id FROM post_search JOIN post ON post.id = post_search.post_id
        CROSS JOIN websearch_to_tsquery('journal', :terms) AS query
        WHERE post_search.words @@ query AND NOT post.draft
        ORDER BY ts_rank(post_search.words, query) DESC, post.date DESC, post.id LIMIT :limit OFFSET :offset
        """,
}
_SNIPPETS: Final[Mapping[str, str]] = {  # only of the posts on the page, because a snippet takes a millisecond
    "sqlite": """
        SELECT rowid AS id, snippet(post_search, 2, :open, :close, '…', 32) AS snippet
        FROM post_search WHERE post_search MATCH :terms AND rowid IN :ids
        """,
    "postgresql": """
        SELECT post_id AS id, ts_headline(
            'journal', translate(text, '<>', :tags), websearch_to_tsquery('journal', :terms), :options
        ) AS snippet
        FROM post_search WHERE post_id IN :ids
        """,
}
_HEADLINE: Final = f"StartSel={_OPEN}, StopSel={_CLOSE}, MaxFragments=2, MinWords=12, MaxWords=30, FragmentDelimiter=…"
_SNIPPET_PARAMETERS: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {"open": _OPEN, "close": _CLOSE},
    "postgresql": {"options": _HEADLINE, "tags": _LESS + _GREATER},
}


@dataclass(frozen=True)
class Hit:
    """A post that was found. The snippet's parts with ``True`` are the words that match."""

    post: Post
    snippet: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Hits:
    """One page of the posts that were found, the best first."""

    paging: Paging
    hits: tuple[Hit, ...] = ()


def terms(query: str) -> list[str]:
    """Return the words of a reader's query, and the phrases that are in double quotes. Every other sign is ignored."""
    found = _TERM.findall(unicodedata.normalize("NFC", query[:MAX_QUERY]))
    words = [" ".join(_WORD.findall(phrase or word)) for phrase, word in found]
    return [term for term in words if term]


def find(query: str, page: int = 1) -> Hits:
    """Return the public posts that contain every word and phrase of ``query``. The best come first."""
    # Both databases understand phrases in double quotes, and read nothing in them as an operator.
    quoted = " ".join(f'"{term}"' for term in terms(query))
    dialect = db.engine.dialect.name
    total = db.session.scalar(text(_COUNT[dialect]), {"terms": quoted}) if quoted else 0
    paging = Paging(total or 0, PAGE_SIZE, page)
    if not total:
        return Hits(paging)
    window = {"terms": quoted, "limit": PAGE_SIZE, "offset": paging.offset}
    ids = db.session.scalars(text(_FIND[dialect]), window).all()
    statement = text(_SNIPPETS[dialect]).bindparams(bindparam("ids", expanding=True))
    snippets = db.session.execute(statement, {"terms": quoted, "ids": ids, **_SNIPPET_PARAMETERS[dialect]})
    parts = {row.id: _parts(row.snippet) for row in snippets}
    posts = {post.id: post for post in db.session.scalars(select(Post).where(Post.id.in_(ids)))}
    return Hits(paging, tuple(Hit(posts[known], parts[known]) for known in ids))


def rebuild() -> int:
    """Index every post again, and return their number."""
    connection = db.session.connection()
    connection.execute(text(f"DELETE FROM {TABLE}"))  # noqa: S608 - a constant
    posts: Sequence[Post] = db.session.scalars(select(Post)).all()
    for post in posts:
        _insert(connection, post)
    db.session.commit()
    return len(posts)


@event.listens_for(Post, "after_insert")
def _inserted(_mapper: Mapper[Post], connection: Connection, post: Post) -> None:
    _delete(connection, post)  # SQLite uses the key of a deleted post again
    _insert(connection, post)


@event.listens_for(Post, "after_update")
def _updated(_mapper: Mapper[Post], connection: Connection, post: Post) -> None:
    if any(inspect(post).attrs[name].history.has_changes() for name in INDEXED):
        _delete(connection, post)
        _insert(connection, post)


@event.listens_for(Post, "after_delete")
def _deleted(_mapper: Mapper[Post], connection: Connection, post: Post) -> None:
    _delete(connection, post)


def _delete(connection: Connection, post: Post) -> None:
    key = _KEYS[connection.dialect.name]
    connection.execute(text(f"DELETE FROM {TABLE} WHERE {key} = :id"), {"id": post.id})  # noqa: S608 - constants


def _insert(connection: Connection, post: Post) -> None:
    key = _KEYS[connection.dialect.name]
    statement = f"INSERT INTO {TABLE} ({key}, title, summary, text) VALUES (:id, :title, :summary, :text)"  # noqa: S608
    row = {"title": post.title, "summary": post.summary, "text": articles.plain_text(post)[:MAX_TEXT]}
    cleaned = {name: _clean(value) for name, value in row.items()}
    connection.execute(text(statement).bindparams(bindparam("id")), {"id": post.id, **cleaned})


def _clean(value: str) -> str:
    return unicodedata.normalize("NFC", _CONTROLS.sub(" ", value))


def _parts(snippet: str) -> tuple[tuple[str, bool], ...]:
    parts: list[tuple[str, bool]] = []
    typed = snippet.replace(_LESS, "<").replace(_GREATER, ">")
    for index, piece in enumerate(re.split(f"[{_OPEN}{_CLOSE}]", typed)):
        if piece:
            parts.append((piece, index % 2 == 1))
    return tuple(parts)
