"""What to say of a name that isn't known: the nearest one, if one is near, and all that are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

#: How alike two names have to be, 0 to 1, for one to be taken for a misspelling of the other.
NEAR = 0.6


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that ``name`` is likely to be a misspelling of."""
    found = get_close_matches(name.lower(), list(known), 1, NEAR)
    return found[0] if found else None


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the end of an error's message: ``did you mean 'easy'? Known are easy, medium``."""
    names = list(known)
    near = nearest(name, names)
    listed = f"known are {', '.join(names)}" if names else "none is known"
    return f"did you mean {near!r}? {listed[0].upper()}{listed[1:]}" if near else listed
