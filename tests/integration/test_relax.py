"""``captcha_guard.testing.relax``: a host's tests don't affect each other, and still solve every code."""

from __future__ import annotations

import gc
import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask_limiter import Limiter

from captcha_guard import CaptchaGuard, Finding, Submission
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.doctor.automatic import ServingChecks
from captcha_guard.errors import ConfigError
from captcha_guard.testing import relax, solve, solved_form
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.host_blog import (
    COMMENT,
    DOUBTFUL,
    TAUGHT_SPAM,
    Blog,
    fields_of,
    make_app,
    make_blog,
    post_comment,
    solved,
    wrong,
)

POST = "/posts/one/comments"
STRICT = {
    "CAPTCHA_GUARD_COMMENT_LIMITS": "1 per day",
    "CAPTCHA_GUARD_CHALLENGE_LIMITS": "1 per day",
    "CAPTCHA_GUARD_PICTURE_LIMITS": "1 per day",
    "CAPTCHA_GUARD_WRONG_LIMITS": "1 per day",
    "CAPTCHA_GUARD_WRONG_WAITS": (3600, 3600),
    "CAPTCHA_GUARD_MIN_SECONDS": 60,
    "CAPTCHA_GUARD_SURGE": 1,
}


@pytest.fixture
def blog(tmp_path: Path) -> Blog:
    return make_blog(tmp_path / "instance", STRICT)


def post(blog: Blog, body: str = COMMENT["body"]) -> int:
    client = blog.client()
    return post_comment(client, body=body).status_code


def test_no_limit_of_the_configuration_stops_a_test(blog: Blog) -> None:
    relax(blog.app)
    client = blog.client()
    assert [post(blog, f"Comment {number}") for number in range(5)] == [303] * 5
    for _ in range(8):
        assert client.post(POST, data=wrong(client.get("/posts/one"), COMMENT)).status_code == 422
    token = fields_of(client.get("/posts/one"))[TOKEN]
    assert [client.get(f"/captcha-guard/{token}.png").status_code for _ in range(3)] == [200] * 3
    made = [client.post("/captcha-guard/challenge", json={"scope": "api"}).status_code for _ in range(3)]
    assert made == [200] * 3


def test_no_limit_of_a_route_stops_a_test(tmp_path: Path) -> None:
    app = make_app(tmp_path, {})
    guard, stored = CaptchaGuard(app), []

    @app.post("/")
    @guard.protect(mode="off", limits="1 per day")
    def create() -> str:
        stored.append(guard.verdict)
        return "thanks"

    relax(app)
    client = app.test_client()
    assert [client.post("/", data={"body": f"Comment {number}"}).status_code for number in range(4)] == [200] * 4
    assert len(stored) == 4


def test_each_call_resets_all_earlier_data(blog: Blog) -> None:
    for _ in range(3):
        relax(blog.app)
        assert [post(blog), post(blog)] == [303, 409]


def test_codes_are_needed_and_used_or_wrong_ones_are_refused(blog: Blog) -> None:
    relax(blog.app)
    client = blog.client()
    assert client.post(POST, data=COMMENT).status_code == 422
    page = client.get("/posts/one")
    assert client.post(POST, data=wrong(page, COMMENT)).status_code == 422
    form = solved(client, client.get("/posts/one"), COMMENT)
    assert client.post(POST, data=form).status_code == 303
    assert client.post(POST, data=form | {"body": "Something else altogether."}).status_code == 422
    assert blog.app.config["CAPTCHA_GUARD_COMMENT_LIMITS"] == "1 per day"


def test_comments_are_judged_as_usual_except_for_speed(blog: Blog) -> None:
    relax(blog.app)
    with blog.app.app_context():
        assert blog.guard.check(Submission(scope="x", body="See http://a.example and http://b.example")).held
    client = blog.client()
    assert post_comment(client, "/queue").status_code == 303
    assert blog.stored[0]["why"] == ""


def test_the_applications_own_data_is_neither_used_nor_changed(blog: Blog, tmp_path: Path) -> None:
    with blog.app.app_context():
        blog.guard.teach(Submission(scope="x", body=TAUGHT_SPAM), spam=True)
    relax(blog.app)
    with blog.app.app_context():
        assert blog.guard.filter_stats().spam == 0
        for body in (TAUGHT_SPAM, DOUBTFUL):
            blog.guard.teach(Submission(scope="x", body=body), spam=True)
        assert blog.guard.filter_stats().spam == 2
    post(blog)
    with closing(sqlite3.connect(tmp_path / "instance" / "captcha_guard.sqlite3")) as own:
        assert own.execute("SELECT count(*) FROM learning_decisions").fetchone() == (1,)
        assert "limits_windows" not in {name for (name,) in own.execute("SELECT name FROM sqlite_master")}


def test_called_in_a_factory_the_applications_files_are_not_created(tmp_path: Path) -> None:
    blog = make_blog(tmp_path / "instance", {"CAPTCHA_GUARD_DATABASE_URI": f"sqlite:///{tmp_path}/learned.sqlite3"})
    relax(blog.app)
    post(blog)
    with blog.app.app_context():
        blog.guard.teach(Submission(scope="x", body=TAUGHT_SPAM), spam=True)
    for checks in {getattr(function, "__self__", None) for function in blog.app.before_request_funcs[None]}:
        if isinstance(checks, ServingChecks):
            checks.check_store()
    assert list(tmp_path.iterdir()) == []


def test_a_shared_store_and_the_hosts_own_limiter_are_not_used(tmp_path: Path) -> None:
    app = make_app(tmp_path, {"RATELIMIT_STORAGE_URI": "redis://127.0.0.1:9", "RATELIMIT_ENABLED": True})
    limiter = Limiter(lambda: "all", app=app)
    guard = CaptchaGuard(app, limiter=limiter)
    relax(app)

    @app.route("/", methods=["GET", "POST"])
    @limiter.exempt
    @guard.protect
    def page() -> str:
        return str(guard.field())

    client = app.test_client()
    answer = client.post("/", data=COMMENT | solved_form(client, client.get("/").text))
    assert answer.status_code == 200


def test_services_are_not_asked(tmp_path: Path) -> None:
    keys = {"CAPTCHA_GUARD_AKISMET_KEY": "0123456789ab", "CAPTCHA_GUARD_AKISMET_BLOG": "http://127.0.0.1:9"}
    blog = make_blog(tmp_path, {**keys, "CAPTCHA_GUARD_STOPFORUMSPAM": True})
    relax(blog.app)
    assert blog.state.services is None


def test_the_hosts_rules_and_exemptions_stay(tmp_path: Path) -> None:
    class NoShouting:
        slug = "shouting"

        def check(self, submission: Submission) -> Finding | None:
            return Finding(self.slug, 40, "All capitals.") if submission.body.isupper() else None

    app, moderators = make_app(tmp_path, {}), [False]
    guard = CaptchaGuard(app, extra_rules=[NoShouting()], exempt_when=lambda: moderators[0])

    @app.post("/")
    @guard.protect
    def create() -> str:
        return " ".join(guard.verdict.reasons)

    relax(app)
    client = app.test_client()
    asked = client.post("/", data={"body": "LOUD WORDS"}).text
    assert client.post("/", data={"body": "LOUD WORDS", **solved_form(client, asked)}).text == "shouting"
    moderators[0] = True
    assert client.post("/", data={"body": "Whatever."}).text == "exempt"


def test_each_call_is_logged(blog: Blog, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        relax(blog.app)
    logged = [record for record in caplog.records if "captcha_guard.testing.relax was called" in record.message]
    assert [record.levelno for record in logged] == [logging.WARNING] * 2


def file_of(blog: Blog) -> Path:
    database = blog.state.database
    assert isinstance(database, SQLiteDatabase)
    return database.path


def test_the_next_call_deletes_its_folder(blog: Blog) -> None:
    relax(blog.app)
    post(blog)
    folder = file_of(blog).parent
    assert file_of(blog).stat().st_mode & 0o777 == 0o600
    relax(blog.app)
    gc.collect()
    assert not folder.exists()
    assert file_of(blog).parent != folder


def test_a_forked_process_does_not_delete_its_parents_folder(blog: Blog) -> None:
    relax(blog.app)
    post(blog)
    child = os.fork()
    if not child:
        del blog.app.extensions["captcha_guard"]
        gc.collect()
        os._exit(0)
    os.waitpid(child, 0)
    assert file_of(blog).exists()


def test_a_token_from_before_the_call_can_be_solved_and_is_accepted(blog: Blog) -> None:
    client = blog.client()
    token = fields_of(client.get("/posts/one"))[TOKEN]
    relax(blog.app)
    form = COMMENT | {TOKEN: token, ANSWER: solve(client, token)}
    assert client.post(POST, data=form).status_code == 303


def test_an_application_without_a_guard_is_refused() -> None:
    with pytest.raises(ConfigError, match="isn't set up"):
        relax(Flask("bare"))
