"""What a page of ours carries along and shows of a POST: everything of an honest form, and never a page without end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..post.entry import is_private
from ..post.posted import Posted, Upload

#: Characters that fields without a role may have in all, with their names.
MOST_TEXT: Final = 128 * 1024

#: Bytes of markup around all fields of a page. With the rest of the page they stay below 8 KiB.
ROOM: Final = 4096

#: Bytes of markup around one field that is carried, one that is shown, one that sends no file, and one that asks.
CARRIED: Final = len('<input type="hidden" name="" value="">')
SHOWN: Final = len("<dt></dt><dd><pre></pre></dd>")
EMPTY: Final = len('<span hidden><input type="file" name=""></span>\n')
FILE: Final = 165

#: Content types that say enough of a file to ask for one like it. Browsers send the last for what they don't know.
_KIND: Final = re.compile(r"(?!application/octet-stream)[a-z]{1,20}/[a-z0-9.+-]{1,80}")

#: Kinds of files of which people choose any, a photo or another, whatever its format.
MEDIA: Final = frozenset({"image", "audio", "video"})


@dataclass(frozen=True, slots=True)
class FileInput:
    """A file field as a page of ours offers it again; one that was left empty (not ``asked`` for) is sent empty.

    What the form's own field was like doesn't come with a POST. ``several`` says that more than one file was chosen,
    and ``accept`` names the kinds of the chosen files: empty unless the browser knew them all.
    """

    name: str
    asked: bool
    several: bool = False
    accept: str = ""

    @property
    def size(self) -> int:
        """The characters of its markup, without those of its name where a person reads it."""
        return FILE + len(self.accept) if self.asked else EMPTY


@dataclass(frozen=True, slots=True)
class Carried:
    """The ``fields`` of a form that completes the POST, its file inputs, and the ``shown`` texts.

    ``complete`` says that no field is missing from the form, or without a form, no text from what is shown.
    """

    fields: tuple[tuple[str, str], ...]
    files: tuple[FileInput, ...]
    shown: tuple[tuple[str, str], ...]
    complete: bool
    multipart: bool = False


def carry(posted: Posted, *, in_form: bool = True) -> Carried:
    """Choose what a page carries along, if it has a form, and shows: fields with a role always, others as they fit.

    A page may be as large as twice the text that was posted, for each field can stand in it twice, and ``ROOM``.
    """
    files = _file_inputs(posted.files)
    roles, others = _split(posted)
    room = ROOM - sum(file.size for file in files) * in_form - len(roles) * (CARRIED * in_form + SHOWN)
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
        files=files,
        shown=_chosen(posted, shown | readable_roles),
        complete=carries_all if in_form else len(shown) == len(readable),
        multipart=posted.multipart,
    )


def _file_inputs(uploads: Iterable[Upload]) -> tuple[FileInput, ...]:
    """Return one input for all chosen files of a name, and one for each field left empty, in their order."""
    inputs: list[FileInput | str] = []
    kinds: dict[str, list[str]] = {}
    for upload in uploads:
        if not upload.chosen:
            inputs.append(FileInput(upload.name, asked=False))
            continue
        if upload.name not in kinds:
            kinds[upload.name] = []
            inputs.append(upload.name)
        kinds[upload.name].append(upload.kind)
    return tuple(_asking(one, kinds[one]) if isinstance(one, str) else one for one in inputs)


def _asking(name: str, kinds: list[str]) -> FileInput:
    return FileInput(name, asked=True, several=len(kinds) > 1, accept=_accept(kinds))


def _accept(kinds: list[str]) -> str:
    """Return what an input that takes files of these content types accepts."""
    if not all(_KIND.fullmatch(kind) for kind in kinds):
        return ""
    families = [(kind, kind.partition("/")[0]) for kind in kinds]
    return ",".join(dict.fromkeys(f"{family}/*" if family in MEDIA else kind for kind, family in families))


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
