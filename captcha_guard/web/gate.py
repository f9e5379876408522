"""The way of one POST: limits, code, rules, verdict. It says what should happen and leaves the doing to others."""

from __future__ import annotations

import secrets
from dataclasses import replace

from flask import Request, current_app

from ..challenge.difficulty import Difficulty
from ..errors import ConfigError
from ..signals import submission_judged
from ..spam.rules.trusted_author import TrustedAuthor
from ..spam.submission import Facts, Submission
from ..spam.verdict import Action, Finding, Verdict, total
from .escalation import hard_as
from .identity import client_here, is_exempt
from .journey import current_journey
from .missing_body import tell_of_missing_body
from .outcome import Outcome
from .posted import Posted, PostedError, read
from .proof import Examination, Proof
from .protection import Protection
from .refusal import Refusal
from .repetition import claim, look_later
from .state import State, this_app

#: Seconds after which to come back when nothing can be checked.
TRY_AGAIN = 30


def pass_through(request: Request, state: State, protection: Protection, scope: str) -> Outcome:
    """Take one POST the whole way. Never raises for anything a visitor can send."""
    if is_exempt(protection):
        return Outcome(scope, protection, Verdict(Action.ACCEPT, (Finding("exempt", 0, "Whoever posts is exempt."),)))
    gate = _Gate(request, state, protection, scope)
    try:
        posted = read(request, protection, state.honeypot)
    except PostedError as error:
        damaged = gate.codes.charge() or error.refusal
        return Outcome.refused(scope, protection, damaged, error.posted)
    tell_of_missing_body(request, state, protection, posted)
    outcome = gate.walk(posted)
    if state.judge.shadow is True:
        outcome = replace(outcome, verdict=outcome.verdict.let_through(), refusal=None)
    if outcome.submission is not None:
        submission_judged.send(this_app(), submission=outcome.submission, verdict=outcome.verdict)
    return outcome


def ask_harder(outcome: Outcome, state: State, protection: Protection, request: Request) -> Outcome:
    """Return the outcome of a POST that was let in, under a protection that may ask for a harder code than it brought.

    The comment is charged already, so the harder code completes it.
    """
    gate = _Gate(request, state, protection, outcome.scope)
    settled = outcome.refusal is not None or not outcome.proof.solved or state.judge.shadow is True
    if settled or not gate.codes.is_easier(outcome.proof):
        return outcome
    proof = replace(outcome.proof, solved=False, reason="code_easier")
    return gate.ask(replace(outcome, protection=protection, proof=proof), Refusal.because(proof.reason))


class _Gate:
    """One POST's walk; holds what every step needs."""

    def __init__(self, request: Request, state: State, protection: Protection, scope: str) -> None:
        self.request = request
        self.state = state
        self.protection = protection
        self.scope = scope
        self.codes = Examination(state, protection, scope, client_here())

    def walk(self, posted: Posted) -> Outcome:
        """Take what was posted past the limits and the code, the rules, the claim and the services."""
        proof, refusal, charged = self.codes.examine(posted)
        current_journey().quota = self.codes.inspection.quota
        outcome = Outcome(self.scope, self.protection, Verdict(), posted, proof=proof, charged=charged)
        if refusal is not None:
            outcome = replace(outcome, verdict=_rejected(refusal), refusal=refusal)
            if self.state.judge.shadow is not True:
                return outcome
        outcome = self.judge(outcome)
        if refusal is not None:
            return outcome
        if (decided := self.decide(outcome)).refusal is not None:
            return decided
        outcome = claim(outcome, self.state)
        return outcome if outcome.refusal is not None else self.decide(self.consult(outcome))

    def judge(self, outcome: Outcome) -> Outcome:
        """Put the submission before the rules and the filter; what was found before stays."""
        submission = self.submission(outcome.posted, outcome.proof)
        if outcome.proof.solved or outcome.proof.reason == "code_wrong" or self.codes.mode != "always":
            look_later(submission)
        verdict = self.state.judge.weigh(submission)
        rules_score = total(verdict.findings)
        for finding in outcome.verdict.findings:
            verdict = verdict.found(finding)
        verdict = replace(verdict, id=secrets.token_urlsafe(16))
        return replace(outcome, verdict=verdict, submission=submission, rules_score=rules_score)

    def submission(self, posted: Posted, proof: Proof) -> Submission:
        """Return what was posted, in our words."""
        facts = self._facts()
        return Submission(
            scope=self.scope,
            author=posted.parts["author"],
            email=posted.parts["email"],
            url=posted.parts["url"],
            body=posted.parts["body"],
            client=self.codes.client.key,
            user_agent=self.request.headers.get("User-Agent", ""),
            referrer=self.request.referrer or "",
            posted_at=self.state.clock(),
            honeypot=posted.honeypot,
            seconds=proof.opened.age if proof.opened is not None else None,
            account=facts.account,
            closed=facts.closed,
            post_age=facts.post_age,
            other=posted.other,
            private=posted.private,
            site=posted.site,
        )

    def _facts(self) -> Facts:
        if self.protection.facts is None:
            return Facts()
        facts: object = current_app.ensure_sync(self.protection.facts)(**(self.request.view_args or {}))
        if not isinstance(facts, Facts):
            raise ConfigError(f"protect(facts=...) returned {facts!r}; return captcha_guard.Facts(account=...)")
        return facts

    def consult(self, outcome: Outcome) -> Outcome:
        """Ask the services, where their answer can still change what happens, and no code is owed."""
        services, verdict, moderated = self.state.services, outcome.verdict, self.protection.moderated
        if services is None or outcome.submission is None:
            return outcome
        settled = verdict.action >= Action.ASIDE or (verdict.held and not moderated)
        if settled or (not outcome.proof.solved and self._needs_code(outcome)):
            return outcome
        address, now = self.request.remote_addr or "", outcome.submission.posted_at
        trusted = TrustedAuthor.slug in verdict.reasons
        found = services.check(outcome.submission, address, now=now, trusted=trusted, moderated=moderated)
        return replace(outcome, verdict=self.state.judge.reconsider(verdict, found)) if found else outcome

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
        return replace(outcome, verdict=_answered(verdict))

    def _needs_code(self, outcome: Outcome) -> bool:
        """Say whether only a solved code takes this POST on; a code that was asked for, or typed, has to be right."""
        mode = self.codes.mode
        if mode != "suspicious":
            return mode == "always"
        proof, verdict = outcome.proof, outcome.verdict
        owed = proof.opened is None or proof.reason != "code_missing" or proof.opened.challenge.charged > 0
        unusual = verdict.action == Action.CHALLENGE or verdict.score >= self.state.judge.thresholds.challenge
        unproven = proof.reason == "store_unavailable"  # another code could not be proven either
        return unproven or (not verdict.held and (owed or unusual))

    def _reject(self, outcome: Outcome) -> Outcome:
        worst = _worst(outcome.verdict)
        reason = worst.reason if worst.reason in ("duplicate", "too_long") else "refused"
        return self._refuse(outcome, Refusal.because(reason, why=worst.reply or worst.sentence))

    def _without_code(self, outcome: Outcome) -> Outcome:
        verdict, proof, moderated = outcome.verdict, outcome.proof, self.protection.moderated
        if proof.reason == "store_unavailable":
            if not moderated or self.state.settings.faults["codes"] == "refuse":
                return self._refuse(outcome, Refusal.because(proof.reason, retry_after=TRY_AGAIN), Action.CHALLENGE)
            unproven = Finding(proof.reason, 0, "The code could not be checked: the store was down.", Action.HOLD)
            return replace(outcome, verdict=verdict.found(unproven))
        asked = (
            "unusual" if self.codes.usual_mode != "always" and proof.reason in ("", "code_missing") else proof.reason
        )
        return self.ask(outcome, Refusal.because(asked), hard=verdict.held and not moderated)

    def _unmoderated(self, outcome: Outcome) -> Outcome:
        worst, proof = _worst(outcome.verdict), outcome.proof
        why = worst.reply or worst.sentence
        solved_hard = proof.solved and proof.difficulty is not None and proof.difficulty.rank >= Difficulty.hard.rank
        if self.codes.mode == "off" or solved_hard:
            return self._refuse(outcome, Refusal.because("refused", why=why), Action.HOLD)
        return self.ask(outcome, Refusal.because("unusual_hard", why=why), hard=True)

    def ask(self, outcome: Outcome, refusal: Refusal, *, hard: bool = False) -> Outcome:
        finding = Finding(refusal.reason, 0, refusal.message, Action.CHALLENGE)
        verdict = replace(outcome.verdict.found(finding), action=Action.CHALLENGE)
        return replace(outcome, verdict=verdict, refusal=refusal, difficulty=self._next(outcome.proof, hard=hard))

    def _next(self, proof: Proof, *, hard: bool) -> Difficulty:
        """Return how hard the next picture is: what is asked here, and no less than the one before it."""
        length, difficulty = self.state.settings.length, self.codes.asked
        if hard:
            difficulty = difficulty.raised_to(hard_as(difficulty), length)
        return difficulty if proof.difficulty is None else difficulty.raised_to(proof.difficulty, length)

    def _refuse(self, outcome: Outcome, refusal: Refusal, action: Action = Action.REJECT) -> Outcome:
        return replace(outcome, verdict=replace(outcome.verdict, action=action), refusal=refusal)


def _worst(verdict: Verdict) -> Finding:
    return max(verdict.findings, key=lambda finding: (finding.action, finding.score))


def _answered(verdict: Verdict) -> Verdict:
    """Return a verdict in which a solved code has answered what only asked for one."""
    meant = Action.ACCEPT if verdict.meant == Action.CHALLENGE else verdict.meant
    action = Action.ACCEPT if verdict.action == Action.CHALLENGE else verdict.action
    return replace(verdict, action=action, meant=meant)


def _rejected(refusal: Refusal) -> Verdict:
    return Verdict(Action.REJECT, (Finding(refusal.reason, 0, refusal.message, Action.REJECT),))
