"""Chooses the fields of a POST that our pages carry and show. Normal forms fit, and the page size is limited."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..post.entry import is_private
from ..post.posted import Posted, Upload

#: The most characters of all fields without a role together, including their names.
MOST_TEXT: Final = 128 * 1024

#: The most bytes of markup around all fields of a page. With the rest of the page this stays below 10 KiB.
ROOM: Final = 4096

#: Bytes of markup around one carried field, one shown field, one empty file field, and one file input.
CARRIED: Final = len('<input type="hidden" name="" value="">')
SHOWN: Final = len("<dt></dt><dd><pre></pre></dd>")
EMPTY: Final = len('<span hidden><input type="file" name=""></span>\n')
FILE: Final = 165

#: Content types that are specific enough for an input's ``accept``. Browsers send the excluded one for unknown files.
_KIND: Final = re.compile(r"(?!application/octet-stream)[a-z]{1,20}/[a-z0-9.+-]{1,80}")

#: Kinds of files for which any format is accepted.
MEDIA: Final = frozenset({"image", "audio", "video"})


@dataclass(frozen=True, slots=True)
class FileInput:
    """A file field in our page. If the visitor had ``chosen`` a file, the page asks for it again.

    An empty file field is sent empty again. A POST doesn't contain the attributes of the form's own field, so they are
    derived from the files: ``several`` means that more than one was chosen, and ``accept`` names their kinds. It is ""
    if the browser didn't know all of them.
    """

    name: str
    chosen: bool
    several: bool = False
    accept: str = ""

    @property
    def size(self) -> int:
        """The number of characters of its markup, without the visible name."""
        return FILE + len(self.accept) if self.chosen else EMPTY


@dataclass(frozen=True, slots=True)
class Carried:
    """The ``fields`` of a form that completes the POST, its file inputs, and the ``shown`` texts.

    ``complete`` means that the form has every field. On a page without a form, it means that every text is shown.
    """

    fields: tuple[tuple[str, str], ...]
    files: tuple[FileInput, ...]
    shown: tuple[tuple[str, str], ...]
    complete: bool
    multipart: bool = False


def carry(posted: Posted, *, in_form: bool = True) -> Carried:
    """Return the fields that a page carries in its form, if it has one, and the texts that it shows.

    Fields with a role are always included, others if they fit. A page may have up to twice the size of the posted text
    plus ``ROOM``, because each field can appear twice.
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
    """Return one input for all chosen files with the same name, and one for each empty field, in order."""
    inputs: list[FileInput | str] = []
    kinds: dict[str, list[str]] = {}
    for upload in uploads:
        if not upload.chosen:
            inputs.append(FileInput(upload.name, chosen=False))
            continue
        if upload.name not in kinds:
            kinds[upload.name] = []
            inputs.append(upload.name)
        kinds[upload.name].append(upload.kind)
    return tuple(_for_files(one, kinds[one]) if isinstance(one, str) else one for one in inputs)


def _for_files(name: str, kinds: list[str]) -> FileInput:
    return FileInput(name, chosen=True, several=len(kinds) > 1, accept=_accept(kinds))


def _accept(kinds: list[str]) -> str:
    """Return the ``accept`` attribute of an input for files of these content types."""
    if not all(_KIND.fullmatch(kind) for kind in kinds):
        return ""
    families = [(kind, kind.partition("/")[0]) for kind in kinds]
    return ",".join(dict.fromkeys(f"{family}/*" if family in MEDIA else kind for kind, family in families))


def _split(posted: Posted) -> tuple[list[int], list[int]]:
    """Return the indexes of the fields with a role, one per name, and of all others."""
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
