"""Every text of a POST with the name of its field, in the order in which it was sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from werkzeug.exceptions import RequestEntityTooLarge

from .sizes import MOST_FIELDS

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage, MultiDict

#: Parts of field names whose values are secrets: never stored, learned, sent to services or shown.
PRIVATE_PARTS: Final = ("csrf", "token", "password", "passwd", "secret")

#: JSON below this depth is judged like all other text, but ``fields`` and ``ignore`` can't name it.
DEEPEST_PATH: Final = 16

_PRIVATE: Final = re.compile("|".join(PRIVATE_PARTS))
_NAME: Final = re.compile(r"[\w.\-\[\]:$]{0,64}")


class Place(Enum):
    """The part of a request that a text comes from."""

    FORM = "form"
    JSON = "json"
    QUERY = "query"
    FILE = "file"
    NAME = "name"


class Entry(NamedTuple):
    """One text of a POST. It's a tuple because there may be thousands.

    ``name`` is the name of its field. In JSON it's the dotted path (``comment.text``, ``tags.0``), or "" if the path is
    too deep or contains a key that doesn't look like a name. A ``FILE`` entry is a file's name. A ``NAME`` entry is a
    field name or JSON key that looks like text, not like a name. ``private`` marks values of fields named like
    passwords.
    """

    name: str
    value: str
    place: Place
    private: bool = False


def is_private(name: str) -> bool:
    """Return whether a field with this name holds a secret."""
    return _PRIVATE.search(name.lower()) is not None


def is_name(name: str) -> bool:
    """Return whether this looks like the name of a field (``body``, ``c-body``, ``comment[body]``), not like text."""
    return _NAME.fullmatch(name) is not None and "www." not in name.lower()


def form_entries(pairs: Iterable[tuple[str | None, str]]) -> list[Entry]:
    """Return the fields of a form."""
    return list(_named(pairs, Place.FORM))


def query_entries(args: MultiDict[str, str]) -> list[Entry]:
    """Return the arguments of a query string."""
    return list(_named(args.items(multi=True), Place.QUERY))


def file_entries(files: MultiDict[str, FileStorage]) -> list[Entry]:
    """Return the names of uploaded files. Their contents aren't read."""
    return list(_named(((name, file.filename or "") for name, file in files.items(multi=True)), Place.FILE))


def json_entries(document: object, ignore: Collection[str]) -> list[Entry]:
    """Return the texts of a JSON document at any depth, except those at or below a path in ``ignore``.

    Raises ``RequestEntityTooLarge`` for more than ``MOST_FIELDS`` keys, texts, lists and objects. It doesn't recurse,
    so that deep nesting can't exhaust the stack.
    """
    if isinstance(document, str):
        return [Entry("", document, Place.JSON)]
    found: list[Entry] = []
    seen = 0
    waiting = [_members(document, "", 0, private=False)]
    while waiting:
        for path, depth, value, private, key in waiting[-1]:
            seen += 1
            if seen > MOST_FIELDS:
                raise RequestEntityTooLarge
            if key and not is_name(key):
                found.append(Entry("", key, Place.NAME))
            if path and path in ignore:
                continue
            if isinstance(value, str):
                found.append(Entry(path, value, Place.JSON, private))
            elif isinstance(value, (dict, list)):
                waiting.append(_members(value, path, depth, private=private))
                break
        else:
            waiting.pop()
    return found


def _named(pairs: Iterable[tuple[str | None, str]], place: Place) -> Iterator[Entry]:
    for given, value in pairs:
        name = given or ""  # a part of a multipart form may have none
        if not is_name(name):
            yield Entry("", name, Place.NAME)
        yield Entry(name, value, place, is_private(name))


def _members(value: object, path: str, depth: int, *, private: bool) -> Iterator[tuple[str, int, object, bool, str]]:
    """Yield path, depth, value, privacy and key of each member of an object or list. Numbers in lists are skipped."""
    named = depth == 0 or (bool(path) and depth < DEEPEST_PATH)
    before = f"{path}." if path else ""
    if isinstance(value, dict):
        for key, member in value.items():
            inside = f"{before}{key}" if named and is_name(key) else ""
            yield inside, depth + 1, member, private or is_private(key), key
    elif isinstance(value, list):
        for number, member in enumerate(value):
            if isinstance(member, (str, dict, list)):
                yield f"{before}{number}" if named else "", depth + 1, member, private, ""
