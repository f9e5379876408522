"""Suggestions for unknown names: the most similar known name, and a list of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

#: The least similarity, 0 to 1, for one name to count as a misspelling of another.
MIN_SIMILARITY = 0.6


def nearest(name: str, known: Iterable[str], *, at_least: float = MIN_SIMILARITY) -> str | None:
    """Return the known name that ``name`` is probably a misspelling of, or None if the similarity is smaller."""
    found = get_close_matches(name.lower(), list(known), 1, at_least)
    return found[0] if found else None


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message, such as ``did you mean 'easy'? Known are easy, medium``."""
    names = list(known)
    near = nearest(name, names)
    listed = f"known are {', '.join(names)}" if names else "no names are known"
    return f"did you mean {near!r}? {listed[0].upper()}{listed[1:]}" if near else listed
