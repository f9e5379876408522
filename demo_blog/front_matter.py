"""Reads the front matter of a post's file: lines ``key: value`` between two lines ``---``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

FENCE: Final = "---"

REQUIRED: Final = ("title", "date", "author", "summary")
OPTIONAL: Final = ("series", "part", "tags", "draft", "closed", "was")

MAX_LENGTHS: Final[Mapping[str, int]] = {"title": 200, "author": 120, "series": 200}
MAX_TAG: Final = 60
MAX_SLUG: Final = 120

_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_YES_OR_NO: Final = {"yes": True, "no": False}


class PostFileError(ValueError):
    """A file in the content folder is invalid. The message names the file and the fix."""


class FrontMatter:
    """The front matter of the file ``path``. Each method reads one value, or raises :class:`PostFileError`."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        self._path = path
        self._values: dict[str, str] = {}
        for line in lines:
            key, colon, value = (part.strip() for part in line.partition(":"))
            if not colon or not value or key not in REQUIRED + OPTIONAL or key in self._values:
                raise PostFileError(
                    f"{path}: {line!r} isn't front matter; write 'key: value', each key once; "
                    f"the keys are {', '.join(REQUIRED + OPTIONAL)}"
                )
            self._values[key] = value
        if missing := [key for key in REQUIRED if key not in self._values]:
            raise PostFileError(f"{path}: add {', '.join(missing)} to the front matter")
        if ("series" in self._values) != ("part" in self._values):
            raise PostFileError(f"{path}: has only one of series and part; give both or neither")

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def text(self, key: str) -> str:
        """Return the value of a required key."""
        value = self._values[key]
        if len(value) > MAX_LENGTHS.get(key, len(value)):
            raise PostFileError(
                f"{self._path}: {key} has {len(value)} characters; at most {MAX_LENGTHS[key]} are allowed"
            )
        return value

    def day(self) -> date:
        """Return the date."""
        value = self._values["date"]
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise PostFileError(f"{self._path}: date is {value!r}; write it as 2026-03-14") from None

    def series(self) -> tuple[str | None, int | None]:
        """Return the series and the part, which is numbered from 1, or twice ``None``."""
        if "series" not in self._values:
            return None, None
        value = self._values["part"]
        if not (value.isdecimal() and int(value) >= 1):
            raise PostFileError(f"{self._path}: part is {value!r}; parts are numbered 1, 2, 3")
        return self.text("series"), int(value)

    def flag(self, key: str) -> bool:
        """Return whether ``key`` is ``yes``. Without the key it isn't."""
        value = self._values.get(key, "no")
        if value not in _YES_OR_NO:
            raise PostFileError(f"{self._path}: {key} is {value!r}; write yes or no")
        return _YES_OR_NO[value]

    def tags(self) -> tuple[str, ...]:
        """Return the tags, in lower case and sorted."""
        tags = sorted({" ".join(tag.lower().split()) for tag in self._values.get("tags", "").split(",")} - {""})
        if long := [tag for tag in tags if len(tag) > MAX_TAG]:
            raise PostFileError(
                f"{self._path}: the tag {long[0]!r} is too long; at most {MAX_TAG} characters are allowed"
            )
        return tuple(tags)

    def old_slugs(self) -> tuple[str, ...]:
        """Return the file's earlier names, without ``.md``."""
        names = [name.strip().removesuffix(".md") for name in self._values.get("was", "").split(",")]
        for name in names if "was" in self._values else ():
            if not is_slug(name):
                raise PostFileError(f"{self._path}: was names {name!r}, which can't be a post's address")
            if name == self._path.stem:
                raise PostFileError(f"{self._path}: was names the file itself; give only earlier names")
        return tuple(sorted({*names} - {""}))


def read(path: Path) -> tuple[FrontMatter, str]:
    """Return the front matter and the Markdown text of a file. Raises :class:`PostFileError`."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise PostFileError(f"{path}: byte {error.start + 1:,} isn't UTF-8; save the file as UTF-8") from None
    if not lines or lines[0] != FENCE or FENCE not in lines[1:]:
        raise PostFileError(f"{path}: begin with a line '{FENCE}', the front matter, and '{FENCE}' again")
    end = lines.index(FENCE, 1)
    return FrontMatter(path, lines[1:end]), "\n".join(lines[end + 1 :]).strip() + "\n"


def is_slug(name: str) -> bool:
    """Whether ``name`` can be a post's address: a-z, 0-9 and single hyphens."""
    return len(name) <= MAX_SLUG and _SLUG.fullmatch(name) is not None
