"""Finds the roles of a POST's texts: author's name, email address, website and body. All other texts have no role.

The name of a field decides its role. If its text doesn't have the right shape, such as a sentence in the name field,
the field keeps its role, so that the view and the guard see the same comment. The text is then also judged like the
body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..protection import USUAL_FIELDS, Protection
from .entry import Entry, Place

#: The most words and characters of a name. A longer name is also judged like the body.
LONGEST_NAME: Final = (3, 60)

#: The most characters of an address on this site, and of a token.
LONGEST_ADDRESS: Final = 500

_NAME: Final = re.compile(r"(?:[\w'\u2019 ,()+&-]|\.(?!\w))+")
_EMAIL: Final = re.compile(r"[\w.!#$%&'*+=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}")
_URL: Final = re.compile(r"(?:https?://)?[\w.~%!$&'*+=:@?#/-]+", re.IGNORECASE)
_PATH: Final = re.compile(r"/[\w.~%$&+=:@?#/-]*", re.ASCII)
#: Names of fields that hold the address of the next page.
_LEADING_ON: Final = re.compile(r"\A(?:next|redirect|return|continue|back|goto|referr?er|origin)(?:[_-]?(?:to|url))?\Z")
_TOKEN: Final = re.compile(r"[\w.+/=~:-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of a POST's texts.

    ``parts`` are author, email, url and body. ``other`` are all texts to be judged like the body, and ``private`` the
    texts of fields named like passwords. ``names`` are the fields that have a role. ``has_body`` is true if there is a
    field for the body, or another text of at least two words.
    """

    parts: Mapping[str, str]
    other: tuple[str, ...]
    private: tuple[str, ...]
    names: frozenset[str]
    has_body: bool


def assign_roles(entries: list[Entry], protection: Protection, own_host: str, claimed_host: str) -> Roles:
    """Return the roles of the entries. Addresses on ``own_host``, which serves the form, don't count as texts.

    ``claimed_host`` is our host according to the client. It is trusted only for fields that hold the next page.
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
        elif role is not None or not is_own_address(entry.value, _trusted_host(entry.name, own_host, claimed_host)):
            other.append(entry.value)
    return Roles(
        parts,
        tuple(other),
        tuple(private),
        frozenset(entries[index].name for index in taken),
        "body" in taken.values() or any(len(text.split(maxsplit=1)) > 1 for text in other),
    )


def _trusted_host(name: str, own_host: str, claimed_host: str) -> str:
    return own_host or (claimed_host if _LEADING_ON.search(name.lower()) else "")


def is_ignored(entry: Entry, protection: Protection, tokens: tuple[str, ...]) -> bool:
    """Return whether a field holds no text of a visitor: the host ignores it, or it's a valid-looking token field.

    ``tokens`` are the names of token fields. A form's prefix may stand before the name, as with Flask-WTF.
    """
    if entry.place is Place.NAME:
        return entry.value in protection.ignore or entry.value in protection.fields.values()
    return entry.name in protection.ignore or is_token_field(entry, tokens)


def is_token_field(entry: Entry, tokens: tuple[str, ...]) -> bool:
    """Return whether a field is one of ``tokens``, by its name and its value."""
    return any(entry.name.endswith(name) for name in tokens) and is_token(entry.value)


def is_token(value: str) -> bool:
    """Return whether this looks like a signed token, without spaces or addresses."""
    if len(value) > LONGEST_ADDRESS or "//" in value or "www." in value.lower():
        return False
    return _TOKEN.fullmatch(value) is not None


def is_own_address(value: str, host: str) -> bool:
    """Return whether this text is exactly one address on this site, such as ``https://this.host/posts/one``."""
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
    """Return the index of a role's first field that isn't blank, or else of its first field. None if it has none."""
    found = [index for name in protection.names_of(word) for index in fields.get(name, ())]
    return next((index for index in found if entries[index].value.strip()), found[0] if found else None)
