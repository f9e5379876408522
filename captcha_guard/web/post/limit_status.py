"""What the counters say before a POST goes on: one read for wrong codes, a surge and a double click."""

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
class Inspection:
    """How a client and the site stand at the beginning of one POST, and what the POST has added since.

    ``surge`` says that more comments come in than the site's readers write; ``charged`` is what a comment is charged to
    besides its client's limits. ``wrong_codes_allow`` says whether a code may be tried, ``posted_lately`` whether the
    client has posted within the shortest of its windows. ``counted`` is false as soon as the store did not answer.
    """

    counted: bool = True
    surge: bool = False
    charged: tuple[Asked, ...] = ()
    wrong_codes_allow: Decision = field(default=Decision.granted())
    posted_lately: bool = False

    @classmethod
    def of(cls, state: State, client: Client, *, policy: str | Policy, typed: bool) -> Inspection:
        """Look at all that a POST needs to know where a code was ``typed`` or not."""
        comments = state.limits.policy(policy).shortest()
        asked: list[Asked] = [*state.surge.asked, (comments, client)]
        asked += [("wrong", client)] if typed else []
        look = state.limits.look(*asked)
        return cls(
            counted=look.counted,
            surge=state.surge.sees(look, state.clock()) if state.surge.asked else False,
            charged=state.surge.charged(look) if state.surge.asked else (),
            wrong_codes_allow=look.decision("wrong") if typed else Decision.granted(),
            posted_lately=look.counted and look.used(comments.name) > 0,
        )
