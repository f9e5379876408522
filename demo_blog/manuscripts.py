"""The originals: Markdown files with a few words of front matter, and their way into the database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

from sqlalchemy import select

from demo_blog.database import db
from demo_blog.models import Post

FOLDER = Path(__file__).parent / "posts"
FENCE = "---"
REQUIRED = ("title", "date", "author", "summary")
OPTIONAL = ("series", "part")


class ManuscriptError(ValueError):
    """A file in the posts folder is not a manuscript; the message names it and says how to mend it."""


@dataclass(frozen=True)
class Manuscript:
    """One article as its author handed it in."""

    slug: str
    title: str
    author: str
    date: date
    summary: str
    body: str
    series: str | None = None
    part: int | None = None


@dataclass(frozen=True)
class Loaded:
    """How many posts a load added, changed and found as they were."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def read(path: Path) -> Manuscript:
    """Read one file; its name without ``.md`` is the slug. Raises :class:`ManuscriptError`."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.stem):
        raise ManuscriptError(f"{path}: the name becomes the address; use a-z, 0-9 and single hyphens")
    head, body = _split(path, path.read_text("utf-8"))
    if missing := [key for key in REQUIRED if key not in head]:
        raise ManuscriptError(f"{path}: add {', '.join(missing)} to the front matter")
    if ("series" in head) != ("part" in head):
        raise ManuscriptError(f"{path}: series and part go together; give both or neither")
    return Manuscript(
        slug=path.stem,
        title=head["title"],
        author=head["author"],
        date=_date(path, head["date"]),
        summary=head["summary"],
        body=body,
        series=head.get("series"),
        part=_part(path, head["part"]) if "part" in head else None,
    )


def read_all(folder: Path = FOLDER) -> list[Manuscript]:
    """Read every ``*.md`` in ``folder``. Raises :class:`ManuscriptError` for the first that is none."""
    manuscripts = [read(path) for path in sorted(folder.glob("*.md"))]
    if not manuscripts:
        raise ManuscriptError(f"{folder} holds no .md file; the journal's posts belong there")
    return manuscripts


def load(manuscripts: Sequence[Manuscript]) -> Loaded:
    """Bring the posts table up to ``manuscripts``, by slug. Comments, and posts without a file, stay."""
    known = {post.slug: post for post in db.session.scalars(select(Post))}
    added = changed = 0
    for manuscript in manuscripts:
        values = asdict(manuscript)
        post = known.get(manuscript.slug)
        if post is None:
            db.session.add(Post(**values))
            added += 1
        elif any(getattr(post, field.name) != values[field.name] for field in fields(manuscript)):
            for name, value in values.items():
                setattr(post, name, value)
            changed += 1
    db.session.commit()
    return Loaded(added=added, changed=changed, unchanged=len(manuscripts) - added - changed)


def _split(path: Path, text: str) -> tuple[dict[str, str], str]:
    lines = text.splitlines()
    if not lines or lines[0] != FENCE or FENCE not in lines[1:]:
        raise ManuscriptError(f"{path}: begin with a line '{FENCE}', the front matter, and '{FENCE}' again")
    end = lines.index(FENCE, 1)
    head: dict[str, str] = {}
    for line in lines[1:end]:
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not value or key not in REQUIRED + OPTIONAL or key in head:
            raise ManuscriptError(
                f"{path}: {line!r} is no front matter; write 'key: value', each once, with "
                f"{', '.join(REQUIRED + OPTIONAL)}"
            )
        head[key] = value
    return head, "\n".join(lines[end + 1 :]).strip() + "\n"


def _date(path: Path, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ManuscriptError(f"{path}: date is {value!r}; write it as 2026-03-14") from None


def _part(path: Path, value: str) -> int:
    if not (value.isdecimal() and int(value) >= 1):
        raise ManuscriptError(f"{path}: part is {value!r}; parts are counted 1, 2, 3")
    return int(value)
