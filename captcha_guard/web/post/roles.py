"""Which text of a POST is the author's name, the email address, the website, the body; all others have no role.

A field has a role if its name and its shape fit. A sentence as name, or an address that isn't one, keeps its role,
so that the view and the guard speak of the same comment, and is judged like the body as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..protection import USUAL_FIELDS, Protection
from .entry import Entry, Place

#: Words and characters that a name may have; a longer one is judged like the body, too.
LONGEST_NAME: Final = (3, 60)

#: Characters of an address on this site, and of a token.
LONGEST_ADDRESS: Final = 500

_NAME: Final = re.compile(r"(?:[\w'\u2019 ,()+&-]|\.(?!\w))+")
_EMAIL: Final = re.compile(r"[\w.!#$%&'*+=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}")
_URL: Final = re.compile(r"(?:https?://)?[\w.~%!$&'*+=:@?#/-]+", re.IGNORECASE)
_PATH: Final = re.compile(r"/[\w.~%$&+=:@?#/-]*", re.ASCII)
#: Names of fields that say where to go next.
_LEADING_ON: Final = re.compile(r"\A(?:next|redirect|return|continue|back|goto|referr?er|origin)(?:[_-]?(?:to|url))?\Z")
_TOKEN: Final = re.compile(r"[\w.+/=~:-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cast:
    """What each text of a POST is.

    ``parts`` are author, email, url and body, ``other`` all texts to be judged like the body, ``private`` those of
    fields named like passwords. ``names`` are the fields that have a role, ``has_body`` says that there is a field
    for the body, or a text of two words or more.
    """

    parts: Mapping[str, str]
    other: tuple[str, ...]
    private: tuple[str, ...]
    names: frozenset[str]
    has_body: bool


def cast(entries: list[Entry], protection: Protection, own_host: str, said_host: str) -> Cast:
    """Give each entry its role. Addresses on ``own_host``, which serves the form, aren't texts.

    ``said_host`` is the host that the client says it is. It is believed for fields that lead to the next page only.
    """
    parts = dict.fromkeys(USUAL_FIELDS, "")
    taken: dict[int, str] = {}
    fields = _fields(entries)
    for word in USUAL_FIELDS:
        index = _first(word, fields, entries, protection)
        if index is not None:
            parts[word] = entries[index].value
            taken[index] = word
    other: list[str] = []
    private: list[str] = []
    for index, entry in enumerate(entries):
        role = taken.get(index)
        if not entry.value.strip() or (role is not None and FITS[role](entry.value)):
            continue
        if entry.private and role is None:
            private.append(entry.value)
        elif role is not None or not is_own_address(entry.value, _believed(entry.name, own_host, said_host)):
            other.append(entry.value)
    return Cast(
        parts,
        tuple(other),
        tuple(private),
        frozenset(entries[index].name for index in taken),
        "body" in taken.values() or any(len(text.split(maxsplit=1)) > 1 for text in other),
    )


def _believed(name: str, own_host: str, said_host: str) -> str:
    return own_host or (said_host if _LEADING_ON.search(name.lower()) else "")


def is_ignored(entry: Entry, protection: Protection, tokens: tuple[str, ...]) -> bool:
    """Say whether a field holds no visitor's text: the host says so, or it is one of ``tokens`` and looks like one.

    Flask-WTF's token may have a form's prefix before its name.
    """
    if entry.place is Place.NAME:
        return entry.value in protection.ignore or entry.value in protection.fields.values()
    return entry.name in protection.ignore or is_token_field(entry, tokens)


def is_token_field(entry: Entry, tokens: tuple[str, ...]) -> bool:
    """Say whether a field is one of ``tokens``, by its name and its value."""
    return any(entry.name.endswith(name) for name in tokens) and is_token(entry.value)


def is_token(value: str) -> bool:
    """Say whether this is made like a signed token, without spaces or addresses."""
    if len(value) > LONGEST_ADDRESS or "//" in value or "www." in value.lower():
        return False
    return _TOKEN.fullmatch(value) is not None


def is_own_address(value: str, host: str) -> bool:
    """Say whether this is, as a whole, one address on this site, such as ``https://this.host/posts/one``."""
    address = value.strip()
    if not host or len(address) > LONGEST_ADDRESS:
        return False
    lowered = address.lower()
    origin = next((one for one in (f"http://{host.lower()}", f"https://{host.lower()}") if lowered.startswith(one)), "")
    path = address[len(origin) :] or "/"
    if not origin or "//" in path or "&#" in path or "www." in path.lower():
        return False
    return _PATH.fullmatch(path) is not None


def _is_authors_name(value: str) -> bool:
    words, characters = LONGEST_NAME
    return len(value) <= characters and len(value.split()) <= words and _NAME.fullmatch(value) is not None


def _is_email(value: str) -> bool:
    return _EMAIL.fullmatch(value.strip()) is not None


def _is_url(value: str) -> bool:
    address = value.strip()
    rest = re.sub(r"\Ahttps?://", "", address, flags=re.IGNORECASE)
    return "//" not in rest and "www." not in rest[1:].lower() and _URL.fullmatch(address) is not None


#: The shape of a text, by its role.
FITS: Final[Mapping[str, Callable[[str], bool]]] = {
    "author": _is_authors_name,
    "email": _is_email,
    "url": _is_url,
    "body": lambda _: True,
}


def _fields(entries: list[Entry]) -> dict[str, list[int]]:
    fields: dict[str, list[int]] = {}
    for index, entry in enumerate(entries):
        if entry.name and entry.place in (Place.FORM, Place.JSON):
            fields.setdefault(entry.name, []).append(index)
    return fields


def _first(word: str, fields: Mapping[str, list[int]], entries: list[Entry], protection: Protection) -> int | None:
    """Return the first field of a role that isn't blank, or else the first one there is."""
    found = [index for name in protection.names_of(word) for index in fields.get(name, ())]
    return next((index for index in found if entries[index].value.strip()), found[0] if found else None)
