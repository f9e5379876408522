"""What the counters say before a POST goes on: one read for wrong codes, for a surge, and for what is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...counters.windows import Decision
from .rate_limit_headers import Quota

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
    client has posted within the shortest of its windows, ``quota`` what is left of its limits. ``counted`` is false as
    soon as the store did not answer.
    """

    counted: bool = True
    surge: bool = False
    charged: tuple[Asked, ...] = ()
    wrong_codes_allow: Decision = field(default=Decision.granted())
    posted_lately: bool = False
    quota: Quota | None = None

    @classmethod
    def of(cls, state: State, client: Client, *, policy: str | Policy, typed: bool) -> Inspection:
        """Look at all that a POST needs to know where a code was ``typed`` or not."""
        headers, comments = state.settings.ratelimit_headers, state.limits.policy(policy)
        asked: list[Asked] = [*state.surge.asked, (comments if headers else comments.shortest(), client)]
        asked += [("wrong", client)] if typed else []
        look = state.limits.look(*asked)
        return cls(
            counted=look.counted,
            surge=state.surge.sees(look, state.clock()) if state.surge.asked else False,
            charged=state.surge.charged(look) if state.surge.asked else (),
            wrong_codes_allow=look.decision("wrong") if typed else Decision.granted(),
            posted_lately=look.counted and look.used(comments.name) > 0,
            quota=Quota.of(look, "comments") if headers else None,
        )

    def note(self, *, charged: bool = False, uncounted: bool = False) -> None:
        """Note whether this POST was charged, and whether the store could not count it."""
        self.counted = self.counted and not uncounted
        if self.quota is not None and charged:
            self.quota = self.quota.charged()
