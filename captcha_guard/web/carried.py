"""What a page of ours carries along and shows of a POST: everything of an honest form, and never a page without end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .entry import is_private
from .posted import Posted

#: Characters that fields without a role may have in all, with their names.
MOST_TEXT: Final = 128 * 1024

#: Bytes of markup around all fields of a page. With the rest of the page they stay below 8 KiB.
ROOM: Final = 4096

#: Bytes of markup around one field that is carried, one that is shown, and one that asks for a file again.
CARRIED: Final = len('<input type="hidden" name="" value="">')
SHOWN: Final = len("<dt></dt><dd><pre></pre></dd>")
FILE: Final = 190


@dataclass(frozen=True, slots=True)
class Carried:
    """The ``fields`` of a form that completes the POST, the ``files`` to choose again (name, several), the ``shown``.

    ``complete`` says that no field is missing from the form, or without a form, no text from what is shown.
    """

    fields: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, bool], ...]
    shown: tuple[tuple[str, str], ...]
    complete: bool


def carry(posted: Posted, *, in_form: bool = True) -> Carried:
    """Choose what a page carries along, if it has a form, and shows: fields with a role always, others as they fit.

    A page may be as large as twice the text that was posted, for each field can stand in it twice, and ``ROOM``.
    """
    files = Counter(posted.files)
    roles, others = _split(posted)
    room = ROOM - FILE * len(files) * in_form - len(roles) * (CARRIED * in_form + SHOWN)
    kept: set[int] = set()
    text = MOST_TEXT
    for index in others:
        length = sum(map(len, posted.values[index]))
        if length > text:
            continue
        kept.add(index)
        text -= length
        room += length - CARRIED if in_form else 2 * length
    carries_all = len(kept) == len(others) and room >= 0
    shown: set[int] = set()
    readable = [index for index in others if _is_readable(*posted.values[index])]
    for index in sorted(kept.intersection(readable), key=lambda index: -len(posted.values[index][1])):
        length = sum(map(len, posted.values[index]))
        if room < length + SHOWN:
            continue
        shown.add(index)
        room -= length + SHOWN
    readable_roles = {index for index in roles if _is_readable(*posted.values[index])}
    return Carried(
        fields=_chosen(posted, kept.union(roles)),
        files=tuple((name, times > 1) for name, times in files.items()),
        shown=_chosen(posted, shown | readable_roles),
        complete=carries_all if in_form else len(shown) == len(readable),
    )


def _split(posted: Posted) -> tuple[list[int], list[int]]:
    """Return which fields have a role, once per name, and which don't."""
    roles: list[int] = []
    others: list[int] = []
    found: set[str] = set()
    for index, (name, _) in enumerate(posted.values):
        if name in posted.roles and name not in found:
            found.add(name)
            roles.append(index)
        else:
            others.append(index)
    return roles, others


def _is_readable(name: str, value: str) -> bool:
    return bool(value.strip()) and not is_private(name)


def _chosen(posted: Posted, indexes: Iterable[int]) -> tuple[tuple[str, str], ...]:
    return tuple(posted.values[index] for index in sorted(indexes))
