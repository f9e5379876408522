"""Handles one POST from top to bottom: origin, limits, code, rules, verdict.

This module only decides. The route's wrapper then answers a refusal or runs the view, and :mod:`.after_response` keeps
the comments that the view has stored.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace

from flask import Request, current_app

from ...counters.without_code import NO_CODE
from ...errors import ConfigError, StoreUnavailableError
from ...messages import in_english, message
from ...signals import submission_judged
from ...spam.code_demand import ANSWERED_BY_CODE, CodeState, Step, needs_code, next_step, settled
from ...spam.judge import NEW_SITE
from ...spam.rules.duplicate import Duplicate, already_said
from ...spam.rules.trusted_author import TrustedAuthor
from ...spam.submission import Facts, Submission
from ...spam.verdict import Action, Finding, Verdict, total
from .. import counting
from ..identity import address_here, client_here, is_exempt, sender_keys
from ..protection import Protection
from ..state import State, this_app
from .captcha_check import CaptchaCheck, CheckedCode
from .duplicates import claim, is_known, release
from .missing_body import report_missing_body
from .origin import refuse_cross_site
from .posted import NOTHING, PostedError, read
from .refusal import Refusal
from .result import Judged, Result

#: Seconds after which to try again when the store can't check a code.
TRY_AGAIN = 30


class Refused(Exception):  # noqa: N818 - it ends a POST and doesn't signal an error
    """Ends the handling of a POST. ``refusal`` is the answer, and ``verdict`` holds the findings so far."""

    def __init__(self, refusal: Refusal, verdict: Verdict) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal
        self.verdict = verdict


def handle_post(request: Request, state: State, protection: Protection, scope: str) -> Result:
    """Handle one POST to a guarded route, and return its result. No input from a visitor makes this raise."""
    post = _Post(request, state, protection, scope)
    try:
        return _handle(post)
    except BaseException:  # such as of the host's function: the comment isn't stored, so it may be sent again
        release(post.claimed, state)
        raise


def _handle(post: _Post) -> Result:
    try:
        post.check_origin()
        if is_exempt(post.protection):
            exempt = Finding("exempt", 0, message("The host exempts this client."))
            return Result(post.scope, post.protection, Verdict(Action.ACCEPT, (exempt,)))
        post.read()
        post.check_code()
        post.judge()
        post.claim(post.decide())  # the verdict may change until the services have answered
        post.ask_services()
        post.verdict = post.decide()
        post.charge_without_code(post.verdict)
    except Refused as refused:
        post.refusal, post.verdict = refused.refusal, refused.verdict
    return post.result()


class _Post:
    """One POST with the findings of its steps. A step that ends the handling raises ``Refused``."""

    def __init__(self, request: Request, state: State, protection: Protection, scope: str) -> None:
        self.request = request
        self.state = state
        self.protection = protection
        self.scope = scope
        self.shadow = state.judge.shadow is True
        self.cross_site: Refusal | None = None
        self.readable = True
        self.posted = NOTHING
        self.code = CheckedCode()
        self.tries_left = 0
        self.submission: Submission | None = None
        self.without: frozenset[str] = frozenset()
        self.rules_score = self.own_findings = 0
        self.judged: Judged | None = None
        self.claimed: str | None = ""
        self.charged_without_code = False
        self.verdict = Verdict()
        self.refusal: Refusal | None = None

    @property
    def without_code(self) -> bool:
        """Whether the visitor asked to send the comment to the moderator without a code, and the route has one."""
        return self.protection.moderated and self.posted.without_code

    def check_origin(self) -> None:
        """Refuse a POST that another site's page sent. It isn't counted, because the visitor didn't ask for it."""
        self.cross_site = refuse_cross_site(self.request, self.state)
        if self.cross_site is None or self.shadow:
            return
        refusal = self.cross_site
        try:
            self.posted = read(self.request, self.protection, self.state.honeypot)
        except PostedError as error:
            self.posted = error.posted
            refusal = error.refusal if error.refusal.reason == "too_large" else refusal
        raise Refused(refusal, _rejected(refusal))

    def read(self) -> None:
        """Read the fields of the POST, up to the allowed size."""
        self.captcha = CaptchaCheck(self.state, self.protection, self.scope, client_here(), sender_keys)
        try:
            self.posted = read(self.request, self.protection, self.state.honeypot)
        except PostedError as error:
            self.posted, self.readable = error.posted, False
            refusal = self.captcha.charge() or error.refusal
            raise Refused(refusal, _rejected(refusal)) from None
        report_missing_body(self.request, self.state, self.protection, self.posted)

    def check_code(self) -> None:
        """Count the POST against the limits and check its code."""
        if self.without_code:
            self.code, refusal, self.tries_left = self.captcha.check_without_code(self.posted)
        else:
            self.code, refusal, self.tries_left = self.captcha.check(self.posted, self._is_repeated, self._claim)
        if refusal is None:
            return
        self.verdict = _rejected(refusal)
        if self.shadow:  # shadow mode lets the POST pass, so its verdict needs the rules as well
            self.judge()
        raise Refused(refusal, self.verdict)

    def judge(self) -> None:
        """Ask the rules and the filter about the submission. Earlier findings are kept."""
        self.submission = self._submission()
        if self.code.solved or self.code.reason == "code_wrong" or self.captcha.mode != "always":
            self.without = frozenset({Duplicate.slug})  # the claim will find duplicates, or the code check has
        answered = ANSWERED_BY_CODE if self.code.solved and not self.protection.moderated else ()
        if not self.protection.moderated:
            self.without |= {NEW_SITE}  # without a moderator, the comment could not be confirmed
        verdict = self.state.judge.weigh(self.submission, without=self.without, shadowing=answered)
        self.rules_score = total(verdict.findings)
        self.own_findings = len(verdict.findings)
        for finding in self.verdict.findings:
            verdict = verdict.found(finding)
        self.verdict = replace(verdict, id=secrets.token_urlsafe(16))

    def decide(self) -> Verdict:
        """Return the verdict with which the view runs, or raise ``Refused`` to refuse the comment or ask for a code."""
        verdict, code = self.verdict, self._code_state()
        self.judged = Judged(verdict, code, own_findings=self.own_findings)
        step = next_step(
            verdict.action, verdict.score, code, challenge_from=self._challenge_from, code_helps=self._code_helps
        )
        if step is Step.REFUSE and verdict.action == Action.REJECT:
            worst = max(verdict.findings, key=lambda finding: (finding.action, finding.score))
            reason = worst.reason if worst.reason in ("duplicate", "too_long") else "refused"
            raise Refused(Refusal.because(reason, why=worst.reply or worst.sentence), verdict)
        if step is Step.REFUSE:
            raise Refused(Refusal.because("refused"), verdict)
        if step is Step.ASK:
            verdict = self._without_code()
        return _settled(verdict, moderated=code.moderated)

    def claim(self, verdict: Verdict) -> None:
        """Claim the comment, so that it isn't stored twice. With a solved code it was claimed when that was checked.

        If ``verdict`` says that it's sent without a code, the claim and that charge are one transaction of the store.
        """
        if self.submission is None:
            return
        refusal = None
        if NO_CODE in verdict.reasons:
            refusal = self._claim_and_charge()
        elif not self.code.solved:
            self._claim(again=False)
        if self.claimed is None:
            refusal = self.captcha.charge_covered(self.code) or Refusal.because("duplicate")
            raise Refused(refusal, self.verdict.found(already_said()))
        self._refuse_without_code(refusal)

    def charge_without_code(self, verdict: Verdict) -> None:
        """Count a comment that needs a code and is sent without one. It's counted once.

        Raises ``Refused`` if no more such comments are allowed today. The claim is then released after the response.
        """
        if NO_CODE in verdict.reasons and not self.charged_without_code:
            self.charged_without_code = True
            self._refuse_without_code(self.captcha.charge_no_code())

    def ask_services(self) -> None:
        """Ask the services, if their answer can still change the decision and no code is missing."""
        services, verdict = self.state.services, self.verdict
        if services is None or self.submission is None or verdict.action >= Action.ASIDE:
            return
        if not self.code.solved and not self.without_code and self._needs_code():
            return
        found = services.check(
            self.submission,
            address_here(),
            now=self.submission.posted_at,
            trusted=TrustedAuthor.slug in verdict.reasons,
            moderated=self.protection.moderated,
        )
        if found:
            self.verdict = self.state.judge.reconsider(verdict, found)

    def result(self) -> Result:
        """Return the result, and send the signal for a judged submission. Shadow mode lets every readable POST pass."""
        judged = self.judged
        if judged is None or self.verdict.action == Action.REJECT:
            judged = Judged(self.verdict, CodeState(moderated=self.protection.moderated))
        if hasattr(self, "captcha"):  # not for a POST from another site
            judged = replace(judged, counted=self.captcha.is_counted, limited=self.captcha.is_limited)
        if self.shadow and self.readable:
            if self.cross_site is not None:
                self.verdict = self.verdict.found(_finding(self.cross_site))
            self.verdict, self.refusal = self.verdict.let_through(), None
        self.verdict = self.state.in_site_language(self.verdict)
        if self.submission is not None:
            self.state.recorder.count(counting.submission_judged, self.verdict)
            submission_judged.send(this_app(), submission=self.submission, verdict=self.verdict)
        return Result(
            self.scope,
            self.protection,
            self.verdict,
            self.posted,
            self.refusal,
            code=self.code,
            submission=self.submission,
            rules_score=self.rules_score,
            tries_left=self.tries_left,
            claimed=self.claimed or "",
            judged=judged,
        )

    def _claim(self, *, again: bool) -> None:
        self.claimed = claim(self._identifying_parts(), self.state, again=again)

    def _claim_and_charge(self) -> Refusal | None:
        """Claim a comment that is sent without a code and count it unless it's a duplicate."""
        self.charged_without_code = True
        try:
            with self.state.limits.together():
                self._claim(again=False)
                return None if self.claimed is None else self.captcha.charge_no_code()
        except StoreUnavailableError:  # nothing of it was written
            self.claimed = ""
            return self.captcha.charge_no_code()

    def _refuse_without_code(self, refusal: Refusal | None) -> None:
        if refusal is not None:
            finding = Finding(refusal.reason, 0, refusal.message, Action.CHALLENGE)
            if self.judged is not None:
                self.judged = replace(self.judged, code=replace(self.judged.code, holds=False))
            raise Refused(refusal, replace(self.verdict.found(finding), action=Action.CHALLENGE))

    def _is_repeated(self) -> bool:
        """Return whether this exact comment is already stored or being stored. If not, the rule is skipped later."""
        repeated = is_known(self._identifying_parts(), self.state)
        if not repeated:
            self.without = frozenset({Duplicate.slug})
        return repeated

    def _identifying_parts(self) -> Submission:
        """Return a submission with the parts that identify the comment."""
        posted, where = self.posted, _canonical_path(self.request)
        return Submission(
            scope=self.scope,
            author=posted.parts["author"],
            email=posted.parts["email"],
            url=posted.parts["url"],
            body=posted.parts["body"],
            client=self.captcha.client.key,
            other=posted.other,
            private=posted.private,
            site=posted.site,
            whole=f"{posted.whole} {where}",
        )

    def _submission(self) -> Submission:
        facts = self._facts()
        return replace(
            self._identifying_parts(),
            user_agent=self.request.headers.get("User-Agent", ""),
            referrer=self.request.referrer or "",
            posted_at=self.state.clock(),
            honeypot=self.posted.honeypot,
            seconds=self.code.opened.age if self.code.opened is not None else None,
            account=facts.account,
            closed=facts.closed,
            post_age=facts.post_age,
            topic=facts.topic,
            replaces=self.state.moderation.key_of(facts.replaces) if facts.replaces else "",
        )

    def _facts(self) -> Facts:
        if self.protection.facts is None:
            return Facts()
        facts: object = current_app.ensure_sync(self.protection.facts)(**(self.request.view_args or {}))
        if not isinstance(facts, Facts):
            raise ConfigError(f"protect(facts=...) returned {facts!r}; return captcha_guard.Facts(account=...)")
        return facts

    def _code_helps(self) -> bool:
        """Return whether a solved code would keep the comment from being set aside."""
        if self.submission is None or ANSWERED_BY_CODE.isdisjoint(self.verdict.reasons):
            helps = False
        else:
            solved = self.state.judge.weigh(self.submission, without=self.without, shadowing=ANSWERED_BY_CODE)
            helps = solved.action < Action.ASIDE
        if self.judged is not None:
            self.judged = replace(self.judged, code_helps=helps)
        return helps

    def _needs_code(self) -> bool:
        verdict, code = self.verdict, self._code_state()
        return needs_code(verdict.action, verdict.score, code, challenge_from=self._challenge_from)

    @property
    def _challenge_from(self) -> int:
        return self.state.judge.thresholds.challenge

    def _code_state(self) -> CodeState:
        code, moderated = self.code, self.protection.moderated
        unproven = code.reason == "store_unavailable"
        refusing = self.state.settings.faults["codes"] == "refuse"
        return CodeState(
            mode=self.captcha.mode,
            moderated=moderated,
            solved=code.solved,
            owed=self._owes_code(),
            unproven=unproven,
            holds=self.without_code or (unproven and moderated and not refusing),
        )

    def _owes_code(self) -> bool:
        """Return whether a code was asked for or typed, so that it must be right."""
        code = self.code
        if self.without_code:  # it may not spend the token, so the token must not replace a code
            return True
        return code.opened is None or code.reason != "code_missing" or code.opened.challenge.tries_left > 0

    def _without_code(self) -> Verdict:
        """Ask for a code. If the store can't check codes, hold the comment for a moderator where there is one.

        A comment that the visitor has sent to the moderator without a code is held, too.
        """
        code, verdict = self.code, self.verdict
        if self.without_code:
            return verdict.found(Finding(NO_CODE, 0, message("Sent to the moderator without a code."), Action.HOLD))
        if code.reason == "store_unavailable":
            if not self._code_state().holds:
                refusal = Refusal.because(code.reason, retry_after=TRY_AGAIN)
                raise Refused(refusal, replace(verdict, action=Action.CHALLENGE))
            sentence = message("The code could not be checked: the store was down.")
            return verdict.found(Finding(code.reason, 0, sentence, Action.HOLD))
        unusual = self.captcha.usual_mode != "always" and code.reason in ("", "code_missing")
        refusal = Refusal.because("unusual" if unusual else code.reason)
        verdict = verdict.found(Finding(refusal.reason, 0, in_english(refusal.message), Action.CHALLENGE))
        raise Refused(refusal, replace(verdict, action=Action.CHALLENGE))


def _canonical_path(request: Request) -> str:
    """Return the path of this request as the route's rule writes it, so that ``/posts/007`` is ``/posts/7``."""
    built = None
    with suppress(Exception):  # a converter of the host's, or arguments that a preprocessor has taken out
        built = request.url_rule.build(request.view_args or {}, append_unknown=False) if request.url_rule else None
    return built[1] if built else request.path


def _settled(verdict: Verdict, *, moderated: bool) -> Verdict:
    """Return the verdict with which the view runs."""
    meant = None if verdict.meant is None else settled(verdict.meant, moderated=moderated)
    return replace(verdict, action=settled(verdict.action, moderated=moderated), meant=meant)


def _rejected(refusal: Refusal) -> Verdict:
    return Verdict(Action.REJECT, (_finding(refusal),))


def _finding(refusal: Refusal) -> Finding:
    return already_said() if refusal.reason == Duplicate.slug else refusal.finding
