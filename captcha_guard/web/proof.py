"""What the code that came with a POST is worth: opened, paid for, spent and compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from ..challenge.difficulty import Difficulty
from ..challenge.token import Opened
from ..counters.client import Client
from ..counters.limits import Decision
from ..errors import StoreUnavailableError, TokenError
from ..signals import challenge_failed, challenge_solved
from .escalation import asked_of, hard_as
from .inspection import Inspection
from .posted import ANSWER, PASS, TOKEN, Posted
from .protection import Protection
from .refusal import Refusal
from .state import State, this_app

#: How many tries at the code one charge of the limits covers, after the POST that was charged. Without an end to it,
#: a client could hoard challenges that are paid for, or post blank codes for ever.
TRIES = 5


@dataclass(frozen=True, slots=True)
class Proof:
    """What the code that came with a POST is worth: ``solved``, or the ``reason`` (slug) why not.

    ``opened`` is the genuine challenge behind it and ``difficulty`` how hard that is, known of an expired one too;
    ``unspent`` says that the POST has left it as good as it was; ``unproven`` that the store could not say whether it
    had been used before.
    """

    reason: str = "code_missing"
    opened: Opened | None = None
    difficulty: Difficulty | None = None
    solved: bool = False
    unspent: bool = False
    unproven: bool = False


class Examination:
    """The limits and the code of one client's POST to one form."""

    def __init__(self, state: State, protection: Protection, scope: str, client: Client) -> None:
        self.state = state
        self.scope = scope
        self.client = client
        self.difficulty = protection.difficulty or state.difficulty
        self.usual_mode = protection.mode or state.settings.mode
        self._policy = protection.limits or "comments"
        self._typed = False

    @cached_property
    def inspection(self) -> Inspection:
        """What the counters say of this client and of the site, by one read."""
        return Inspection.of(self.state, self.client, self.difficulty, policy=self._policy, typed=self._typed)

    @property
    def mode(self) -> str:
        """When a code is asked for here, as things are."""
        return "always" if self.inspection.surge else self.usual_mode

    @property
    def asked(self) -> Difficulty:
        """How hard a code this client has to solve here."""
        seen = self.inspection
        return asked_of(self.difficulty, self.state, wrong=seen.wrong_codes, surge=seen.surge)

    def charge(self) -> Refusal | None:
        """Count this POST against the client's comments; the refusal says that it was one too many."""
        decision = self.state.limits.hit(self._policy, self.client, *self.inspection.charged)
        self.inspection.note(charged=decision.allowed)
        return refused(decision)

    def examine(self, posted: Posted) -> tuple[Proof, Refusal | None, int]:
        """Charge the limits, spend the nonce, compare the answer: the proof, a refusal if any, the tries left.

        A challenge handed out in reply to a charged POST completes that same POST, so it is not charged again, provided
        that its nonce is fresh and not the last of ``TRIES``. Any other POST is charged before anything is spent.

        The store is asked first how things stand, and only then to spend the nonce: a store that is down is found out
        before a nonce could be left in doubt.
        """
        self._typed = bool(posted.ours[ANSWER])
        proof, left = self._open(posted), TRIES
        covered = proof.opened.challenge.charged if proof.opened is not None else 0
        if covered:
            if refusal := self._too_many_wrong():
                return replace(proof, unspent=True), refusal, 0
            proof, fresh = self._spend(proof)
            if fresh:
                left = covered - 1
            elif refusal := self.charge():
                return proof, refusal, 0
        else:
            if refusal := self._too_many_wrong() or self.charge():
                return replace(proof, unspent=True), refusal, 0
            proof, _ = self._spend(proof)
        proof, refusal = self._compare(proof, posted)
        self._tell(proof)
        return proof, refusal, left

    def _open(self, posted: Posted) -> Proof:
        token = posted.ours[PASS] or posted.ours[TOKEN]
        if not token:
            return Proof()
        try:
            opened = self.state.issuer.open(token, scope=self.scope)
        except TokenError as error:
            return Proof(error.reason, difficulty=self.state.issuer.lost_difficulty(error))
        if (opened.challenge.kind == "pass") != bool(posted.ours[PASS]):
            return Proof("token_malformed")
        return Proof("", opened, self.state.issuer.difficulty(opened))

    def _too_many_wrong(self) -> Refusal | None:
        """Refuse another try while too many were wrong; looked at in any case, for what else it tells."""
        return refused(self.inspection.wrong_codes_allow)

    def _spend(self, proof: Proof) -> tuple[Proof, bool]:
        if proof.opened is None:
            return proof, False
        try:
            challenge = proof.opened.challenge
            fresh = self.state.spent.claim(challenge.nonce, self.state.settings.ttl + 60, issued_at=challenge.issued_at)
        except StoreUnavailableError:
            return replace(proof, unproven=True), False
        return (proof if fresh else replace(proof, reason="code_used")), fresh

    def _compare(self, proof: Proof, posted: Posted) -> tuple[Proof, Refusal | None]:
        if proof.reason or proof.opened is None:
            return proof, None
        if proof.opened.challenge.kind != "pass":
            if not posted.ours[ANSWER].strip():
                quiet = proof.unproven and self.mode == "suspicious"
                return replace(proof, reason="store_unavailable" if quiet else "code_missing"), None
            if not self.state.issuer.is_right(proof.opened, posted.ours[ANSWER]):
                return replace(proof, reason="code_wrong"), self._count_wrong()
        if proof.unproven:
            return replace(proof, reason="store_unavailable"), None
        if self.is_easier(proof):
            return replace(proof, reason="code_easier"), None
        return replace(proof, solved=True), None

    def is_easier(self, proof: Proof) -> bool:
        """Say whether a harder code than the one that was solved is asked of this client.

        After wrong codes that holds for codes fetched before them, too: or else hoarded ones would get round it. A pass
        stands for a code that was solved when it was hard enough.
        """
        length, code = self.state.settings.length, proof.difficulty
        if code is None or not code.meets(self.difficulty, length):
            return True
        passed = proof.opened is not None and proof.opened.challenge.kind == "pass"
        if passed or code.meets(hard_as(self.difficulty), length):
            return False
        return not code.meets(self.asked, length)

    def _count_wrong(self) -> Refusal | None:
        seen = self.inspection
        decision = self.state.limits.hit("wrong", self.client, *seen.counted_if_wrong)
        seen.note(wrong=True)
        return refused(decision)

    def _tell(self, proof: Proof) -> None:
        app = this_app()
        if proof.solved and proof.opened is not None:
            challenge = proof.opened.challenge
            challenge_solved.send(app, scope=self.scope, kind=challenge.kind, seconds=proof.opened.age)
        elif self.mode == "always" or proof.reason not in ("", "code_missing"):
            challenge_failed.send(app, scope=self.scope, reason=proof.reason)


def refused(decision: Decision) -> Refusal | None:
    """Return the refusal that a decision of the limits asks for, if any."""
    if decision.allowed:
        return None
    reason = "store_unavailable" if decision.uncounted else "limited"
    return Refusal.because(reason, retry_after=decision.retry_after)
