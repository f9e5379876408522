"""The records of a WordPress export (WXR 1.0 to 1.2): posts and comments, made from the texts of its elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_DATE: Final = "%Y-%m-%d %H:%M:%S"
_SITE: Final = ("wp:base_blog_url", "link", "wp:base_site_url")

Record = dict[str, str]
"""The texts of an element's children, by their names with WordPress's usual prefixes."""


@dataclass(frozen=True)
class ExportedComment:
    """One comment. ``created`` is ``None`` if the export has no valid time. Without an id, ``id`` is 0."""

    id: int
    author: str
    email: str
    url: str
    body: str
    created: datetime | None
    approved: str
    kind: str
    parent: int


@dataclass(frozen=True)
class ExportedPost:
    """One item: a post, or a page, an attachment and so on. ``site`` is the address of the blog, without a slash.

    ``creator`` is the author's display name. Times are ``None`` if the export has no valid one.
    """

    site: str
    id: int
    kind: str
    status: str
    has_password: bool
    title: str
    slug: str
    link: str
    creator: str
    body: str
    excerpt: str
    created: datetime | None
    modified: datetime | None
    takes_comments: bool
    tags: tuple[str, ...]
    comments: tuple[ExportedComment, ...]


def exported_post(
    channel: Record, names: Mapping[str, str], fields: Record, tags: Sequence[str], comments: Sequence[Record]
) -> ExportedPost:
    """Return an item. ``names`` are the display names of the site's authors, by their log-in names."""
    creator = fields.get("dc:creator", "")
    return ExportedPost(
        site=next((channel[name] for name in _SITE if channel.get(name)), "").rstrip("/"),
        id=_number(fields.get("wp:post_id", "")),
        kind=fields.get("wp:post_type", "").strip(),
        status=fields.get("wp:status", "").strip(),
        has_password=bool(fields.get("wp:post_password", "").strip()),
        title=fields.get("title", ""),
        slug=fields.get("wp:post_name", "").strip(),
        link=fields.get("link", "").strip(),
        creator=names.get(creator, creator),
        body=fields.get("content:encoded", ""),
        excerpt=fields.get("excerpt:encoded", ""),
        created=_first_time(fields, "wp:post_date_gmt", "wp:post_date"),
        modified=_first_time(fields, "wp:post_modified_gmt"),
        takes_comments=fields.get("wp:comment_status", "open").strip() == "open",
        tags=tuple(tags),
        comments=tuple(map(_exported_comment, comments)),
    )


def _exported_comment(fields: Record) -> ExportedComment:
    def of(name: str) -> str:
        return fields.get(f"wp:comment_{name}", "")

    return ExportedComment(
        id=_number(of("id")),
        author=of("author"),
        email=of("author_email"),
        url=of("author_url"),
        body=of("content"),
        created=_first_time(fields, "wp:comment_date_gmt", "wp:comment_date"),
        approved=of("approved").strip(),
        kind=of("type").strip(),
        parent=_number(of("parent")),
    )


def parse_time(text: str) -> datetime | None:
    """Return a time of the export in UTC, or ``None`` for an invalid one such as ``0000-00-00 00:00:00``."""
    try:
        return datetime.strptime(text.strip(), _DATE).replace(tzinfo=UTC)
    except ValueError:
        return None


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else 0


def _first_time(fields: Record, *names: str) -> datetime | None:
    return next((time for name in names if (time := parse_time(fields.get(name, "")))), None)
