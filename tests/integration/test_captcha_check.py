"""The code of a POST: what is charged, which nonces are spent, and what a wrong, used or missing code costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from captcha_guard import CaptchaGuard
from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.challenge.issuer import Issuer
from captcha_guard.challenge.token import LEEWAY, Challenge
from captcha_guard.counters.client import Client
from captcha_guard.counters.limits import Limits, Policy
from captcha_guard.counters.spent import Spent
from captcha_guard.counters.storages.memory import LockedMemoryStorage
from captcha_guard.counters.surge import Surge
from captcha_guard.counters.without_code import FOR_SITE, PER_CLIENT
from captcha_guard.errors import StoreUnavailableError
from captcha_guard.health import Health
from captcha_guard.signals import challenge_failed, challenge_solved, limit_reached
from captcha_guard.web.post.captcha_check import TRIES, CaptchaCheck, CheckedCode, mode_in, spend
from captcha_guard.web.post.pass_binding import Binding
from captcha_guard.web.post.posted import ANSWER, NOTHING, PASS, TOKEN, Posted
from captcha_guard.web.post.refusal import Refusal
from captcha_guard.web.protection import Protection
from captcha_guard.web.state import NAME, State

NOW = 1_800_000_000
CODE = "7DCP4"
BODY = "A comment that is long enough to be recognised when it comes again."
ADA = Client("ada")


class OneCode:
    """A kind of challenge whose code is always the same."""

    name = "image"

    def answers(self, key: bytes, challenge: Challenge) -> tuple[str, ...]:  # noqa: ARG002
        return (CODE,)


class Log:
    """A recorder that keeps what is counted."""

    def __init__(self) -> None:
        self.counted: list[tuple[Any, ...]] = []

    def count(self, event: Any, *details: object) -> None:
        self.counted.append((event.__name__, *details))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = Flask("checked", instance_path=str(tmp_path_factory.mktemp("instance")))
    app.config.update(SECRET_KEY="a secret of thirty-two characters", CAPTCHA_GUARD_STORAGE_URI="memory://")
    CaptchaGuard(app)
    with app.app_context():
        yield app


class Failing(LockedMemoryStorage):
    """A storage in memory. The methods that ``down`` names fail."""

    down: frozenset[str] = frozenset()

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        self._fail("incr_and_lost_at")
        return super().incr_and_lost_at(key, expiry, amount)

    def acquire_entries(self, entries: Sequence[tuple[str, int, int, int]]) -> float | None:
        self._fail("acquire_entries")
        return super().acquire_entries(entries)

    def get_moving_windows(self, windows: Sequence[tuple[str, int, int]]) -> list[tuple[float, int]]:
        self._fail("get_moving_windows")
        return super().get_moving_windows(windows)

    def get(self, key: str) -> int:
        self._fail("get")
        return super().get(key)

    def _fail(self, method: str) -> None:
        if method in self.down:
            raise ConnectionError("the store is down")


class Site:
    """A site with limits in memory, and its clients' POSTs."""

    def __init__(self, app: Flask, **limits: str) -> None:
        self.storage = Failing()
        health = Health((ConnectionError,))
        texts = {"comments": "3 per hour", "wrong": "2 per hour"} | limits
        policies = {name: Policy.parse(name, text) for name, text in texts.items()}
        policies |= {PER_CLIENT.name: PER_CLIENT, FOR_SITE.name: FOR_SITE}
        self.log = Log()
        self.now = float(NOW)
        issuer = Issuer([b"secret"], kinds=[OneCode()], ttl=600, clock=lambda: self.now)  # type: ignore[list-item]
        state: State = app.extensions[NAME]
        self.state = replace(
            state,
            limits=Limits(self.storage, policies=policies, health=health),
            spent=Spent(self.storage, health),
            surge=Surge(0),
            issuer=issuer,
            recorder=self.log,  # type: ignore[arg-type]
            clock=lambda: self.now,
            settings=replace(state.settings, mode="always", ttl=600),
        )
        self.claims: list[bool] = []

    def token(self, scope: str = "comment", **how: Any) -> str:
        return self.state.issuer.issue(scope, difficulty=Difficulty.medium, **how)

    def check_of(self, client: Client = ADA, **protection: Any) -> CaptchaCheck:
        return CaptchaCheck(self.state, Protection(**protection), "comment", client, lambda: [client.key])

    def post(
        self, token: str = "", answer: str = "", *, earned: str = "", stored: bool = False, **protection: Any
    ) -> tuple[CheckedCode, Refusal | None, int]:
        return self.check_of(**protection).check(posted(token, answer, earned), lambda: stored, self._claim)

    def _claim(self, *, again: bool) -> None:
        self.claims.append(again)

    def used(self, policy: str, client: Client = ADA) -> int:
        return self.state.limits.stats((policy, client)).used(policy)

    def pass_for(self, token: str, client: Client = ADA) -> str:
        opened = self.state.issuer.open(token)
        binding = Binding.of(posted(), client.key, opened.key)
        assert binding is not None
        made = self.state.issuer.issue_pass(opened, binding.written())
        assert made is not None
        return made


def posted(token: str = "", answer: str = "", earned: str = "") -> Posted:
    ours = {**NOTHING.ours, TOKEN: token, ANSWER: answer, PASS: earned}
    return Posted((("body", BODY),), ours, {**NOTHING.parts, "body": BODY})


@pytest.fixture
def site(app: Flask) -> Site:
    return Site(app)


@contextmanager
def signals() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    sent: list[tuple[str, dict[str, Any]]] = []
    named = {"solved": challenge_solved, "failed": challenge_failed, "limited": limit_reached}
    with ExitStack() as stack:
        for name, signal in named.items():

            def receive(sender: object, *, _name: str = name, **details: Any) -> None:
                assert isinstance(sender, Flask)
                sent.append((_name, details))

            stack.enter_context(signal.connected_to(receive))
        yield sent


#: The methods of a storage that write, and all of them.
WRITES = frozenset({"acquire_entries", "incr_and_lost_at"})
ALL = WRITES | {"get_moving_windows", "get"}


def test_a_right_code_is_charged_spent_and_claims_the_comment(site: Site) -> None:
    token = site.token()
    site.now += 9
    with signals() as sent:
        code, refusal, left = site.post(token, CODE.lower())
    assert (code.solved, code.kind, code.reason, refusal, left) == (True, "image", "", None, TRIES)
    assert (code.unspent, code.unproven, code.is_pass, code.repeats) == (False, False, False, False)
    assert site.claims == [False]
    assert site.used("comments") == 1
    assert site.used("wrong") == 0
    assert code.opened is not None
    assert site.state.spent.is_spent(code.opened.challenge.nonce)
    assert sent == [("solved", {"scope": "comment", "kind": "image", "seconds": 9})]
    assert site.log.counted == [("code_solved", "image", 9)]


def test_a_wrong_code_is_charged_counted_and_spent(site: Site) -> None:
    with signals() as sent:
        code, refusal, left = site.post(site.token(), "99999")
    assert (code.solved, code.reason, refusal, left) == (False, "code_wrong", None, TRIES)
    assert site.claims == []
    assert (site.used("comments"), site.used("wrong")) == (1, 1)
    assert code.opened is not None
    assert site.state.spent.is_spent(code.opened.challenge.nonce)
    assert sent == [("failed", {"scope": "comment", "reason": "code_wrong"})]
    assert site.log.counted == [("code_failed", "code_wrong")]


def test_a_code_is_used_once(site: Site) -> None:
    token = site.token()
    site.post(token, "99999")
    code, refusal, _ = site.post(token, CODE)
    assert (code.solved, code.reason, refusal) == (False, "code_used", None)
    assert site.claims == []
    assert (site.used("comments"), site.used("wrong")) == (2, 1)


@pytest.mark.parametrize(
    ("token", "reason"), [("", "code_missing"), ("x.y.z", "token_forged"), ("é", "token_malformed")]
)
def test_a_post_without_a_genuine_token_is_charged(site: Site, token: str, reason: str) -> None:
    code, refusal, left = site.post(token, CODE)
    assert (code.reason, code.opened, refusal, left) == (reason, None, None, TRIES)
    assert (site.used("comments"), site.used("wrong")) == (1, 0)
    assert site.claims == []


def test_a_token_of_another_form_does_not_open(site: Site) -> None:
    assert site.post(site.token("another"), CODE)[0].reason == "token_scope"


@pytest.mark.parametrize("answer", ["", "  "])
def test_a_blank_answer_is_missing_and_spends_the_nonce(site: Site, answer: str) -> None:
    with signals() as sent:
        code, refusal, _ = site.post(site.token(), answer)
    assert (code.reason, refusal) == ("code_missing", None)
    assert code.opened is not None
    assert site.state.spent.is_spent(code.opened.challenge.nonce)
    assert site.used("wrong") == 0
    assert sent == [("failed", {"scope": "comment", "reason": "code_missing"})]


def test_a_missing_code_is_not_a_failure_where_none_was_shown(site: Site) -> None:
    with signals() as sent:
        site.post(mode="suspicious")
        site.post(site.token(), "", mode="suspicious")
    assert sent == []
    with signals() as sent:
        site.post("x.y.z", "", mode="suspicious")
    assert [details["reason"] for _, details in sent] == ["token_forged"]


def test_a_challenge_that_answered_a_charged_post_covers_its_tries(site: Site) -> None:
    check = site.check_of()
    code, refusal, left = check.check(posted(site.token(tries_left=2), CODE), lambda: False, site._claim)
    assert (code.solved, refusal, left) == (True, None, 1)
    assert (check.is_counted, check.is_limited) == (False, False)
    assert site.used("comments") == 0
    code, refusal, left = site.post(site.token(tries_left=1), "99999")
    assert (code.reason, refusal, left) == ("code_wrong", None, 0)
    assert (site.used("comments"), site.used("wrong")) == (0, 1)


def test_a_spent_challenge_covers_nothing(site: Site) -> None:
    token = site.token(tries_left=2)
    site.post(token, "99999")
    code, refusal, left = site.post(token, CODE)
    assert (code.reason, refusal, left) == ("code_used", None, TRIES)
    assert site.used("comments") == 1


def test_beyond_the_limit_a_post_is_refused_and_its_code_stays_unspent(site: Site) -> None:
    for _ in range(3):
        site.post(site.token(), CODE)
    token = site.token()
    check = site.check_of()
    with signals() as sent:
        code, refusal, left = check.check(posted(token, CODE), lambda: False, site._claim)
    assert refusal is not None
    assert (refusal.reason, refusal.status, refusal.retry_after) == ("limited", 429, 3600)
    assert (code.unspent, code.solved, left) == (True, False, 0)
    assert (check.is_counted, check.is_limited) == (True, True)
    assert sent == [("limited", {"policy": "comments"})]
    assert site.log.counted[-1] == ("request_limited", "comments")
    assert len(site.claims) == 3
    assert code.opened is not None
    assert not site.state.spent.is_spent(code.opened.challenge.nonce)


def test_a_spent_covered_challenge_is_refused_beyond_the_limit(site: Site) -> None:
    token = site.token(tries_left=2)
    site.post(token, "99999")
    for _ in range(3):
        site.post(site.token(), CODE)
    _, refusal, left = site.post(token, CODE)
    assert refusal is not None
    assert (refusal.reason, left) == ("limited", 0)


def test_after_too_many_wrong_codes_no_code_is_tried(site: Site) -> None:
    for _ in range(2):
        site.post(site.token(), "99999")
    token = site.token()
    code, refusal, left = site.post(token, CODE)
    assert refusal is not None
    assert (refusal.reason, left, code.unspent, code.solved) == ("limited", 0, True, False)
    assert "wrong codes" in refusal.message
    assert site.used("comments") == 2
    assert site.log.counted[-1] == ("request_limited", "wrong")
    assert site.post()[1] is None  # a form without a code may still be sent
    assert site.check_of().limit_status.wrong_codes.allowed  # nothing was typed yet, so it isn't read


def test_the_wrong_code_that_exceeds_the_limit_in_the_meantime_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.state.limits.hit("wrong", ADA)
    check = site.check_of()

    def spent_elsewhere(*, again: bool) -> None:
        raise AssertionError

    hit = site.state.limits.hit

    def hit_twice(policy: Any, client: Client, *more: Any) -> Any:
        if policy == "wrong":
            hit(policy, client, *more)
        return hit(policy, client, *more)

    monkeypatch.setattr(site.state.limits, "hit", hit_twice)
    code, refusal, _ = check.check(posted(site.token(), "99999"), lambda: False, spent_elsewhere)
    assert code.reason == "code_wrong"
    assert refusal is not None
    assert refusal.reason == "limited"


@pytest.mark.parametrize("answer", [CODE, "99999"])
def test_a_stored_comment_with_a_fresh_challenge_costs_the_same_whether_its_code_is_right(
    site: Site, answer: str
) -> None:
    code, refusal, _ = site.post(site.token(), answer, stored=True)
    if answer == CODE:
        assert code.solved  # the claim decides
    else:
        assert refusal is not None
        assert (code.reason, refusal.reason, refusal.status) == ("code_wrong", "duplicate", 409)
    assert site.used("comments") == 1


def test_a_wrong_code_for_a_stored_comment_is_charged_though_its_challenge_was_covered(site: Site) -> None:
    _, refusal, _ = site.post(site.token(tries_left=2), "99999", stored=True)
    assert refusal is not None
    assert refusal.reason == "duplicate"
    assert (site.used("comments"), site.used("wrong")) == (1, 0)
    for _ in range(2):
        site.post()
    _, refusal, _ = site.post(site.token(tries_left=2), "99999", stored=True)
    assert refusal is not None
    assert refusal.reason == "limited"


def test_a_challenge_that_allows_a_repetition_claims_again(site: Site) -> None:
    code, refusal, _ = site.post(site.token(repeats=True), CODE, stored=True)
    assert (code.solved, code.repeats, refusal) == (True, True, None)
    assert site.claims == [True]
    code, refusal, _ = site.post(site.token(repeats=True), "99999", stored=True)
    assert (code.reason, refusal) == ("code_wrong", None)
    assert site.used("wrong") == 1


def test_a_double_click_is_a_duplicate_and_is_not_charged(site: Site) -> None:
    token = site.token()
    site.post(token, CODE)
    code, refusal, left = site.post(token, CODE, stored=True)
    assert refusal is not None
    assert (refusal.reason, left, code.solved) == ("duplicate", 0, False)
    assert site.used("comments") == 1


def test_a_double_click_that_the_store_cannot_show_is_charged(site: Site) -> None:
    token = site.token()
    site.post(token, CODE)
    site.storage.down = frozenset({"get"})
    code, refusal, _ = site.post(token, CODE, stored=True)
    assert (code.reason, refusal) == ("code_used", None)
    assert site.used("comments") == 2


def test_a_spent_code_of_a_client_that_has_not_just_posted_is_charged(site: Site) -> None:
    token = site.token()
    site.post(token, CODE)
    other = site.check_of(Client("bea"))
    code, refusal, _ = other.check(posted(token, CODE), lambda: True, site._claim)
    assert (code.reason, refusal) == ("code_used", None)
    assert site.used("comments", Client("bea")) == 1


def test_a_pass_completes_its_comment_once(site: Site) -> None:
    earned = site.pass_for(site.token())
    with signals() as sent:
        code, refusal, _ = site.post(earned=earned)
    assert (code.solved, code.kind, code.is_pass, code.repeats, refusal) == (True, "pass", True, True, None)
    assert site.claims == [True]
    assert sent[0][1]["kind"] == "pass"
    assert site.post(earned=earned)[0].reason == "code_used"


def test_a_pass_for_another_sender_and_a_pass_in_the_place_of_a_token_are_refused(site: Site) -> None:
    token = site.token()
    assert site.post(earned=site.pass_for(token, Client("bea")))[0].reason == "pass_other_text"
    assert site.post(site.pass_for(token), CODE)[0].reason == "token_malformed"
    assert site.post(earned=token)[0].reason == "token_malformed"
    assert site.claims == []


def test_a_pass_has_precedence_over_a_token(site: Site) -> None:
    code, _, _ = site.post(site.token(), "99999", earned=site.pass_for(site.token()))
    assert code.solved
    assert site.used("wrong") == 0


def test_without_a_code_the_comment_is_charged_and_its_nonce_stays_unspent(site: Site) -> None:
    token = site.token()
    code, refusal, left = site.check_of().check_without_code(posted(token, CODE))
    assert (code.reason, code.solved, code.unspent, refusal, left) == ("code_missing", False, True, None, TRIES)
    assert site.used("comments") == 1
    assert site.post(token, CODE)[0].solved


def test_without_a_code_a_covered_challenge_is_spent_and_not_charged(site: Site) -> None:
    token = site.token(tries_left=3)
    code, refusal, left = site.check_of().check_without_code(posted(token))
    assert (code.reason, refusal, left, site.used("comments")) == ("code_missing", None, 2, 0)
    code, refusal, left = site.check_of().check_without_code(posted(token))
    assert (code.reason, refusal, left, site.used("comments")) == ("code_used", None, TRIES, 1)
    code, _, left = site.check_of().check_without_code(posted("x.y.z"))
    assert (code.reason, left) == ("token_forged", TRIES)
    for _ in range(2):
        _, refusal, _ = site.check_of().check_without_code(posted())
    assert refusal is not None
    assert refusal.reason == "limited"


def test_comments_without_a_code_have_limits_for_a_client_and_for_the_site(site: Site) -> None:
    assert [site.check_of().charge_no_code() for _ in range(3)] == [None] * 3
    with signals() as sent:
        refusal = site.check_of().charge_no_code()
    assert refusal is not None
    assert (refusal.reason, refusal.status) == ("no_code_limit", 422)
    assert sent == [("limited", {"policy": "no_code"})]
    others = [site.check_of(Client(f"client {number}")).charge_no_code() for number in range(28)]
    assert [one is None for one in others] == [True] * 27 + [False]


@pytest.mark.parametrize(("faults", "reason"), [("refuse", "store_unavailable"), ("hold", None)])
def test_a_site_may_refuse_comments_without_a_code_while_the_store_fails(
    site: Site, faults: str, reason: str | None
) -> None:
    site.state = replace(site.state, settings=replace(site.state.settings, faults={"limits": "allow", "codes": faults}))
    site.storage.down = WRITES
    refusal = site.check_of().charge_no_code()
    if reason is None:
        assert refusal is None
    else:
        assert refusal is not None
        assert (refusal.reason, refusal.retry_after) == (reason, 30)


@pytest.mark.parametrize(("mode", "reason"), [("always", "code_missing"), ("suspicious", "store_unavailable")])
def test_while_the_store_fails_a_code_is_unproven_and_in_suspicious_mode_not_missed(
    app: Flask, mode: str, reason: str
) -> None:
    site = Site(app, comments="9 per hour")
    site.storage.down = ALL
    code, refusal, _ = site.post(site.token(), CODE, mode=mode)
    assert (code.solved, code.unproven, code.reason, refusal) == (False, True, "store_unavailable", None)
    assert site.claims == []
    assert site.post(site.token(), "", mode=mode)[0].reason == reason


def test_a_wrong_code_is_wrong_while_the_store_fails(site: Site) -> None:
    site.storage.down = ALL
    code, _, _ = site.post(site.token(), "99999")
    assert (code.reason, code.unproven) == ("code_wrong", True)


def test_a_nonce_that_cannot_be_spent_proves_nothing(site: Site) -> None:
    site.storage.down = frozenset({"incr_and_lost_at"})
    code, refusal, left = site.post(site.token(), CODE)
    assert (code.solved, code.unproven, code.reason, refusal) == (False, True, "store_unavailable", None)
    assert left == TRIES
    assert site.claims == []


def test_a_nonce_is_not_risked_after_the_charge_could_not_be_counted(site: Site) -> None:
    token = site.token()
    site.storage.down = frozenset({"acquire_entries"})
    code, refusal, _ = site.post(token, CODE)
    assert (code.solved, code.unproven, refusal) == (False, True, None)
    assert code.opened is not None
    assert not site.state.spent.is_spent(code.opened.challenge.nonce)


def test_a_commit_that_fails_leaves_the_code_unproven(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def fails_at_the_end() -> Iterator[None]:
        yield
        raise StoreUnavailableError("nothing was written")

    monkeypatch.setattr(site.state.limits, "together", fails_at_the_end)
    check = site.check_of()
    code, refusal, _ = check.check(posted(site.token(tries_left=2), CODE), lambda: False, site._claim)
    assert (code.solved, code.unproven, code.reason, refusal) == (False, True, "store_unavailable", None)
    assert check.limit_status.counted is False
    assert check.is_counted  # a nonce that is not proven to be fresh covers nothing


@pytest.mark.parametrize(("faults", "reason"), [("refuse", "store_unavailable"), ("allow", "limited")])
def test_a_limit_that_the_store_could_not_count_is_refused_as_the_site_says(
    site: Site, faults: str, reason: str
) -> None:
    site.state = replace(site.state, settings=replace(site.state.settings, faults={"limits": faults, "codes": "hold"}))
    site.storage.down = ALL
    refusals = [site.post()[1] for _ in range(3)]
    assert refusals[0] is None  # half of three is one
    assert refusals[1] is not None
    assert refusals[1].reason == reason
    assert refusals[1].retry_after


def test_a_route_with_limits_of_its_own_is_not_counted_with_the_site(site: Site) -> None:
    own = Policy.parse("comments", "1 per minute").apart()
    check = site.check_of(limits=own)
    assert check.charge() is None
    assert (check.is_counted, check.is_limited) == (False, False)
    refusal = site.check_of(limits=own).charge()
    assert refusal is not None
    assert refusal.retry_after == 60
    assert site.used("comments") == 0


def test_a_surge_asks_everyone_for_a_code(site: Site) -> None:
    assert mode_in("suspicious", surge=True) == "always"
    assert [mode_in(mode, surge=False) for mode in ("suspicious", "always", "off")] == ["suspicious", "always", "off"]
    assert mode_in("off", surge=True) == "off"
    site.state = replace(site.state, surge=Surge(2))
    modes = []
    for number in range(4):
        check = site.check_of(Client(f"client {number}"), mode="suspicious")
        modes.append(check.mode)
        check.charge()
    assert modes == ["suspicious", "suspicious", "always", "always"]


def test_a_nonce_stays_spent_for_longer_than_its_token_is_valid_anywhere(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[tuple[Any, ...]] = []

    def claim(nonce: str, ttl: int, *, issued_at: float | None = None) -> bool:
        claims.append((nonce, ttl, issued_at))
        return True

    monkeypatch.setattr(site.state.spent, "claim", claim)
    opened = site.state.issuer.open(site.token())
    assert spend(site.state, opened.challenge)
    assert claims == [(opened.challenge.nonce, 600 + 2 * LEEWAY, NOW)]
