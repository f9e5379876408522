"""Comments that a site has already, as lines of JSON, to teach the filter from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import click

from ..spam.submission import Submission

#: What a line looks like; everything but body and spam may be left out.
SHAPE: Final = '{"body": "...", "author": "...", "url": "...", "spam": false}'

_TEXTS: Final = ("body", "author", "email", "url", "scope")


class Told(NamedTuple):
    """A comment, and what a moderator thinks of it."""

    submission: Submission
    spam: bool


def read_comments(name: str, lines: Iterable[bytes]) -> Iterator[Told]:
    """Return the comments of a file; empty lines are skipped.

    :raises click.ClickException: a line is no comment; the message names the file and the line, and what is right.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _comment(json.loads(line.decode("utf-8-sig").strip()))
        except (ValueError, TypeError, RecursionError) as error:
            raise click.ClickException(
                f"{name}, line {number}: {_told(error)}; a line is to be like {SHAPE}"
            ) from error


def _comment(said: object) -> Told:
    if not isinstance(said, dict):
        raise TypeError("it is no object")
    if strange := sorted(set(said) - {*_TEXTS, "spam"}):
        raise ValueError(f"{strange[0]!r} is no field of a comment")
    spam = said.get("spam")
    if not isinstance(spam, bool):
        raise TypeError('"spam" is missing' if "spam" not in said else f'"spam" is {spam!r}, not true or false')
    texts = {field: said.get(field) or "" for field in _TEXTS}
    if wrong := [field for field, text in texts.items() if not isinstance(text, str)]:
        raise TypeError(f'"{wrong[0]}" is no text')
    if not texts["body"].strip():
        raise ValueError('"body" is missing or empty')
    body, author, email, url, scope = texts.values()
    return Told(Submission(scope=scope, body=body, author=author, email=email, url=url), spam)


def _told(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON ({error.msg}, column {error.colno})"
    if isinstance(error, UnicodeDecodeError):
        return "it is no UTF-8"
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)
