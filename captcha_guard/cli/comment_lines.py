"""Reads a site's existing comments, one JSON object per line, to teach them to the filter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import click

from ..spam.submission import Submission

#: The shape of a line. Everything but body and spam is optional.
SHAPE: Final = '{"body": "...", "author": "...", "url": "...", "spam": false}'

_TEXTS: Final = ("body", "author", "email", "url", "scope")


class LabelledComment(NamedTuple):
    """A comment and its label."""

    submission: Submission
    spam: bool


def read_comments(name: str, lines: Iterable[bytes]) -> Iterator[LabelledComment]:
    """Return the comments of a file. Empty lines are skipped.

    :raises click.ClickException: a line is invalid. The message names the file and the line, and shows a valid line.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _comment(json.loads(line.decode("utf-8-sig").strip()))
        except (ValueError, TypeError, RecursionError) as error:
            raise click.ClickException(
                f"{name}, line {number}: {_problem(error)}; write each line like {SHAPE}"
            ) from error


def _comment(line: object) -> LabelledComment:
    if not isinstance(line, dict):
        raise TypeError("not a JSON object")
    if unknown := sorted(set(line) - {*_TEXTS, "spam"}):
        raise ValueError(f"{unknown[0]!r} isn't a field of a comment")
    spam = line.get("spam")
    if not isinstance(spam, bool):
        raise TypeError('"spam" is missing' if "spam" not in line else f'"spam" is {spam!r}, not true or false')
    texts = {field: line.get(field) or "" for field in _TEXTS}
    if wrong := [field for field, text in texts.items() if not isinstance(text, str)]:
        raise TypeError(f'"{wrong[0]}" isn\'t a string')
    if not texts["body"].strip():
        raise ValueError('"body" is missing or empty')
    body, author, email, url, scope = texts.values()
    return LabelledComment(Submission(scope=scope, body=body, author=author, email=email, url=url), spam)


def _problem(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON ({error.msg}, column {error.colno})"
    if isinstance(error, UnicodeDecodeError):
        return "not valid UTF-8"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
