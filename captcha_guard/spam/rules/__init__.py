"""One file a rule. ``standard`` is the set that a site gets unless it brings its own."""

from __future__ import annotations

from collections.abc import Callable

from ..judge import Rule
from .duplicate import Duplicate
from .honeypot import Honeypot
from .links import Links
from .too_fast import TooFast
from .too_long import TooLong


def standard(*, min_seconds: float, max_links: int, known: Callable[[str], bool]) -> tuple[Rule, ...]:
    """Return the rules in their order: what ends the judging first, then what is cheap."""
    return (TooLong(), Honeypot(), TooFast(min_seconds), Links(max_links), Duplicate(known))
