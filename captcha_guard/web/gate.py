"""The way of one POST: limits, code, rules, verdict. It says what should happen and leaves the doing to others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from flask import Request

from ..challenge.difficulty import Difficulty
from ..challenge.token import Opened
from ..errors import StoreUnavailableError, TokenError
from ..signals import challenge_failed, challenge_solved, submission_judged
from ..spam.rules.duplicate import already_said, fingerprint
from ..spam.submission import Submission
from ..spam.verdict import Action, Finding, Verdict
from .escalation import asked_of, note_wrong_code
from .posted import ANSWER, NOTHING, PASS, TOKEN, Posted, PostedError, read
from .protection import Protection
from .refusal import Refusal
from .state import State, this_app

#: Seconds for which the same comment counts as a repetition.
REMEMBERED = 86_400

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the way of one POST led to. The view runs when ``refusal`` is ``None``.

    ``charged`` is how many more tries the limits' charge covers, ``difficulty`` how hard the next picture should be,
    ``claimed`` the fingerprint under which the comment is remembered from now on.
    """

    scope: str
    protection: Protection
    verdict: Verdict
    posted: Posted = NOTHING
    refusal: Refusal | None = None
    proof: Proof = field(default=Proof())
    charged: int = 0
    difficulty: Difficulty | None = None
    claimed: str = ""

    @property
    def resend(self) -> bool:
        """Whether the very same code is good to be sent again later."""
        again = self.refusal is not None and self.refusal.retry_after is not None
        return again and self.proof.opened is not None and (self.proof.unspent or self.proof.unproven)


def pass_through(request: Request, state: State, protection: Protection, scope: str) -> Outcome:
    """Take one POST the whole way. Never raises for anything a visitor can send."""
    gate = _Gate(state, protection, scope, request.remote_addr)
    try:
        posted = read(request, protection, state.honeypot)
    except PostedError as error:
        damaged = gate.charge() or error.refusal
        return Outcome(scope, protection, _rejected(damaged), replace(NOTHING, values=error.values), damaged)
    proof, refusal, charged = gate.examine(posted)
    if refusal is not None:
        return Outcome(scope, protection, _rejected(refusal), posted, refusal, proof)
    submission = gate.submission(request, posted, proof)
    verdict = state.judge.judge(submission)
    outcome = gate.decide(Outcome(scope, protection, verdict, posted, proof=proof, charged=charged))
    outcome = gate.remember(outcome, submission)
    submission_judged.send(this_app(), submission=submission, verdict=outcome.verdict)
    return outcome


def ask_harder(outcome: Outcome, state: State, protection: Protection, address: str | None) -> Outcome:
    """Return the outcome of a POST that was let in, under a protection that may ask for a harder code than it brought.

    The comment is charged already, so the harder code completes it.
    """
    gate = _Gate(state, protection, outcome.scope, address)
    if outcome.refusal is not None or not outcome.proof.solved or not gate.is_easier(outcome.proof):
        return outcome
    proof = replace(outcome.proof, solved=False, reason="code_easier")
    return gate.ask(replace(outcome, protection=protection, proof=proof), Refusal.because(proof.reason))


class _Gate:
    """One POST's walk; holds what every step needs."""

    def __init__(self, state: State, protection: Protection, scope: str, address: str | None) -> None:
        self.state = state
        self.protection = protection
        self.scope = scope
        self.client = state.client(address)
        self.mode = protection.mode or state.settings.mode
        self.difficulty = protection.difficulty or state.difficulty

    @cached_property
    def asked(self) -> Difficulty:
        """How hard a code this client has to solve here."""
        return asked_of(self.client, self.difficulty, self.state)

    def charge(self) -> Refusal | None:
        """Count this POST against the client's comments; the refusal says that it was one too many."""
        decision = self.state.limits.hit(self.protection.limits or "comments", self.client)
        return None if decision.allowed else Refusal.because("limited", retry_after=decision.retry_after)

    def examine(self, posted: Posted) -> tuple[Proof, Refusal | None, int]:
        """Charge the limits, spend the nonce, compare the answer: the proof, a refusal if any, the tries left.

        A challenge handed out in reply to a charged POST completes that same POST, so it is not charged again, provided
        that its nonce is fresh and not the last of ``TRIES``. Any other POST is charged before anything is spent.
        """
        proof, left = self._open(posted), TRIES
        covered = proof.opened.challenge.charged if proof.opened is not None else 0
        if covered:
            if refusal := self._too_many_wrong(posted):
                return replace(proof, unspent=True), refusal, 0
            proof, fresh = self._spend(proof)
            if fresh:
                left = covered - 1
            elif refusal := self.charge():
                return proof, refusal, 0
        else:
            if refusal := self.charge() or self._too_many_wrong(posted):
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

    def _too_many_wrong(self, posted: Posted) -> Refusal | None:
        if not posted.ours[ANSWER]:
            return None
        decision = self.state.limits.test("wrong", self.client)
        return None if decision.allowed else Refusal.because("limited", retry_after=decision.retry_after)

    def _spend(self, proof: Proof) -> tuple[Proof, bool]:
        if proof.opened is None:
            return proof, False
        try:
            fresh = self.state.spent.claim(proof.opened.challenge.nonce, self.state.settings.ttl + 60)
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
        if passed or code.meets(self.difficulty.one_up(), length):
            return False
        return not code.meets(self.asked, length)

    def _count_wrong(self) -> Refusal | None:
        note_wrong_code(self.state, self.client)
        decision = self.state.limits.hit("wrong", self.client)
        return None if decision.allowed else Refusal.because("limited", retry_after=decision.retry_after)

    def _tell(self, proof: Proof) -> None:
        app = this_app()
        if proof.solved and proof.opened is not None:
            challenge = proof.opened.challenge
            challenge_solved.send(app, scope=self.scope, kind=challenge.kind, seconds=proof.opened.age)
        elif self.mode == "always" or proof.reason not in ("", "code_missing"):
            challenge_failed.send(app, scope=self.scope, reason=proof.reason)

    def submission(self, request: Request, posted: Posted, proof: Proof) -> Submission:
        """Return what was posted, in our words."""
        return Submission(
            scope=self.scope,
            author=posted.parts["author"],
            email=posted.parts["email"],
            url=posted.parts["url"],
            body=posted.parts["body"],
            client=self.client.key,
            user_agent=request.headers.get("User-Agent", ""),
            referrer=request.referrer or "",
            posted_at=self.state.clock(),
            honeypot=posted.honeypot,
            seconds=proof.opened.age if proof.opened is not None else None,
        )

    def decide(self, outcome: Outcome) -> Outcome:
        """Weigh the proof and the verdict together: run the view, ask for a code, or refuse."""
        verdict, moderated = outcome.verdict, self.protection.moderated
        if verdict.action == Action.REJECT:
            return self._reject(outcome)
        if verdict.action == Action.ASIDE and not moderated:
            return self._refuse(outcome, Refusal.because("refused"), Action.ASIDE)
        if not outcome.proof.solved and self._needs_code(outcome):
            return self._without_code(outcome)
        if verdict.held and not moderated:
            return self._unmoderated(outcome)
        if verdict.action == Action.CHALLENGE:
            return replace(outcome, verdict=replace(verdict, action=Action.ACCEPT))
        return outcome

    def _needs_code(self, outcome: Outcome) -> bool:
        """Say whether only a solved code takes this POST on; a code that was asked for, or typed, has to be right."""
        if self.mode != "suspicious":
            return self.mode == "always"
        proof, verdict = outcome.proof, outcome.verdict
        owed = proof.opened is None or proof.reason != "code_missing" or proof.opened.challenge.charged > 0
        return not verdict.held and (owed or verdict.action == Action.CHALLENGE)

    def _reject(self, outcome: Outcome) -> Outcome:
        worst = _worst(outcome.verdict)
        reason = worst.reason if worst.reason in ("duplicate", "too_long") else "refused"
        return self._refuse(outcome, Refusal.because(reason, why=worst.reply or worst.sentence))

    def _without_code(self, outcome: Outcome) -> Outcome:
        verdict, proof, moderated = outcome.verdict, outcome.proof, self.protection.moderated
        if proof.reason == "store_unavailable":
            if not moderated:
                return self._refuse(outcome, Refusal.because(proof.reason, retry_after=30), Action.CHALLENGE)
            unproven = Finding(proof.reason, 0, "The code could not be checked: the store was down.", Action.HOLD)
            return replace(outcome, verdict=verdict.found(unproven))
        asked = "unusual" if self.mode == "suspicious" and proof.reason in ("", "code_missing") else proof.reason
        return self.ask(outcome, Refusal.because(asked), hard=verdict.held and not moderated)

    def _unmoderated(self, outcome: Outcome) -> Outcome:
        worst, proof = _worst(outcome.verdict), outcome.proof
        why = worst.reply or worst.sentence
        solved_hard = proof.solved and proof.difficulty is not None and proof.difficulty.rank >= Difficulty.hard.rank
        if self.mode == "off" or solved_hard:
            return self._refuse(outcome, Refusal.because("refused", why=why), Action.HOLD)
        return self.ask(outcome, Refusal.because("unusual_hard", why=why), hard=True)

    def ask(self, outcome: Outcome, refusal: Refusal, *, hard: bool = False) -> Outcome:
        finding = Finding(refusal.reason, 0, refusal.message, Action.CHALLENGE)
        verdict = replace(outcome.verdict.found(finding), action=Action.CHALLENGE)
        return replace(outcome, verdict=verdict, refusal=refusal, difficulty=self._next(outcome.proof, hard=hard))

    def _next(self, proof: Proof, *, hard: bool) -> Difficulty:
        """Return how hard the next picture is: what is asked here, and no less than the one before it."""
        length, difficulty = self.state.settings.length, self.asked
        if hard:
            difficulty = difficulty.raised_to(replace(Difficulty.hard, length=difficulty.length), length)
        return difficulty if proof.difficulty is None else difficulty.raised_to(proof.difficulty, length)

    def _refuse(self, outcome: Outcome, refusal: Refusal, action: Action = Action.REJECT) -> Outcome:
        return replace(outcome, verdict=replace(outcome.verdict, action=action), refusal=refusal)

    def remember(self, outcome: Outcome, submission: Submission) -> Outcome:
        """Claim the comment's fingerprint, once, before the view runs; whoever comes second is refused."""
        if outcome.refusal is not None or not submission.body.strip():
            return outcome
        mark = fingerprint(submission)
        try:
            first = self.state.spent.claim(mark, REMEMBERED)
        except StoreUnavailableError:
            return outcome
        if first:
            return replace(outcome, claimed=mark)
        verdict = outcome.verdict.found(already_said())
        return replace(outcome, verdict=verdict, refusal=Refusal.because("duplicate"))


def _worst(verdict: Verdict) -> Finding:
    return max(verdict.findings, key=lambda finding: (finding.action, finding.score))


def _rejected(refusal: Refusal) -> Verdict:
    return Verdict(Action.REJECT, (Finding(refusal.reason, 0, refusal.message, Action.REJECT),))
