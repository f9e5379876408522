"""What the code that came with a POST is worth: opened, paid for, spent and compared."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ...challenge.token import LEEWAY, Opened
from ...counters.client import Client
from ...counters.limits import Decision, Policy
from ...errors import StoreUnavailableError, TokenError
from ...signals import challenge_failed, challenge_solved
from ..protection import Protection
from ..state import State, this_app
from .limit_message import why_limited
from .limit_status import Inspection
from .pass_binding import completes
from .posted import ANSWER, PASS, TOKEN, Posted
from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ...challenge.token import Challenge

#: How many tries at the code one charge of the limits covers, after the POST that was charged. Without an end to it,
#: a client could hoard challenges that are paid for, or post blank codes for ever.
TRIES = 5


@dataclass(frozen=True, slots=True)
class Proof:
    """What the code that came with a POST is worth: ``solved``, or the ``reason`` (slug) why not.

    ``opened`` is the genuine challenge behind it; ``unspent`` says that the POST has left it as good as it was;
    ``unproven`` that the store could not say whether it had been used before.
    """

    reason: str = "code_missing"
    opened: Opened | None = None
    solved: bool = False
    unspent: bool = False
    unproven: bool = False

    @property
    def is_pass(self) -> bool:
        """Whether it is a pass, which stands for a code that was solved before."""
        return self.opened is not None and self.opened.challenge.kind == "pass"

    @property
    def repeats(self) -> bool:
        """Whether it was solved for a comment that may be here already."""
        return self.solved and self.opened is not None and (self.is_pass or self.opened.challenge.repeats)


class Examination:
    """The limits and the code of one client's POST to one form.

    ``sender_keys()`` yields the client's keys under each of the site's secrets.
    """

    def __init__(
        self,
        state: State,
        protection: Protection,
        scope: str,
        client: Client,
        sender_keys: Callable[[], Iterable[str]],
    ) -> None:
        self.state = state
        self.scope = scope
        self.client = client
        self._sender_keys = sender_keys
        self.usual_mode = protection.mode or state.settings.mode
        self._policy = protection.limits or "comments"
        self._typed = False

    @cached_property
    def inspection(self) -> Inspection:
        """What the counters say of this client and of the site, by one read."""
        return Inspection.of(self.state, self.client, policy=self._policy, typed=self._typed)

    @property
    def mode(self) -> str:
        """When a code is asked for here, as things are."""
        return mode_in(self.usual_mode, surge=self.inspection.surge)

    def charge(self) -> Refusal | None:
        """Count this POST against the client's comments; the refusal says that it was one too many."""
        decision = self.state.limits.hit(self._policy, self.client, *self.inspection.charged)
        if decision.uncounted:
            self.inspection.counted = False
        return refused(decision, self.state, self._policy, self.client)

    def examine(self, posted: Posted, repeated: Callable[[], bool]) -> tuple[Proof, Refusal | None, int]:
        """Charge the limits, spend the nonce, compare the answer: the proof, a refusal if any, the tries left.

        A challenge handed out in reply to a charged POST completes that same POST, so it is not charged again, provided
        that its nonce is fresh and not the last of ``TRIES``. Any other POST is charged before anything is spent.

        ``repeated()`` says whether the comment is here already. With a wrong code, too, it is refused for that, and
        charged: with a right one the claim finds it, and no answer may tell the two apart for free. A comment that
        comes again with its own code, already spent, is a double click and isn't charged.

        The store is asked first how things stand, and only then to spend the nonce: a store that is down is found out
        before a nonce could be left in doubt.
        """
        self._typed = bool(posted.ours[ANSWER])
        proof, left = self._open(posted), TRIES
        covered = proof.opened.challenge.charged if proof.opened is not None else 0
        refusal = self._too_many_wrong()
        if refusal is None and self._is_double_click(proof) and repeated():
            return proof, Refusal.because("duplicate"), 0
        if refusal := refusal or (None if covered else self.charge()):
            return replace(proof, unspent=True), refusal, 0
        proof, fresh = self._spend(proof)
        if covered and fresh:
            left = covered - 1
        elif covered and (refusal := self.charge()):
            return proof, refusal, 0
        proof, refusal = self._compare(proof, posted, repeated)
        self._tell(proof)
        return proof, refusal, left

    def _open(self, posted: Posted) -> Proof:
        token = posted.ours[PASS] or posted.ours[TOKEN]
        if not token:
            return Proof()
        try:
            opened = self.state.issuer.open(token, scope=self.scope)
        except TokenError as error:
            return Proof(error.reason)
        proof = Proof("", opened)
        if proof.is_pass != bool(posted.ours[PASS]):
            return Proof("token_malformed")
        if proof.is_pass and not completes(opened, posted, self._sender_keys()):
            return Proof("pass_other_text")
        return proof

    def _is_double_click(self, proof: Proof) -> bool:
        """Say whether the code was spent, asked only where this client has posted a moment ago."""
        if proof.opened is None or not self.inspection.posted_lately:
            return False
        with suppress(StoreUnavailableError):
            return self.state.spent.is_spent(proof.opened.challenge.nonce)
        return False

    def _too_many_wrong(self) -> Refusal | None:
        """Refuse another try while too many were wrong; looked at in any case, for what else it tells."""
        return refused(self.inspection.wrong_codes_allow, self.state, "wrong", self.client)

    def _spend(self, proof: Proof) -> tuple[Proof, bool]:
        if proof.opened is None:
            return proof, False
        if not self.inspection.counted:  # no nonce is put at risk to find out whether the store is well again
            return replace(proof, unproven=True), False
        try:
            fresh = spend(self.state, proof.opened.challenge)
        except StoreUnavailableError:
            return replace(proof, unproven=True), False
        return (proof if fresh else replace(proof, reason="code_used")), fresh

    def _compare(self, proof: Proof, posted: Posted, repeated: Callable[[], bool]) -> tuple[Proof, Refusal | None]:
        if proof.reason or proof.opened is None:
            return proof, None
        if not proof.is_pass:
            if not posted.ours[ANSWER].strip():
                quiet = proof.unproven and self.mode != "always"
                return replace(proof, reason="store_unavailable" if quiet else "code_missing"), None
            if not self.state.issuer.is_right(proof.opened, posted.ours[ANSWER]):
                wrong = replace(proof, reason="code_wrong")
                if proof.opened.challenge.repeats or not repeated():
                    return wrong, self._count_wrong()
                return wrong, self.charge_covered(proof) or Refusal.because("duplicate")
        if proof.unproven:
            return replace(proof, reason="store_unavailable"), None
        return replace(proof, solved=True), None

    def charge_covered(self, proof: Proof) -> Refusal | None:
        """Count a POST that an earlier charge covers: an answer about its code that takes no comment isn't free."""
        covered = proof.opened is not None and proof.opened.challenge.charged
        return self.charge() if covered else None

    def _count_wrong(self) -> Refusal | None:
        return refused(self.state.limits.hit("wrong", self.client), self.state, "wrong", self.client)

    def _tell(self, proof: Proof) -> None:
        app = this_app()
        if proof.solved and proof.opened is not None:
            challenge = proof.opened.challenge
            challenge_solved.send(app, scope=self.scope, kind=challenge.kind, seconds=proof.opened.age)
        elif self.mode == "always" or proof.reason not in ("", "code_missing"):
            challenge_failed.send(app, scope=self.scope, reason=proof.reason)


def mode_in(usual: str, *, surge: bool) -> str:
    """Return when a code is asked for; a surge of comments turns ``suspicious`` into ``always``."""
    return "always" if surge and usual == "suspicious" else usual


def spend(state: State, challenge: Challenge) -> bool:
    """Spend a challenge's nonce; True for the first caller only.

    It stays spent for as long as its token can be good, also on a server whose clock is behind the one that issued it.
    Raises ``StoreUnavailableError`` when nothing can be said.
    """
    return state.spent.claim(challenge.nonce, state.settings.ttl + 2 * LEEWAY, issued_at=challenge.issued_at)


def refused(decision: Decision, state: State, policy: str | Policy, client: Client) -> Refusal | None:
    """Return the refusal that a decision of the limits on a client's requests asks for, if any."""
    if decision.allowed:
        return None
    seconds = decision.retry_after
    if decision.uncounted and state.settings.faults["limits"] == "refuse":
        return Refusal.because("store_unavailable", retry_after=seconds)
    return Refusal.because("limited", why=why_limited(state, policy, client, seconds), retry_after=seconds)
