"""The export of comments as CSV, with the filters of the queue."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Blueprint, Response, request, stream_with_context

from demo_blog import moderation
from demo_blog.desk import filters
from demo_blog.desk.filters import Filters
from demo_blog.models import Comment

bp = Blueprint("export", __name__)

CHUNK = 500
"""How many comments are read at once."""

BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets recognise UTF-8 by it. Python reads such a file with the encoding ``utf-8-sig``."""

COLUMNS = (
    "id",
    "post",
    "number",
    "reply_to",
    "created",
    "edited",
    "decided",
    "state",
    "author",
    "email",
    "url",
    "body",
    "format",
    "verdict",
    "score",
    "findings",
    "client",
)

_FORMULA = (*"=+-@\t\r\n|%", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last four are full-width =+-@


@bp.get("/comments.csv")
def page() -> Response:
    """Send every comment that matches the filters, newest first, without keeping them all in memory."""
    wanted = Filters.from_args({"list": "all", **request.args.to_dict()})
    response = Response(stream_with_context(lines(wanted)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="comments-{datetime.now(UTC):%Y-%m-%d}.csv"'
    return response


def lines(wanted: Filters) -> Iterator[str]:
    """Yield the lines of the file (RFC 4180), in groups."""
    yield BYTE_ORDER_MARK + _csv([COLUMNS])
    before: str | None = None
    while True:
        chunk = filters.page(wanted, before=before, after=None, size=CHUNK)
        if chunk.comments:
            yield _csv(row(comment) for comment in chunk.comments)
        if chunk.older is None:
            return
        before = chunk.older


def row(comment: Comment) -> tuple[object, ...]:
    """Return one comment's cells, in the order of ``COLUMNS``."""
    return (
        comment.id,
        safe(comment.post.slug),
        comment.number,
        comment.parent_id,
        comment.created.isoformat(),
        comment.edited and comment.edited.isoformat(),
        comment.decided and comment.decided.isoformat(),
        comment.state,
        safe(comment.author),
        safe(comment.email),
        safe(comment.url),
        safe(comment.body),
        comment.format,
        comment.action,
        comment.score,
        safe("\n".join(moderation.finding_lines(comment))),
        comment.client,
    )


def safe(text: str) -> str:
    """Return a cell that a spreadsheet shows as text. An apostrophe is put before what could be a formula."""
    return f"'{text}" if text.lstrip(" \ufeff\u200b").startswith(_FORMULA) else text


def _csv(rows: Iterator[tuple[object, ...]] | list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
