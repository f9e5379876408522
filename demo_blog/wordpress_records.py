"""What the records of a WordPress export become in the journal: states, addresses, tags, threads and identifiers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import unquote, urlsplit

from sqlalchemy import select

from demo_blog.database import db
from demo_blog.models import CommentState, OldSlug, Post
from demo_blog.wordpress_text import plain
from demo_blog.wxr import ExportError
from demo_blog.wxr_records import ExportedComment, ExportedPost

DRAFTS: Final = frozenset({"draft", "pending", "private", "future"})
"""Posts with these statuses, and posts with a password, become drafts: they weren't public."""
COMMENT_KINDS: Final = frozenset({"", "comment"})
OTHER_KINDS: Final = {"page": "pages", "attachment": "attachments", "pingback": "pingbacks", "trackback": "trackbacks"}
STATES: Final[Mapping[str, CommentState]] = {
    "1": CommentState.PUBLISHED,
    "approve": CommentState.PUBLISHED,
    "approved": CommentState.PUBLISHED,
    "0": CommentState.HELD,
    "hold": CommentState.HELD,
    "spam": CommentState.SPAM,
}
UNCATEGORISED: Final = "uncategorized"
MAX_SLUG: Final = 90
"""Characters of a slug. The column has room for an ending that makes the slug unique."""
MAX_ADDRESS: Final = 120


def is_public(exported: ExportedPost) -> bool:
    """Whether everybody could read the post."""
    return exported.status == "publish" and not exported.has_password


def reason_to_skip(exported: ExportedPost) -> str:
    """Return why an item isn't imported, or "" for a post that is."""
    if exported.kind != "post":
        return OTHER_KINDS.get(exported.kind, "other items")
    if exported.status != "publish" and exported.status not in DRAFTS:
        return "posts in the trash" if exported.status == "trash" else "posts with another status"
    return "" if exported.id else "posts without a number"


def state_of(comment: ExportedComment) -> str:
    """Return the state of a comment, or why it is skipped."""
    if comment.kind not in COMMENT_KINDS:
        return OTHER_KINDS.get(comment.kind, "comments of other kinds")
    if not comment.id or not comment.body.strip():
        return "comments without a number or text"
    if comment.approved in {"trash", "post-trashed"}:
        return "comments in the trash"
    return STATES.get(comment.approved, "comments with another status")


def parents_of(comments: Iterable[ExportedComment], kept: Collection[int]) -> dict[int, int]:
    """Return the parent of each kept reply. A reply to a comment that isn't kept moves to its nearest kept ancestor."""
    above = {comment.id: comment.parent for comment in comments}
    nearest = {number: number for number in kept}
    for start in above:
        number, passed = start, []
        while number in above and number not in nearest:
            nearest[number] = 0  # for circles of comments that aren't kept
            passed.append(number)
            number = above[number]
        nearest.update(dict.fromkeys(passed, nearest.get(number, 0)))
    return _without_circles({number: nearest.get(above[number], 0) for number in kept})


def _without_circles(parents: Mapping[int, int]) -> dict[int, int]:
    tree = {child: parent for child, parent in parents.items() if parent}
    settled: set[int] = set()
    for start in parents:
        number, passed = start, set[int]()
        while number in tree and number not in settled and number not in passed:
            passed.add(number)
            number = tree[number]
        if number in passed:
            del tree[number]
        settled |= passed
    return tree


def origin_of(exported: ExportedPost) -> str:
    """Return the value of ``Post.imported_from``."""
    return f"{_site(exported)}/?p={exported.id}"


def comment_origin(exported: ExportedPost, number: int) -> str:
    """Return the value of ``Comment.imported_from`` for a comment with this number in the export."""
    return f"{_site(exported)}/#comment-{number}"


def _site(exported: ExportedPost) -> str:
    # The scheme is left out, because many sites moved to https.
    return re.sub(r"^https?://", "", exported.site)[:200].lower()


def free_slug(exported: ExportedPost) -> str:
    """Return a slug that no other post has or had. Raises :class:`~demo_blog.wxr.ExportError` if there is none."""
    wanted = _slug(exported)
    for ending in ("", *map("-{}".format, (*range(2, 10), exported.id, f"{exported.id}-2", f"{exported.id}-3"))):
        slug = wanted + ending
        taken = select(Post.id).where(Post.slug == slug).union_all(select(OldSlug.post_id).where(OldSlug.slug == slug))
        if db.session.scalar(taken) is None:
            return slug
    raise ExportError(f"all addresses for the post {exported.id} are taken, for example {wanted!r}; rename a post")


def _slug(exported: ExportedPost) -> str:
    """Return the post's slug with Unicode letters. WordPress stores these percent-encoded, and may cut one in half."""
    named = unquote(re.sub(r"%[0-9A-Fa-f]?$", "", exported.slug), errors="ignore") or plain(exported.title)
    letters = unicodedata.normalize("NFC", named[:MAX_SLUG]).lower()
    kept = "".join(letter if letter == "_" or unicodedata.category(letter)[0] in "LNM" else "-" for letter in letters)
    return re.sub("-+", "-", kept)[:MAX_SLUG].strip("-") or f"post-{exported.id}"


def tag_names(exported: ExportedPost) -> list[str]:
    """Return the names of the post's categories and tags, in lower case as all tags of the journal."""
    names = {cut(plain(name).lower(), 60) for name in exported.tags}
    return sorted(name for name in names - {UNCATEGORISED} if any(map(str.isalnum, name)))  # "/" has no address


def old_addresses(exported: ExportedPost) -> list[str]:
    """Return the post's addresses in WordPress, relative to the site, that aren't taken."""
    wanted = {f"/?p={exported.id}"}
    with suppress(ValueError):  # not an address
        within = urlsplit(exported.site).path
        wanted |= {path_of(unquote(urlsplit(exported.link).path).removeprefix(within))} - {"/"}
    fitting = [address for address in sorted(wanted) if len(address) <= MAX_ADDRESS]
    taken = set(db.session.scalars(select(OldSlug.slug).where(OldSlug.slug.in_(fitting))))
    return [address for address in fitting if address not in taken]


def path_of(address: str) -> str:
    """Return an address with one slash before it and none after it."""
    return "/" + address.strip("/")


def cut(text: str, length: int) -> str:
    """Return the text with at most ``length`` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"
