"""Reads the posts' sources, which are Markdown files with front matter, and loads them into the database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

from sqlalchemy import select

from demo_blog.database import db
from demo_blog.models import Post

FOLDER = Path(__file__).parent / "content"
FENCE = "---"
REQUIRED = ("title", "date", "author", "summary")
OPTIONAL = ("series", "part")


class PostFileError(ValueError):
    """A file in the content folder is invalid. The message names the file and the fix."""


@dataclass(frozen=True)
class PostFile:
    """The front matter and the text of one file."""

    slug: str
    title: str
    author: str
    date: date
    summary: str
    body: str
    series: str | None = None
    part: int | None = None


@dataclass(frozen=True)
class LoadResult:
    """How many posts were added, changed and left unchanged."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def read(path: Path) -> PostFile:
    """Read one file. Its name without ``.md`` is the slug. Raises :class:`PostFileError`."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.stem):
        raise PostFileError(f"{path}: the file's name becomes the post's address; use a-z, 0-9 and single hyphens")
    head, body = _split(path, path.read_text("utf-8"))
    if missing := [key for key in REQUIRED if key not in head]:
        raise PostFileError(f"{path}: add {', '.join(missing)} to the front matter")
    if ("series" in head) != ("part" in head):
        raise PostFileError(f"{path}: has only one of series and part; give both or neither")
    return PostFile(
        slug=path.stem,
        title=head["title"],
        author=head["author"],
        date=_date(path, head["date"]),
        summary=head["summary"],
        body=body,
        series=head.get("series"),
        part=_part(path, head["part"]) if "part" in head else None,
    )


def read_all(folder: Path = FOLDER) -> list[PostFile]:
    """Read every ``*.md`` in ``folder``. Raises :class:`PostFileError` for the first invalid file."""
    files = [read(path) for path in sorted(folder.glob("*.md"))]
    if not files:
        raise PostFileError(f"{folder} contains no .md file; put the journal's posts there")
    return files


def load(files: Sequence[PostFile]) -> LoadResult:
    """Add or update the post of each file, found by slug. Comments, and posts without a file, are kept."""
    known = {post.slug: post for post in db.session.scalars(select(Post))}
    added = changed = 0
    for file in files:
        values = asdict(file)
        post = known.get(file.slug)
        if post is None:
            db.session.add(Post(**values))
            added += 1
        elif any(getattr(post, field.name) != values[field.name] for field in fields(file)):
            for name, value in values.items():
                setattr(post, name, value)
            changed += 1
    db.session.commit()
    return LoadResult(added=added, changed=changed, unchanged=len(files) - added - changed)


def _split(path: Path, text: str) -> tuple[dict[str, str], str]:
    lines = text.splitlines()
    if not lines or lines[0] != FENCE or FENCE not in lines[1:]:
        raise PostFileError(f"{path}: begin with a line '{FENCE}', the front matter, and '{FENCE}' again")
    end = lines.index(FENCE, 1)
    head: dict[str, str] = {}
    for line in lines[1:end]:
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not value or key not in REQUIRED + OPTIONAL or key in head:
            raise PostFileError(
                f"{path}: {line!r} isn't front matter; write 'key: value', each key once; "
                f"the keys are {', '.join(REQUIRED + OPTIONAL)}"
            )
        head[key] = value
    return head, "\n".join(lines[end + 1 :]).strip() + "\n"


def _date(path: Path, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PostFileError(f"{path}: date is {value!r}; write it as 2026-03-14") from None


def _part(path: Path, value: str) -> int:
    if not (value.isdecimal() and int(value) >= 1):
        raise PostFileError(f"{path}: part is {value!r}; parts are numbered 1, 2, 3")
    return int(value)
