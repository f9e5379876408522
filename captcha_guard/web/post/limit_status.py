"""Reads the counters once at the start of a POST: wrong codes, a surge and a double click."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...counters.windows import Decision

if TYPE_CHECKING:
    from ...counters.client import Client
    from ...counters.limits import Asked
    from ...counters.policy import Policy
    from ..state import State


@dataclass(slots=True)
class LimitStatus:
    """The limits of a client and of the site at the start of one POST.

    ``surge`` means that more comments come in than the site's readers write. ``also_counted`` lists the windows that a
    comment is counted in besides its client's. ``wrong_codes`` decides whether a code may be tried. ``posted_lately``
    is true if the client has posted within its shortest window. ``counted`` becomes false once the store doesn't
    answer.
    """

    counted: bool = True
    surge: bool = False
    also_counted: tuple[Asked, ...] = ()
    wrong_codes: Decision = field(default=Decision.granted())
    posted_lately: bool = False

    @classmethod
    def of(cls, state: State, client: Client, *, policy: str | Policy, typed: bool) -> LimitStatus:
        """Return the limit status, read from the store once. Wrong codes are read only if a code was ``typed``."""
        comments = state.limits.policy(policy).shortest
        asked: list[Asked] = [*state.surge.asked, (comments, client)]
        asked += [("wrong", client)] if typed else []
        stats = state.limits.stats(*asked)
        return cls(
            counted=stats.counted,
            surge=state.surge.update(stats, state.clock()) if state.surge.asked else False,
            also_counted=state.surge.counted_in(stats) if state.surge.asked else (),
            wrong_codes=stats.decision("wrong") if typed else Decision.granted(),
            posted_lately=stats.counted and stats.used(comments.name) > 0,
        )
