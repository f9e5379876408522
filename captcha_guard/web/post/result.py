"""The result of one POST."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...spam.code_demand import CodeState
from ...spam.submission import Submission
from ...spam.verdict import Verdict
from ..protection import Protection
from .captcha_check import CheckedCode
from .posted import NOTHING, Posted
from .refusal import Refusal


@dataclass(frozen=True, slots=True)
class Judged:
    """What the decision about a POST was based on, for its record.

    ``verdict`` is the verdict before the code was considered. Its first ``own_findings`` findings aren't from a
    service. ``code_helps`` is whether a solved code would keep the comment from being set aside, ``None`` if that made
    no difference. ``counted`` means that the POST counts for the site's comment limits, and ``limited`` that they
    refused it.
    """

    verdict: Verdict
    code: CodeState
    own_findings: int = 0
    code_helps: bool | None = None
    counted: bool = False
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one POST. The view runs if ``refusal`` is ``None``.

    ``submission`` is the submission that was judged. ``rules_score`` is the sum of the rules' findings, before any
    service was asked. ``tries_left`` is how many more tries at a code this POST has paid for. ``claimed`` is the key
    of the claim that keeps the comment from being stored twice, or "". ``judged`` is what the decision was based on,
    ``None`` for an exempt client.
    """

    scope: str
    protection: Protection
    verdict: Verdict
    posted: Posted = NOTHING
    refusal: Refusal | None = None
    code: CheckedCode = field(default=CheckedCode())
    submission: Submission | None = None
    rules_score: int = 0
    tries_left: int = 0
    claimed: str = ""
    judged: Judged | None = None

    @property
    def is_repetition(self) -> bool:
        """Whether the same comment is already stored. With a solved code it can be posted once more."""
        return self.refusal is not None and self.refusal.reason == "duplicate"

    @property
    def offers_code(self) -> bool:
        """Whether the visitor can continue by solving a new challenge."""
        return self.refusal is not None and (self.refusal.asks_code or (self.is_repetition and not self.code.solved))

    @property
    def offers_moderator(self) -> bool:
        """Whether the form may offer to send the comment to the moderator without a code."""
        if self.refusal is not None and (not self.refusal.asks_code or self.refusal.reason == "no_code_limit"):
            return False
        return self.protection.moderated

    @property
    def resend(self) -> bool:
        """Whether the same code can be sent again later."""
        again = self.refusal is not None and self.refusal.retry_after is not None
        return again and self.code.opened is not None and (self.code.unspent or self.code.unproven)

    @property
    def carries_ours(self) -> bool:
        """Whether the page to send the comment again carries our own fields, too."""
        again = self.refusal is not None and self.refusal.retry_after is not None
        return self.resend or (again and self.protection.moderated and self.posted.without_code)
