"""What the way of one POST led to."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...spam.submission import Submission
from ...spam.verdict import Action, Finding, Verdict
from ..protection import Protection
from .captcha_check import Proof
from .posted import NOTHING, Posted
from .refusal import Refusal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the way of one POST led to. The view runs when ``refusal`` is ``None``.

    ``submission`` is what was judged, ``rules_score`` what the rules' findings added up to before a service was asked.
    ``charged`` is how many more tries the limits' charge covers, ``claimed`` the fingerprint under which the comment is
    remembered from now on.
    """

    scope: str
    protection: Protection
    verdict: Verdict
    posted: Posted = NOTHING
    refusal: Refusal | None = None
    proof: Proof = field(default=Proof())
    submission: Submission | None = None
    rules_score: int = 0
    charged: int = 0
    claimed: str = ""

    @classmethod
    def refused(cls, scope: str, protection: Protection, refusal: Refusal, posted: Posted = NOTHING) -> Outcome:
        """Return the outcome of a POST that can't be read, and so isn't judged."""
        finding = Finding(refusal.reason, 0, refusal.message, Action.REJECT)
        return cls(scope, protection, Verdict(Action.REJECT, (finding,)), posted, refusal)

    @property
    def is_repetition(self) -> bool:
        """Whether the very same comment is here already; it can be posted once more."""
        return self.refusal is not None and self.refusal.reason == "duplicate"

    @property
    def offers_code(self) -> bool:
        """Whether a new challenge is a way on."""
        return self.refusal is not None and (self.refusal.asks_code or (self.is_repetition and not self.proof.solved))

    @property
    def resend(self) -> bool:
        """Whether the very same code is good to be sent again later."""
        again = self.refusal is not None and self.refusal.retry_after is not None
        return again and self.proof.opened is not None and (self.proof.unspent or self.proof.unproven)
