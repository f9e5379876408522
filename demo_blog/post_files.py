"""Reads the posts' sources, which are Markdown files with front matter, and loads them into the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from sqlalchemy import func, select

from demo_blog import front_matter
from demo_blog.database import db
from demo_blog.front_matter import PostFileError
from demo_blog.models import Comment, OldSlug, Post, Tag, TextFormat

FOLDER = Path(__file__).parent / "content"

COLUMNS = ("slug", "title", "author", "date", "summary", "body", "series", "part", "draft", "format")
"""The fields of a :class:`PostFile` that are columns of the post."""


@dataclass(frozen=True)
class PostFile:
    """The front matter and the text of one file.

    ``was`` are its earlier names. ``closed`` is ``None`` if the file doesn't say whether readers can comment.
    """

    slug: str
    title: str
    author: str
    date: date
    summary: str
    body: str
    series: str | None = None
    part: int | None = None
    tags: tuple[str, ...] = ()
    draft: bool = False
    closed: bool | None = None
    was: tuple[str, ...] = ()
    format: str = TextFormat.MARKDOWN


@dataclass(frozen=True)
class LoadResult:
    """How many posts were added, changed and left unchanged."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def read(path: Path) -> PostFile:
    """Read one file. Its name without ``.md`` is the slug. Raises :class:`PostFileError`."""
    if not front_matter.is_slug(path.stem):
        raise PostFileError(f"{path}: the file's name becomes the post's address; use a-z, 0-9 and single hyphens")
    head, body = front_matter.read(path)
    series, part = head.series()
    return PostFile(
        slug=path.stem,
        title=head.text("title"),
        author=head.text("author"),
        date=head.day(),
        summary=head.text("summary"),
        body=body,
        series=series,
        part=part,
        tags=head.tags(),
        draft=head.flag("draft"),
        closed=head.flag("closed") if "closed" in head else None,
        was=head.old_slugs(),
    )


def read_all(folder: Path = FOLDER) -> list[PostFile]:
    """Read every ``*.md`` in ``folder``. Raises :class:`PostFileError` for the first invalid file."""
    files = [read(path) for path in sorted(folder.glob("*.md"))]
    if not files:
        raise PostFileError(f"{folder} contains no .md file; put the journal's posts there")
    return files


def load(files: Sequence[PostFile], now: datetime | None = None) -> LoadResult:
    """Add or update the post of each file. Comments, and posts without a file, are kept.

    A post is found by its slug, or else by an earlier one. Its earlier address then redirects to the new one. ``now``
    is the time of a change. Raises :class:`PostFileError`, and changes nothing, if two posts claim the same address.
    """
    _check(files)
    now = now or datetime.now(UTC)
    slugs = {file.slug for file in files}
    added = changed = 0
    try:
        _clear_changed_parts(files)
        for file in files:
            post = Post.by_slug(file.slug)
            renamed = _renamed(file, post, slugs)
            post = renamed or post
            if post is None:
                post = Post(modified=datetime.combine(file.date, time.min, UTC))
                _copy(file, post)
                db.session.add(post)
                added += 1
            elif _differs(file, post):
                _copy(file, post)
                post.modified = now
                changed += 1
            elif renamed:
                changed += 1
            _check_part(post)
            _redirect(file, post)
            db.session.flush()
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    return LoadResult(added=added, changed=changed, unchanged=len(files) - added - changed)


def _check(files: Sequence[PostFile]) -> None:
    """Raise :class:`PostFileError` if an address or a part of a series is claimed twice."""
    claims = Counter(slug for file in files for slug in (file.slug, *file.was))
    for file in files:
        for slug in file.was:
            if claims[slug] > 1:
                raise PostFileError(
                    f"{file.slug}.md: was names {slug!r}, which is also the address of another file, or in its was; "
                    "an address can lead to one post only"
                )
    parts: dict[tuple[str, int | None], str] = {}
    for file in files:
        if file.series and (other := parts.setdefault((file.series, file.part), file.slug)) != file.slug:
            raise PostFileError(f"{file.slug}.md: {other}.md is also part {file.part} of {file.series!r}")


def _clear_changed_parts(files: Sequence[PostFile]) -> None:
    """Remove posts from the parts that they no longer have, so that two posts can swap their parts."""
    for file in files:
        post = Post.by_slug(file.slug)
        if post is not None and (post.series, post.part) != (file.series, file.part):
            post.series = post.part = None
    db.session.flush()


def _check_part(post: Post) -> None:
    with db.session.no_autoflush:
        same = select(Post).where(Post.series == post.series, Post.part == post.part, Post.id != post.id)
        other = db.session.scalar(same) if post.series else None
    if other is not None:
        raise PostFileError(
            f"{post.slug}.md: the post {other.slug!r} in the database is also part {post.part} of {post.series!r}; "
            f"if the file had that name before, add 'was: {other.slug}' to its front matter"
        )


def _renamed(file: PostFile, post: Post | None, slugs: set[str]) -> Post | None:
    """Return the post that had an earlier name of ``file``, with its new slug, or ``None`` if there isn't one."""
    for slug in file.was:
        earlier = Post.by_slug(slug)
        if earlier is None:
            continue
        if post is not None:  # the file was loaded under its new name before it named the old one
            _delete_copy(file, post, slug)
            post = None
        return _rename(earlier, file.slug)
    before = db.session.get(OldSlug, file.slug)
    if post is None and before is not None and before.post.slug not in slugs:
        return _rename(before.post, file.slug)  # the file got back a name that it had before
    return None


def _delete_copy(file: PostFile, copy: Post, slug: str) -> None:
    if comments := db.session.scalar(select(func.count()).where(Comment.post_id == copy.id)):
        raise PostFileError(
            f"{file.slug}.md: was names {slug!r}, but both are posts in the database, and {file.slug!r} has comments "
            f"({comments}); remove {slug!r} from was, or delete one of the posts"
        )
    db.session.delete(copy)
    db.session.flush()


def _rename(post: Post, slug: str) -> Post:
    post.old_slugs.append(OldSlug(slug=post.slug))
    post.slug = slug
    return post


def _redirect(file: PostFile, post: Post) -> None:
    """Let the file's earlier names lead to ``post``, and its own name to no other post."""
    with db.session.no_autoflush:
        own = db.session.get(OldSlug, file.slug)
    if own is not None:
        own.post.old_slugs.remove(own)
    known = {old.slug for old in post.old_slugs}
    for slug in file.was:
        other = db.session.get(OldSlug, slug)
        if other is not None and other.post_id != post.id:
            raise PostFileError(
                f"{file.slug}.md: was names {slug!r}, an address that leads to {other.post.slug!r} already; "
                "remove it from was"
            )
        if slug not in known:
            post.old_slugs.append(OldSlug(slug=slug))


def _differs(file: PostFile, post: Post) -> bool:
    if any(getattr(post, name) != getattr(file, name) for name in COLUMNS):
        return True
    if file.closed is not None and post.closed != file.closed:
        return True
    return tuple(tag.name for tag in post.tags) != file.tags


def _copy(file: PostFile, post: Post) -> None:
    for name in COLUMNS:
        setattr(post, name, getattr(file, name))
    if file.closed is not None:
        post.closed = file.closed
    known = {tag.name: tag for tag in post.tags}
    post.tags = [known.get(name) or Tag(name=name) for name in file.tags]
