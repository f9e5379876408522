"""Imports posts and comments from WordPress exports, and redirects WordPress's addresses to the imported posts.

Each post is stored with its comments in one transaction, so readers and writers aren't blocked. What is stored
already isn't imported again, so an import that was interrupted is completed by running it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from textwrap import shorten
from typing import Final, TypeVar

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update

from demo_blog import moderation, wxr
from demo_blog.comment_form import CommentForm
from demo_blog.comment_text import store_domains
from demo_blog.database import db
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState, OldSlug, Post, Tag, TextFormat
from demo_blog.rendering import web_address
from demo_blog.wordpress_records import (
    comment_origin,
    cut,
    free_slug,
    is_public,
    old_addresses,
    origin_of,
    parents_of,
    path_of,
    reason_to_skip,
    state_of,
    tag_names,
)
from demo_blog.wordpress_text import article_source, comment_source, plain
from demo_blog.wxr_records import ExportedComment, ExportedPost

bp = Blueprint("wordpress", __name__)

MAX_COMMENT: Final = 65_525
"""Characters of a comment that are kept. WordPress doesn't accept longer ones."""
SUMMARY: Final = 240
ACTIONS: Final = {CommentState.PUBLISHED: "accept", CommentState.HELD: "hold", CommentState.SPAM: "aside"}
TAUGHT_AT_MOST: Final = 10_000
"""The newest decisions that are taught. The filter keeps as many."""
TEACHING_BATCH: Final = 100
QUERY_SIZE: Final = 500

Item = TypeVar("Item")
Tally = Counter[str]
Progress = Callable[[int], None]


@dataclass
class Plan:
    """What an item adds to the journal. ``post`` is ``None`` for a post that isn't stored yet."""

    exported: ExportedPost
    post: Post | None
    comments: list[ExportedComment]
    parents: Mapping[int, int]
    stored: Mapping[int, int] = field(default_factory=dict)


def survey(files: Iterable[Path]) -> Tally:
    """Read the files and count what an import would do. Raises :class:`~demo_blog.wxr.ExportError`."""
    tally: Tally = Counter()
    for exported in _items(files):
        _plan(exported, tally)
        db.session.expunge_all()
    return tally


def load(files: Iterable[Path], progress: Progress = lambda _: None) -> Tally:
    """Store what isn't stored yet. ``progress`` is called with the number of new comments of each post.

    Raises :class:`~demo_blog.wxr.ExportError`. Call :func:`survey` first, so that a damaged file imports nothing.
    """
    tally: Tally = Counter()
    for exported in _items(files):
        plan = _plan(exported, tally)
        if plan is not None:
            _store(plan)
            db.session.commit()
            progress(len(plan.comments))
        db.session.expunge_all()  # so that memory doesn't grow with the export
    return tally


def untaught() -> Sequence[int]:
    """Return the ids of the imported comments with a decision that the guard hasn't learned, oldest first."""
    pending = (
        select(Comment.id)
        .where(Comment.imported_from.is_not(None), Comment.decided.is_(None), Comment.state != CommentState.HELD)
        .order_by(Comment.created, Comment.id)
    )
    return db.session.scalars(pending).all()


def teach(comment_ids: Sequence[int], progress: Progress = lambda _: None) -> int:
    """Teach the guard the decisions about these comments, and return how many it learned.

    Only the newest ``TAUGHT_AT_MOST`` are taught. ``progress`` is called with the size of each batch.
    """
    older, newest = comment_ids[:-TAUGHT_AT_MOST], comment_ids[-TAUGHT_AT_MOST:]
    learned = 0
    for batch in _batches(newest, TEACHING_BATCH):
        for comment in db.session.scalars(select(Comment).where(Comment.id.in_(batch)).order_by(Comment.created)):
            if moderation.teach(comment):
                comment.decided = datetime.now(UTC)
                learned += 1
        db.session.commit()
        db.session.expunge_all()
        progress(len(batch))
    for batch in _batches(older, QUERY_SIZE):
        db.session.execute(update(Comment).where(Comment.id.in_(batch)).values(decided=datetime.now(UTC)))
        db.session.commit()
    return learned


@bp.before_app_request
def redirect_old_address() -> ResponseReturnValue | None:
    """Redirect ``/?p=12`` and addresses such as ``/2019/05/a-title/`` of an imported post to the post."""
    number = request.args.get("p", "") if request.path == "/" else ""
    address = f"/?p={number}" if number.isdecimal() else path_of(request.path) if request.routing_exception else ""
    if not address or "\0" in address:  # which PostgreSQL refuses
        return None
    old = db.session.get(OldSlug, address)
    if old is None or old.post.draft or request.method not in {"GET", "HEAD"}:
        return None
    return redirect(url_for("posts.show", slug=old.post.slug), 301)


def _items(files: Iterable[Path]) -> Iterator[ExportedPost]:
    for file in files:
        yield from wxr.read(file)


def _plan(exported: ExportedPost, tally: Tally) -> Plan | None:
    """Count what an item adds, and return it. Returns ``None`` for an item that isn't imported."""
    if reason := reason_to_skip(exported):
        tally[reason] += 1
        return None
    post = db.session.scalar(select(Post).where(Post.imported_from == origin_of(exported)))
    tally["known posts" if post else "public posts" if is_public(exported) else "drafts"] += 1
    states = {comment.id: state_of(comment) for comment in exported.comments}
    kept = {comment.id: comment for comment in exported.comments if isinstance(states[comment.id], CommentState)}
    stored = _stored_comments(exported, kept)
    tally.update(state for id_, state in states.items() if id_ not in stored)
    tally["known comments"] += len(stored)
    new = [comment for comment in kept.values() if comment.id not in stored]
    new.sort(key=lambda comment: (comment.created or exported.created or datetime.min.replace(tzinfo=UTC), comment.id))
    parents = parents_of(exported.comments, kept)
    tally["replies without their parent"] += sum(comment.parent > 0 and comment.id not in parents for comment in new)
    return Plan(exported, post, new, parents, stored)


def _stored_comments(exported: ExportedPost, comments: Iterable[int]) -> dict[int, int]:
    """Return the ids of those comments that are stored already, by their number in the export."""
    numbers = {comment_origin(exported, number): number for number in comments}
    stored: dict[int, int] = {}
    for batch in _batches(list(numbers), QUERY_SIZE):
        rows = db.session.execute(select(Comment.imported_from, Comment.id).where(Comment.imported_from.in_(batch)))
        stored |= {numbers[str(origin)]: comment_id for origin, comment_id in rows}
    return stored


def _store(plan: Plan) -> None:
    post = plan.post or _new_post(plan.exported)
    added = {comment.id: _new_comment(comment, plan.exported, post) for comment in plan.comments}
    db.session.add_all(added.values())
    db.session.flush()
    ids = {**plan.stored, **{number: comment.id for number, comment in added.items()}}
    for number, comment in added.items():
        comment.parent_id = ids.get(plan.parents.get(number, 0))
        if comment.state == CommentState.HELD:
            _judge(comment)
    _number([comment for comment in added.values() if comment.published], post)
    db.session.flush()


def _new_post(exported: ExportedPost) -> Post:
    created = exported.created or exported.modified or datetime.now(UTC)
    body = article_source(exported.body)
    slug = free_slug(exported)
    post = Post(
        slug=slug,
        title=cut(plain(exported.title), 200) or "Untitled",
        author=cut(plain(exported.creator), 120) or "Unknown author",
        date=created.date(),
        summary=shorten(plain(exported.excerpt) or plain(body), SUMMARY, placeholder=" …"),
        body=body,
        format=TextFormat.HTML,
        draft=not is_public(exported),
        closed=not exported.takes_comments,
        modified=exported.modified or created,
        imported_from=origin_of(exported),
        tags=[Tag(name=name) for name in tag_names(exported)],
        old_slugs=[OldSlug(slug=address) for address in old_addresses(exported)],
    )
    db.session.add(post)
    return post


def _new_comment(exported: ExportedComment, of: ExportedPost, post: Post) -> Comment:
    state = CommentState(state_of(exported))
    form = CommentForm.from_form(
        {
            "author": plain(exported.author),
            "email": exported.email,
            "url": unescape(exported.url),
            "body": exported.body,
        }
    )
    address = web_address(form.url) or ""
    comment = Comment(
        post=post,
        author=cut(form.author, 245) or "Anonymous",
        email=form.email if len(form.email) <= 100 and "email" not in form.errors() else "",
        url=address if len(address) <= 255 else "",
        body=comment_source(form.body[:MAX_COMMENT]),
        format=TextFormat.HTML,
        created=exported.created or of.created or datetime.now(UTC),
        state=state,
        action=ACTIONS[state],
        noticed=True,
        imported_from=comment_origin(of, exported.id),
    )
    store_domains(comment)
    return comment


def _number(published: Sequence[Comment], post: Post) -> None:
    """Give these comments the next numbers of the post, in the order of their dates."""
    if not published:
        return
    counted = update(Post).where(Post.id == post.id).values(last_number=Post.last_number + len(published))
    last = db.session.scalar(counted.returning(Post.last_number)) or len(published)
    for number, comment in enumerate(published, last - len(published) + 1):
        comment.number = number


def _judge(comment: Comment) -> None:
    """Store what the guard finds in a held comment, for the moderator."""
    verdict = guard.check(moderation.submission_of(comment))
    comment.score = verdict.score
    comment.set_findings(verdict.findings)


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
