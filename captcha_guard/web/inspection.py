"""What the counters say before a POST goes on: one read for wrong codes, for a surge, and for what is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..counters.ledger import Decision
from .escalation import WRONG_CODES, counts_wrong_codes, wrong_codes_in
from .quota import Quota

if TYPE_CHECKING:
    from ..challenge.difficulty import Difficulty
    from ..counters.client import Client
    from ..counters.limits import Asked, Look
    from ..counters.policy import Policy
    from .state import State


@dataclass(slots=True)
class Inspection:
    """How a client and the site stand at the beginning of one POST, and what the POST has added since.

    ``surge`` says that more comments come in than the site's readers write; ``charged`` is what a comment is charged to
    besides its client's limits, ``counted_if_wrong`` what a wrong code is. ``wrong_codes_allow`` says whether a code
    may be tried, ``wrong_codes`` how many count against the client, ``quota`` what is left of its limits.
    """

    surge: bool = False
    charged: tuple[Asked, ...] = ()
    counted_if_wrong: tuple[Asked, ...] = ()
    wrong_codes_allow: Decision = field(default=Decision.granted())
    wrong_codes: int = 0
    quota: Quota | None = None

    @classmethod
    def of(
        cls, state: State, client: Client, difficulty: Difficulty, *, policy: str | Policy, typed: bool
    ) -> Inspection:
        """Look at all that a POST needs to know where ``difficulty`` is asked and a code was ``typed`` or not."""
        escalates, headers = counts_wrong_codes(difficulty, state), state.settings.ratelimit_headers
        asked: list[Asked] = [*state.surge.asked]
        asked += [("wrong", client)] if typed else []
        asked += [(WRONG_CODES, client)] if escalates else []
        asked += [(policy, client)] if headers else []
        if not asked:
            return cls()
        look = state.limits.look(*asked)
        more = escalates and look.decision(WRONG_CODES.name).allowed
        return cls(
            surge=_surge(state, look),
            charged=state.surge.charged(look) if state.surge.asked else (),
            counted_if_wrong=((WRONG_CODES, client),) if more else (),
            wrong_codes_allow=look.decision("wrong") if typed else Decision.granted(),
            wrong_codes=wrong_codes_in(look) if escalates else 0,
            quota=Quota.of(look, "comments") if headers else None,
        )

    def note(self, *, charged: bool = False, wrong: bool = False) -> None:
        """Note what this POST was counted for."""
        if self.quota is not None and charged:
            self.quota = self.quota.charged()
        if wrong and self.counted_if_wrong:
            self.wrong_codes += 1


def _surge(state: State, look: Look) -> bool:
    return state.surge.sees(look, state.clock()) if state.surge.asked else False
