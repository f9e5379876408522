"""Checks the code of a POST: opens the token, charges the limits, spends the nonce and compares the answer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from ...challenge.token import LEEWAY, Opened
from ...counters.client import Client
from ...counters.limits import TRY_AGAIN, Decision, Policy
from ...counters.surge import ALL_CLIENTS
from ...counters.without_code import FOR_SITE, NO_CODE, PER_CLIENT
from ...errors import StoreUnavailableError, TokenError
from ...signals import PASS_KIND, challenge_failed, challenge_solved, limit_reached
from .. import counting
from ..protection import Protection
from ..state import State, this_app
from .limit_message import why_limited
from .limit_status import LimitStatus
from .pass_binding import completes
from .posted import ANSWER, PASS, TOKEN, Posted
from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ...challenge.token import Challenge

#: How many tries at the code one charge covers, after the POST that was charged. Without this limit a client could
#: collect paid challenges, or post blank codes forever.
TRIES = 5


class Claiming(Protocol):
    """A function that claims the comment. ``again`` says that it may already be stored."""

    def __call__(self, *, again: bool) -> None:
        """Claim the comment."""


@dataclass(frozen=True, slots=True)
class CheckedCode:
    """The result of checking a POST's code: ``solved``, or else the ``reason`` (slug) why not.

    ``opened`` is the genuine challenge. ``unspent`` means that the POST did not use it up. ``unproven`` means that the
    store could not tell whether it had been used before. ``kind`` is the kind of the code that solved it.
    """

    reason: str = "code_missing"
    opened: Opened | None = None
    solved: bool = False
    unspent: bool = False
    unproven: bool = False
    kind: str = ""

    @property
    def is_pass(self) -> bool:
        """Whether this is a pass, which proves that a code was solved before."""
        return self.opened is not None and self.opened.challenge.is_pass

    @property
    def repeats(self) -> bool:
        """Whether its comment may already be stored, because the code was offered for a second try."""
        return self.opened is not None and (self.is_pass or self.opened.challenge.repeats)


class CaptchaCheck:
    """Checks the limits and the code of one client's POST to one form.

    ``sender_keys()`` yields the client's key under each of the site's secrets. ``is_counted`` says whether the POST was
    charged to the site's comment limits (not to a route's own), and ``is_limited`` whether limits refused that charge.
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
        self.is_counted = self.is_limited = False

    @cached_property
    def limit_status(self) -> LimitStatus:
        """The counters of this client and of the site, read once."""
        return LimitStatus.of(self.state, self.client, policy=self._policy, typed=self._typed)

    @property
    def mode(self) -> str:
        """The mode in force now, after taking a surge into account."""
        return mode_in(self.usual_mode, surge=self.limit_status.surge)

    def charge(self) -> Refusal | None:
        """Count this POST against the client's comment limits. Returns a refusal if it exceeds them, else None."""
        decision = self.state.limits.hit(self._policy, self.client, *self.limit_status.also_counted)
        limits = self.state.limits
        self.is_counted, self.is_limited = (
            limits.policy(self._policy) is limits.policy("comments"),
            not decision.allowed,
        )
        if decision.uncounted:
            self.limit_status.counted = False
        return refused(decision, self.state, self._policy, self.client)

    def charge_no_code(self) -> Refusal | None:
        """Count a comment that is sent to the moderator without a code, for this client and for the whole site.

        Returns a refusal if one of the two limits is exceeded. It asks for a code, so that the visitor can go on.
        """
        decision = self.state.limits.hit(PER_CLIENT.name, self.client, (FOR_SITE.name, ALL_CLIENTS))
        if decision.uncounted and "refuse" in self.state.settings.faults.values():
            return Refusal.because("store_unavailable", retry_after=TRY_AGAIN)
        if decision.allowed:
            return None
        _report_limit(self.state, NO_CODE)
        return Refusal.because("no_code_limit")

    def check_without_code(self, posted: Posted) -> tuple[CheckedCode, Refusal | None, int]:
        """Charge the limits of a comment that is sent to the moderator without a code. Returns what ``check`` returns.

        The answer isn't compared, and the nonce isn't spent, so the form can still be sent with its code. But a nonce
        that completes a charged POST is spent, so that the POST isn't charged again.
        """
        code, left, refusal = self._open(posted), TRIES, None
        covered = code.opened.challenge.tries_left if code.opened is not None else 0
        if covered:
            code, fresh, refusal = self._charge_and_spend(code, covered)
            left = covered - 1 if fresh else TRIES
        else:
            code, refusal = replace(code, unspent=True), self.charge()
        return replace(code, reason=code.reason or "code_missing"), refusal, left

    def check(
        self, posted: Posted, repeated: Callable[[], bool], claim: Claiming
    ) -> tuple[CheckedCode, Refusal | None, int]:
        """Charge the limits, spend the nonce, compare the answer, and claim the comment if the answer is right.

        Returns the checked code, a refusal or None, and the number of tries left.

        A challenge that was handed out in reply to a charged POST completes that POST. So its POST isn't charged again
        if the nonce is fresh and tries are left. Any other POST is charged before its nonce is spent.

        ``repeated()`` returns whether the comment is already stored. A stored comment is refused as a duplicate and
        charged, with a wrong code as with a right one. Otherwise the response would reveal for free whether the code
        was right. A comment that is sent again with its own spent code is a double click and isn't charged.

        The store is read before the nonce is spent. If the store is down, this shows it while the nonce is still
        unspent for certain. Then charge, nonce and ``claim`` are one transaction, if the store has those.
        """
        self._typed = bool(posted.ours[ANSWER])
        code, left = self._open(posted), TRIES
        covered = code.opened.challenge.tries_left if code.opened is not None else 0
        refusal = self._too_many_wrong()
        if refusal is None and self._is_double_click(code) and repeated():
            return code, Refusal.because("duplicate"), 0
        if refusal:
            return replace(code, unspent=True), refusal, 0
        kind = self._kind_of(code, posted)
        try:
            with self.state.limits.together():
                code, fresh, refusal = self._charge_and_spend(code, covered)
                if fresh and kind is not None and refusal is None:
                    claim(again=code.repeats)
        except StoreUnavailableError:  # nothing of it was written
            self.limit_status.counted = False
            code, fresh, refusal = self._charge_and_spend(code, covered)
        if refusal:
            return code, refusal, 0
        if covered and fresh:
            left = covered - 1
        code, refusal = self._compare(code, posted, repeated, kind)
        self._send_signal(code)
        return code, refusal, left

    def _open(self, posted: Posted) -> CheckedCode:
        token = posted.ours[PASS] or posted.ours[TOKEN]
        if not token:
            return CheckedCode()
        try:
            opened = self.state.issuer.open(token, scope=self.scope)
        except TokenError as error:
            return CheckedCode(error.reason)
        code = CheckedCode("", opened)
        if code.is_pass != bool(posted.ours[PASS]):
            return CheckedCode("token_malformed")
        if code.is_pass and not completes(opened, posted, self._sender_keys()):
            return CheckedCode("pass_other_text")
        return code

    def _is_double_click(self, code: CheckedCode) -> bool:
        """Return whether the code is already spent. The store is asked only if this client has just posted."""
        if code.opened is None or not self.limit_status.posted_lately:
            return False
        with suppress(StoreUnavailableError):
            return self.state.spent.is_spent(code.opened.challenge.nonce)
        return False

    def _too_many_wrong(self) -> Refusal | None:
        """Return a refusal if the client has typed too many wrong codes. This read also fills the limit status."""
        return refused(self.limit_status.wrong_codes, self.state, "wrong", self.client)

    def _kind_of(self, code: CheckedCode, posted: Posted) -> str | None:
        """Return the kind of the right code that was typed, ``PASS_KIND`` for a pass, None for a wrong code.

        Whether it counts depends on the nonce.
        """
        if code.opened is None or code.reason:
            return None
        return PASS_KIND if code.is_pass else self.state.issuer.solved_kind(code.opened, posted.ours[ANSWER])

    def _charge_and_spend(self, code: CheckedCode, covered: int) -> tuple[CheckedCode, bool, Refusal | None]:
        """Charge the POST unless an earlier charge covers it, then spend the nonce.

        Returns the code, whether its nonce was fresh, and a refusal or None. A nonce that isn't fresh covers nothing.
        """
        if not covered and (refusal := self.charge()):
            return replace(code, unspent=True), False, refusal
        code, fresh = self._spend(code)
        return code, fresh, self.charge() if covered and not fresh else None

    def _spend(self, code: CheckedCode) -> tuple[CheckedCode, bool]:
        if code.opened is None:
            return code, False
        if not self.limit_status.counted:  # don't risk a nonce to find out whether the store works again
            return replace(code, unproven=True), False
        try:
            fresh = spend(self.state, code.opened.challenge)
        except StoreUnavailableError:
            return replace(code, unproven=True), False
        return (code if fresh else replace(code, reason="code_used")), fresh

    def _compare(
        self, code: CheckedCode, posted: Posted, repeated: Callable[[], bool], kind: str | None
    ) -> tuple[CheckedCode, Refusal | None]:
        if code.reason or code.opened is None:
            return code, None
        if not code.is_pass:
            if not posted.ours[ANSWER].strip():
                quiet = code.unproven and self.mode != "always"
                return replace(code, reason="store_unavailable" if quiet else "code_missing"), None
            if kind is None:
                wrong = replace(code, reason="code_wrong")
                if code.opened.challenge.repeats or not repeated():
                    return wrong, self._count_wrong()
                return wrong, self.charge_covered(code) or Refusal.because("duplicate")
        if code.unproven:
            return replace(code, reason="store_unavailable"), None
        return replace(code, solved=True, kind=kind or ""), None

    def charge_covered(self, code: CheckedCode) -> Refusal | None:
        """Charge a POST that an earlier charge covers, because a response about its code must not be free."""
        covered = code.opened is not None and code.opened.challenge.tries_left
        return self.charge() if covered else None

    def _count_wrong(self) -> Refusal | None:
        return refused(self.state.limits.hit("wrong", self.client), self.state, "wrong", self.client)

    def _send_signal(self, code: CheckedCode) -> None:
        app = this_app()
        if code.solved and code.opened is not None:
            self.state.recorder.count(counting.code_solved, code.kind, code.opened.age)
            challenge_solved.send(app, scope=self.scope, kind=code.kind, seconds=code.opened.age)
        elif self.mode == "always" or code.reason not in ("", "code_missing"):
            self.state.recorder.count(counting.code_failed, code.reason)
            challenge_failed.send(app, scope=self.scope, reason=code.reason)


def mode_in(usual: str, *, surge: bool) -> str:
    """Return the mode in force: a surge of comments turns ``suspicious`` into ``always``."""
    return "always" if surge and usual == "suspicious" else usual


def spend(state: State, challenge: Challenge) -> bool:
    """Spend a challenge's nonce. Returns True for the first caller only.

    The nonce stays spent for as long as its token can be valid on any server, even one whose clock is behind. Raises
    ``StoreUnavailableError`` when the store doesn't answer.
    """
    return state.spent.claim(challenge.nonce, state.settings.ttl + 2 * LEEWAY, issued_at=challenge.issued_at)


def refused(decision: Decision, state: State, policy: str | Policy, client: Client) -> Refusal | None:
    """Return the refusal for a decision of the limits, or None if it allows the request.

    A refusal by a limit is counted and signalled.
    """
    if decision.allowed:
        return None
    seconds = decision.retry_after
    if decision.uncounted and state.settings.faults["limits"] == "refuse":
        return Refusal.because("store_unavailable", retry_after=seconds)
    _report_limit(state, state.limits.policy(policy).name)
    return Refusal.saying("limited", why_limited(state, policy, client, seconds), retry_after=seconds)


def _report_limit(state: State, policy: str) -> None:
    """Count and signal that a limit has refused this request."""
    state.recorder.count(counting.request_limited, policy)
    limit_reached.send(this_app(), policy=policy)
