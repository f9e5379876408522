"""All services together: what their answers and faults mean for a comment, a moderator and privacy."""

from __future__ import annotations

import logging
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from captcha_guard import Action, ConfigError, Finding, Submission
from captcha_guard.config.settings import Settings, read
from captcha_guard.config.validators import PREFIX
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.spam.comment_key import comment_key
from captcha_guard.spam.services import Akismet, LateAnswer, Services, StopForumSpam, services_of
from tests.service_server import KEY, Running, service_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = b"a secret of sixteen bytes or so"
ADDRESS = "203.0.113.9"
START = 1_760_000_000.0
MINUTE, HOUR, DAY = 60, 3_600, 86_400
HAM = Submission(
    scope="comment:tea", author="Ada Example", email="ada@mail.example", body="I like tea.", posted_at=START
)
SPAM = replace(HAM, author="viagra-test-123")
BLATANT = replace(HAM, body="blatant")


@pytest.fixture
def akismet() -> Iterator[Running]:
    with service_server() as server:
        yield server


@pytest.fixture
def lists() -> Iterator[Running]:
    with service_server() as server:
        yield server


def key_of(submission: Submission) -> str:
    return comment_key(submission, SECRET)


class Site:
    """The services of one site. ``start`` restarts them."""

    def __init__(self, folder: Path, akismet: Running, lists: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Akismet, "base", akismet.base)
        monkeypatch.setattr(StopForumSpam, "base", lists.base)
        self.path = folder / "captcha_guard.sqlite3"
        self.heard: list[LateAnswer] = []

    def start(self, **settings: object) -> Services:
        given = {"AKISMET_KEY": KEY, "AKISMET_BLOG": "https://blog.example", "SERVICE_TIMEOUT": 5} | settings
        config = read({PREFIX + name: value for name, value in given.items()})
        services = services_of(
            config, secret=SECRET, database=SQLiteDatabase(self.path), on_late_answer=self.heard.append
        )
        assert services is not None
        return services

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(self.path)) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


@pytest.fixture
def site(tmp_path: Path, akismet: Running, lists: Running, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, akismet, lists, monkeypatch)


def test_no_service_is_asked_until_a_site_configures_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    assert services_of(Settings(), secret=SECRET, database=SQLiteDatabase(tmp_path / "x.sqlite3")) is None
    assert not (tmp_path / "x.sqlite3").exists()
    with pytest.raises(ConfigError, match=r"pip install httpx"):
        services_of(Settings(stopforumspam=True), secret=SECRET, database=SQLiteDatabase(tmp_path / "x.sqlite3"))


@pytest.mark.parametrize(("given", "missing"), [("akismet_key", "BLOG"), ("akismet_blog", "KEY")])
def test_only_one_of_akismets_two_settings_is_refused(tmp_path: Path, given: str, missing: str) -> None:
    settings, database = Settings(**{given: "https://secret.example"}), SQLiteDatabase(tmp_path / "x")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=f"AKISMET_{missing} is empty") as caught:
        services_of(settings, secret=SECRET, database=database)
    assert "secret" not in str(caught.value)


def test_ham_is_accepted_and_spam_is_set_aside(site: Site) -> None:
    services = site.start(STOPFORUMSPAM=True)
    assert services.check(HAM, ADDRESS, now=START) == ()
    [finding] = services.check(SPAM, ADDRESS, now=START)
    assert (finding.reason, finding.score, finding.action) == ("akismet", 90, Action.ASIDE)


@pytest.mark.parametrize(("discard", "action"), [(False, Action.ASIDE), (True, Action.REJECT)])
def test_blatant_spam_is_rejected_only_with_the_setting(site: Site, discard: bool, action: Action) -> None:
    [finding] = site.start(AKISMET_DISCARD=discard).check(BLATANT, ADDRESS, now=START)
    assert (finding.reason, finding.action) == ("akismet_blatant", action)


def test_a_comment_that_akismet_calls_spam_is_not_looked_up_elsewhere(site: Site, lists: Running) -> None:
    services = site.start(STOPFORUMSPAM=True)
    services.check(SPAM, ADDRESS, now=START)
    assert lists.asked == []
    services.check(HAM, ADDRESS, now=START)
    assert len(lists.asked) == 1


def test_a_listed_address_holds_a_comment_that_akismet_accepts(site: Site, lists: Running) -> None:
    lists.server.listed = {ADDRESS: {"appears": 1, "frequency": 40, "confidence": 95.5}}
    [finding] = site.start(STOPFORUMSPAM=True).check(HAM, ADDRESS, now=START)
    assert (finding.reason, finding.action) == ("stopforumspam", Action.HOLD)


@pytest.mark.parametrize(
    "fault",
    ["hang", "drip", "drip_headers", "truncated", "cut_chunks", "gone", "redirect", "huge", "html", "no_http", "empty",
     "error_500", "error_403", "busy"],
)  # fmt: skip
def test_every_fault_holds_new_authors_accepts_trusted_ones_and_is_asked_again(
    site: Site, akismet: Running, fault: str
) -> None:
    services = site.start(SERVICE_TIMEOUT=0.3 if fault in ("hang", "drip", "drip_headers") else 5)
    akismet.server.fault = fault
    [new] = services.check(HAM, ADDRESS, now=START)
    assert (new.reason, new.score, new.action) == ("akismet_fault", 0, Action.HOLD)
    assert new.sentence.endswith(" So the comment is held.")
    [trusted] = services.check(replace(HAM, body="Another one."), ADDRESS, now=START, trusted=True)
    assert (trusted.reason, trusted.score, trusted.action) == ("akismet_fault", 0, Action.ACCEPT)
    assert site.count("service_outbox") == 2


def test_a_closed_port_and_a_wrong_key_are_faults_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    [wrong] = site.start(AKISMET_KEY="000000000000").check(HAM, ADDRESS, now=START)
    assert (wrong.reason, wrong.action) == ("akismet_fault", Action.HOLD)
    assert "does not accept the key for https://blog.example" in wrong.sentence
    monkeypatch.setattr(Akismet, "base", "http://127.0.0.1:9")
    [closed] = site.start().check(HAM, ADDRESS, now=START)
    assert (closed.sentence, closed.action) == ("akismet can't be reached. So the comment is held.", Action.HOLD)


def test_without_the_visitors_address_a_comment_is_held_and_nothing_is_asked_later(
    site: Site, akismet: Running
) -> None:
    services = site.start()
    [finding] = services.check(HAM, "", now=START)
    assert (finding.reason, finding.action) == ("akismet_fault", Action.HOLD)
    assert services.run(START + DAY) == 0
    assert akismet.asked == []


def test_a_late_answer_comes_after_twenty_minutes_with_the_same_fields_and_a_reason(
    site: Site, akismet: Running
) -> None:
    akismet.server.fault = "html"
    services = site.start()
    services.check(SPAM, ADDRESS, now=START)
    akismet.server.fault = ""
    after_a_restart = site.start()
    assert after_a_restart.run(START + 20 * MINUTE - 1) == 0
    assert after_a_restart.run(START + 20 * MINUTE) == 1
    [heard] = site.heard
    assert (heard.service, heard.comment_key) == ("akismet", key_of(SPAM))
    assert heard.finding is not None
    assert heard.finding.action == Action.ASIDE
    first, second = akismet.asked
    assert second.form.pop("recheck_reason")
    assert second.form == first.form
    assert site.count("service_outbox") == 0


def test_a_late_answer_is_asked_for_again_if_the_host_failed_to_handle_it(site: Site, akismet: Running) -> None:
    akismet.server.fault = "html"
    site.start().check(HAM, ADDRESS, now=START)
    akismet.server.fault = ""
    broken = site.start()
    broken._on_late_answer = lambda _: (_ for _ in ()).throw(OSError("the blog's database is down"))
    assert broken.run(START + 20 * MINUTE) == 0
    assert site.start().run(START + 80 * MINUTE) == 1
    assert [heard.finding for heard in site.heard] == [None]


def test_three_faults_open_the_breaker_of_one_service_and_a_probe_closes_it(
    site: Site, akismet: Running, lists: Running
) -> None:
    services = site.start(STOPFORUMSPAM=True)
    akismet.server.fault = "error_500"
    for number in range(6):
        [finding] = services.check(replace(HAM, body=f"tea {number}", author=f"A{number}"), ADDRESS, now=START)
        assert finding.action == Action.HOLD
    assert finding.sentence.startswith("akismet failed several times in a row")
    assert (len(akismet.asked), len(lists.asked)) == (3, 6)
    assert site.count("service_outbox") == 6, "questions that were not asked are asked later"
    akismet.server.fault = ""
    services.check(replace(HAM, body="too early"), ADDRESS, now=START + 59)
    assert len(akismet.asked) == 3
    assert services.check(replace(HAM, body="probe"), ADDRESS, now=START + 60) == ()
    assert services.check(replace(HAM, body="after"), ADDRESS, now=START + 60) == ()
    assert services.run(START + DAY / 2) == 7


def test_the_same_question_is_asked_once_until_its_answer_expires(site: Site, akismet: Running, lists: Running) -> None:
    services = site.start(STOPFORUMSPAM=True)
    for later in (0, 1, 599):
        assert services.check(replace(HAM, posted_at=START + later), ADDRESS, now=START + later) == ()
    assert (len(akismet.asked), len(lists.asked)) == (1, 1)
    services.check(HAM, ADDRESS, now=START + 600)
    assert (len(akismet.asked), len(lists.asked)) == (2, 1), "a clean address is clean for a day"
    services.check(HAM, ADDRESS, now=START + DAY)
    assert len(lists.asked) == 2
    services.check(HAM, "203.0.113.10", now=START + DAY)
    assert len(lists.asked) == 3


def test_a_listing_is_remembered_for_an_hour(site: Site, lists: Running) -> None:
    lists.server.listed = {ADDRESS: {"appears": 1, "frequency": 40, "confidence": 95.5}}
    services = site.start(STOPFORUMSPAM=True)
    for later, asked in ((0, 1), (HOUR - 1, 1), (HOUR, 2)):
        assert services.check(HAM, ADDRESS, now=START + later)
        assert len(lists.asked) == asked


def test_a_fault_is_never_remembered_as_an_answer(site: Site, akismet: Running) -> None:
    services = site.start()
    akismet.server.fault = "html"
    assert services.check(HAM, ADDRESS, now=START)
    akismet.server.fault = ""
    assert services.check(HAM, ADDRESS, now=START) == ()
    assert site.count("service_outbox") == 0, "the question was answered since"


@pytest.mark.parametrize(
    ("submission", "spam", "call"), [(HAM, True, "/1.1/submit-spam"), (SPAM, False, "/1.1/submit-ham")]
)
def test_akismet_gets_a_correction_only_if_it_was_wrong(
    site: Site, akismet: Running, submission: Submission, spam: bool, call: str
) -> None:
    services = site.start()
    services.check(submission, ADDRESS, now=START)
    assert services.correct(key_of(submission), spam=not spam, now=START + DAY) == 0
    stored = replace(submission, posted_at=0.0, user_agent="", client="", honeypot="")
    assert services.correct(key_of(stored), spam=spam, now=START + DAY) == 1
    assert services.run(START + DAY) == 1
    check, correction = akismet.asked
    assert (correction.path, correction.form) == (call, check.form)
    assert services.correct(key_of(submission), spam=spam, now=START + DAY) == 0, "Akismet got it already"
    assert services.correct(key_of(submission), spam=not spam, now=START + DAY) == 1, "until the decision is taken back"


def test_a_correction_survives_an_outage_and_a_restart(site: Site, akismet: Running) -> None:
    services = site.start()
    services.check(HAM, ADDRESS, now=START)
    akismet.server.fault = "error_500"
    services.correct(key_of(HAM), spam=True, now=START + DAY)
    assert services.run(START + DAY) == 0
    akismet.server.fault = ""
    again = site.start()
    assert again.run(START + DAY + 20 * MINUTE) == 1
    assert [asked.path for asked in akismet.asked[1:]] == ["/1.1/submit-spam"] * 2


def test_a_correction_that_is_taken_back_before_it_was_sent_is_not_lost(site: Site, akismet: Running) -> None:
    services = site.start()
    services.check(HAM, ADDRESS, now=START)
    services.correct(key_of(HAM), spam=True, now=START)
    assert services.correct(key_of(HAM), spam=False, now=START) == 1
    services.run(START)
    assert [asked.path for asked in akismet.asked] == ["/1.1/comment-check", "/1.1/submit-ham"]


def test_after_a_moderators_decision_the_question_is_not_asked_again(
    site: Site, akismet: Running, lists: Running
) -> None:
    services = site.start(STOPFORUMSPAM=True)
    akismet.server.fault = lists.server.fault = "html"
    services.check(HAM, ADDRESS, now=START)
    akismet.server.fault = lists.server.fault = ""
    assert services.correct(key_of(HAM), spam=True, now=START + MINUTE) == 1
    assert services.run(START + HOUR) == 1
    assert site.heard == []
    assert [asked.path for asked in akismet.asked] == ["/1.1/comment-check", "/1.1/submit-spam"]


def test_sent_forms_are_kept_for_60_days(site: Site) -> None:
    services = site.start()
    services.check(HAM, ADDRESS, now=START)
    services.run(START + 60 * DAY - 1)
    assert site.count("service_sent") == 1
    assert services.correct(key_of(HAM), spam=True, now=START + 60 * DAY) == 0, "before and after the sweep"
    services.run(START + 60 * DAY)
    assert site.count("service_sent") == 0


def test_a_damaged_sent_form_does_not_fail_the_moderators_decision(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    services = site.start()
    services.check(HAM, ADDRESS, now=START)
    with closing(sqlite3.connect(site.path)) as connection:
        connection.execute("UPDATE service_sent SET form = '{'")
        connection.commit()
    assert services.correct(key_of(HAM), spam=True, now=START) == 0
    assert "services get no correction" in caplog.text


def test_forms_are_kept_only_for_services_that_take_corrections(site: Site) -> None:
    services = site.start(AKISMET_KEY="", AKISMET_BLOG="", STOPFORUMSPAM=True)
    services.check(HAM, ADDRESS, now=START)
    assert site.count("service_sent") == 0


def test_forgetting_a_comment_deletes_its_forms_and_tasks(site: Site, akismet: Running) -> None:
    services = site.start()
    services.check(HAM, ADDRESS, now=START)
    services.correct(key_of(HAM), spam=True, now=START)
    services.forget(key_of(HAM))
    assert (site.count("service_sent"), site.count("service_outbox")) == (0, 0)
    assert services.run(START) == 0
    assert len(akismet.asked) == 1


def test_a_service_that_was_switched_off_gets_no_correction(site: Site, akismet: Running) -> None:
    services = site.start()
    services.check(HAM, ADDRESS, now=START)
    services.correct(key_of(HAM), spam=True, now=START)
    site.start(AKISMET_KEY="", AKISMET_BLOG="", STOPFORUMSPAM=True).run(START)
    assert (len(akismet.asked), site.count("service_outbox")) == (1, 0)


def test_no_comment_is_lost_if_the_database_can_not_be_written(
    site: Site, akismet: Running, caplog: pytest.LogCaptureFixture
) -> None:
    site.path.mkdir()
    services = site.start()
    assert services.check(HAM, ADDRESS, now=START) == ()
    akismet.server.fault = "html"
    [finding] = services.check(SPAM, ADDRESS, now=START)
    assert finding.action == Action.HOLD
    assert services.correct(key_of(HAM), spam=True, now=START) == 0
    assert services.run(START) == 0
    assert caplog.text.count(f"The judge's database {site.path} fails") == 1


def test_an_exception_in_a_service_is_a_fault(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    services = site.start()
    monkeypatch.setattr(Akismet, "form", fail)
    [finding] = services.check(HAM, ADDRESS, now=START)
    assert (finding.reason, finding.action) == ("akismet_fault", Action.HOLD)


def test_neither_the_key_nor_personal_data_is_logged_or_shown(
    site: Site, akismet: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "captcha_guard")
    caplog.set_level(logging.DEBUG, "httpx")
    services = site.start(STOPFORUMSPAM=True)
    shown: list[Finding] = []
    for fault in ("", "html", "error_500", "gone"):
        akismet.server.fault = fault
        shown += services.check(replace(HAM, body=f"tea {fault}"), ADDRESS, now=START)
    services.correct(key_of(HAM), spam=True, now=START)
    services.run(START + 8 * DAY)
    told = caplog.text + repr(shown)
    assert "akismet" in told
    for private in (KEY, ADDRESS, HAM.email, HAM.author, "I like tea"):
        assert private not in told


def test_the_settings_do_not_show_the_key() -> None:
    settings = read({f"{PREFIX}AKISMET_KEY": KEY})
    assert settings.akismet_key == KEY
    assert KEY not in repr(settings)
    for wrong in (KEY + " ", KEY.encode(), "key with spaces", "short"):
        with pytest.raises(ConfigError, match=f"{PREFIX}AKISMET_KEY is ") as caught:
            read({f"{PREFIX}AKISMET_KEY": wrong})
        assert str(wrong) not in str(caught.value)
