"""Which text of a comment an owner has read. Its author may edit the comment while it is open at the desk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from demo_blog.models import Comment


def version(comment: Comment) -> str:
    """Return the comment's id and a hash of everything that its author can change, for a hidden field."""
    written = "\0".join((comment.author, comment.email, comment.url, comment.body))
    return f"{comment.id}-{hashlib.sha256(written.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def versions(comments: Iterable[Comment]) -> str:
    """Return the versions of several comments."""
    return ",".join(map(version, comments))


def has_changed(comment: Comment, seen: str) -> bool:
    """Whether ``seen``, the versions that a page showed, names another version of this comment."""
    return any(one.partition("-")[0] == str(comment.id) and one != version(comment) for one in seen.split(","))
