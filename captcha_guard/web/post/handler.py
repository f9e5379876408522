"""The way of one POST: limits, code, rules, verdict. It says what should happen and leaves the doing to others."""

from __future__ import annotations

import secrets
from dataclasses import replace

from flask import Request, current_app

from ...errors import ConfigError
from ...signals import submission_judged
from ...spam.rules.duplicate import Duplicate, already_said
from ...spam.rules.honeypot import Honeypot
from ...spam.rules.too_fast import TooFast
from ...spam.rules.trusted_author import TrustedAuthor
from ...spam.submission import Facts, Submission
from ...spam.verdict import Action, Finding, Verdict, total
from ..identity import address_here, client_here, is_exempt, sender_keys
from ..protection import Protection
from ..state import State, this_app
from .captcha_check import Examination, Proof
from .duplicates import claim, is_known, look_later
from .missing_body import tell_of_missing_body
from .origin import refuse_cross_site
from .posted import Posted, PostedError, read
from .refusal import Refusal
from .result import Outcome

#: Seconds after which to come back when nothing can be checked.
TRY_AGAIN = 30

#: Rules that only suspect a program. Without a moderator, a solved code answers them.
ANSWERED_BY_CODE = frozenset({Honeypot.slug, TooFast.slug})


def pass_through(request: Request, state: State, protection: Protection, scope: str) -> Outcome:
    """Take one POST the whole way. Never raises for anything a visitor can send."""
    cross_site = refuse_cross_site(request, state)
    if cross_site is not None and state.judge.shadow is not True:
        return _cross_site(request, state, protection, scope, cross_site)
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
        if cross_site is not None:
            outcome = replace(outcome, verdict=outcome.verdict.found(_found(cross_site)))
        outcome = replace(outcome, verdict=outcome.verdict.let_through(), refusal=None)
    if outcome.submission is not None:
        submission_judged.send(this_app(), submission=outcome.submission, verdict=outcome.verdict)
    return outcome


class _Gate:
    """One POST's walk; holds what every step needs."""

    def __init__(self, request: Request, state: State, protection: Protection, scope: str) -> None:
        self.request = request
        self.state = state
        self.protection = protection
        self.scope = scope
        self.codes = Examination(state, protection, scope, client_here(), sender_keys)

    def walk(self, posted: Posted) -> Outcome:
        """Take what was posted past the limits and the code, the rules, the claim and the services."""
        proof, refusal, charged = self.codes.examine(posted, lambda: self._is_repeated(posted))
        outcome = Outcome(self.scope, self.protection, Verdict(), posted, proof=proof, charged=charged)
        if refusal is not None:
            outcome = replace(outcome, verdict=Verdict(Action.REJECT, (_found(refusal),)), refusal=refusal)
            if self.state.judge.shadow is not True:
                return outcome
        outcome = self.judge(outcome)
        if refusal is not None:
            return outcome
        if (decided := self.decide(outcome)).refusal is not None:
            return decided
        outcome = claim(outcome, self.state)
        if outcome.refusal is not None:
            return replace(outcome, refusal=self.codes.charge_covered(proof) or outcome.refusal)
        return self.decide(self.consult(outcome))

    def judge(self, outcome: Outcome) -> Outcome:
        """Put the submission before the rules and the filter; what was found before stays."""
        submission = self.submission(outcome.posted, outcome.proof)
        if outcome.proof.solved or outcome.proof.reason == "code_wrong" or self.codes.mode != "always":
            look_later(submission)
        answered = ANSWERED_BY_CODE if outcome.proof.solved and not self.protection.moderated else ()
        verdict = self.state.judge.weigh(submission, shadowing=answered)
        rules_score = total(verdict.findings)
        for finding in outcome.verdict.findings:
            verdict = verdict.found(finding)
        verdict = replace(verdict, id=secrets.token_urlsafe(16))
        return replace(outcome, verdict=verdict, submission=submission, rules_score=rules_score)

    def _is_repeated(self, posted: Posted) -> bool:
        return is_known(self._said(posted), self.state)

    def _said(self, posted: Posted) -> Submission:
        where = repr(sorted((self.request.view_args or {}).items()))
        return Submission(
            scope=self.scope,
            author=posted.parts["author"],
            email=posted.parts["email"],
            url=posted.parts["url"],
            body=posted.parts["body"],
            client=self.codes.client.key,
            other=posted.other,
            private=posted.private,
            site=posted.site,
            whole=f"{posted.whole} {where}",
        )

    def submission(self, posted: Posted, proof: Proof) -> Submission:
        """Return what was posted, in our words."""
        facts = self._facts()
        return replace(
            self._said(posted),
            user_agent=self.request.headers.get("User-Agent", ""),
            referrer=self.request.referrer or "",
            posted_at=self.state.clock(),
            honeypot=posted.honeypot,
            seconds=proof.opened.age if proof.opened is not None else None,
            account=facts.account,
            closed=facts.closed,
            post_age=facts.post_age,
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
        if verdict.action >= Action.ASIDE or (not outcome.proof.solved and self._needs_code(outcome)):
            return outcome
        address, now = address_here(), outcome.submission.posted_at
        trusted = TrustedAuthor.slug in verdict.reasons
        found = services.check(outcome.submission, address, now=now, trusted=trusted, moderated=moderated)
        return replace(outcome, verdict=self.state.judge.reconsider(verdict, found)) if found else outcome

    def decide(self, outcome: Outcome) -> Outcome:
        """Weigh the proof and the verdict together: run the view, ask for a code, or refuse."""
        verdict, moderated, solved = outcome.verdict, self.protection.moderated, outcome.proof.solved
        if verdict.action == Action.REJECT:
            return self._reject(outcome)
        if verdict.action == Action.ASIDE and not moderated and (solved or not self._code_helps(outcome)):
            return self._refuse(outcome, Refusal.because("refused"), Action.ASIDE)
        if not solved and self._needs_code(outcome):
            return self._without_code(outcome)
        return replace(outcome, verdict=_answered(verdict, Action.CHALLENGE if moderated else Action.HOLD))

    def _code_helps(self, outcome: Outcome) -> bool:
        """Say whether a comment would no longer be set aside if its code were solved."""
        if outcome.submission is None or ANSWERED_BY_CODE.isdisjoint(outcome.verdict.reasons):
            return False
        return self.state.judge.weigh(outcome.submission, shadowing=ANSWERED_BY_CODE).action < Action.ASIDE

    def _needs_code(self, outcome: Outcome) -> bool:
        """Say whether only a solved code takes this POST on; a code that was asked for, or typed, has to be right."""
        mode, proof, verdict = self.codes.mode, outcome.proof, outcome.verdict
        settles = verdict.held and not self.protection.moderated
        if mode != "suspicious":
            return mode == "always" or settles
        owed = proof.opened is None or proof.reason != "code_missing" or proof.opened.challenge.charged > 0
        unusual = verdict.action == Action.CHALLENGE or verdict.score >= self.state.judge.thresholds.challenge
        unproven = proof.reason == "store_unavailable"  # another code could not be proven either
        return settles or unproven or (not verdict.held and (owed or unusual))

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
        refusal = Refusal.because(asked)
        verdict = verdict.found(Finding(refusal.reason, 0, refusal.message, Action.CHALLENGE))
        return replace(outcome, verdict=replace(verdict, action=Action.CHALLENGE), refusal=refusal)

    def _refuse(self, outcome: Outcome, refusal: Refusal, action: Action = Action.REJECT) -> Outcome:
        return replace(outcome, verdict=replace(outcome.verdict, action=action), refusal=refusal)


def _worst(verdict: Verdict) -> Finding:
    return max(verdict.findings, key=lambda finding: (finding.action, finding.score))


def _answered(verdict: Verdict, up_to: Action) -> Verdict:
    """Return a verdict in which a solved code has answered what calls for ``up_to`` or less."""

    def left(action: Action) -> Action:
        return Action.ACCEPT if action <= up_to else action

    return replace(verdict, action=left(verdict.action), meant=None if verdict.meant is None else left(verdict.meant))


def _found(refusal: Refusal) -> Finding:
    if refusal.reason == Duplicate.slug:
        return already_said()
    return Finding(refusal.reason, 0, refusal.message, Action.REJECT)


def _cross_site(request: Request, state: State, protection: Protection, scope: str, refusal: Refusal) -> Outcome:
    """Refuse what another site's page sent, with its text. The visitor did not ask for it, so nothing is charged."""
    try:
        posted = read(request, protection, state.honeypot)
    except PostedError as error:
        posted = error.posted
        refusal = error.refusal if error.refusal.reason == "too_large" else refusal
    return Outcome.refused(scope, protection, refusal, posted)
