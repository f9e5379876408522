"""The filter in a POST: it decides by its bands, is taught by id, and loses no comment when it fails."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from captcha_guard import Action, ConfigError, Finding, Stats, Submission, submission_judged
from captcha_guard.spam.filter.learner import Learner
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.memory.judged_comments import JudgedComments
from captcha_guard.spam.memory.reputation import Reputation
from captcha_guard.spam.rules import standard
from captcha_guard.testing import solved_form
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import (
    COMMENT,
    DOUBTFUL,
    TAUGHT_HAM,
    TAUGHT_SPAM,
    Blog,
    fields_of,
    post_comment,
    solved,
    teach,
)

POST = "/posts/one/comments"
DAY = 86_400


def post(client: FlaskClient, body: str, page: str = "/queue", author: str = "Ada") -> TestResponse:
    return post_comment(client, page, body=body, author=author)


def stored_actions(blog: Blog) -> list[str]:
    return [comment["action"] for comment in blog.stored]


def chance(blog: Blog, body: str) -> float | None:
    with blog.app.app_context():
        return blog.guard.check(Submission(scope="desk", author="Ada", body=body)).chance


# What the filter decides


def test_a_taught_filter_accepts_holds_and_sets_aside_by_its_bands(blog: Blog) -> None:
    teach(blog)
    client = blog.client()
    for body in (TAUGHT_HAM, DOUBTFUL, TAUGHT_SPAM):
        assert post(client, body).status_code == 303
    assert stored_actions(blog) == ["ACCEPT", "HOLD", "ASIDE"]
    assert "learned" not in blog.stored[0]["why"]
    assert "learned" in blog.stored[1]["why"]


def test_the_bands_are_a_setting(blogs: MakeBlog) -> None:
    for number, (bands, action) in enumerate((((0.9, 0.95), "ACCEPT"), ((0.01, 0.3), "ASIDE"))):
        blog = blogs({"CAPTCHA_GUARD_LEARNING_BANDS": bands}, folder=str(number))
        teach(blog)
        post(blog.client(), DOUBTFUL)
        assert stored_actions(blog) == [action]


def test_until_enough_is_taught_the_rules_decide_or_strict_holds_everything(blogs: MakeBlog) -> None:
    relaxed, strict = blogs(), blogs({"CAPTCHA_GUARD_LEARNING": "strict"}, folder="strict")
    for blog, untaught in ((relaxed, "ACCEPT"), (strict, "HOLD")):
        teach(blog, times=7)
        post(blog.client(), TAUGHT_HAM)
        teach(blog, times=8)
        post(blog.client(), TAUGHT_HAM, author="Grace")
        assert stored_actions(blog) == [untaught, "ACCEPT"]


def test_a_solved_code_settles_a_doubtful_comment_on_an_open_route(blog: Blog) -> None:
    teach(blog)
    client, said = blog.client(), COMMENT | {"body": "Your loop never ends, our shop ships pills overnight."}
    with blog.app.app_context():
        assert blog.guard.check(Submission(scope="x", author="Ada", body=said["body"])).reasons == ("learned",)
    assert client.post(POST, data=said).status_code == 422
    assert client.post(POST, data=solved(client, client.get("/posts/one"), said)).status_code == 303
    assert [(comment["action"], comment["why"]) for comment in blog.stored] == [("ACCEPT", "learned")]


def test_what_the_filter_sets_aside_is_refused_on_an_open_route_with_the_text(blog: Blog) -> None:
    teach(blog)
    client = blog.client()
    refused = post_comment(client, body=TAUGHT_SPAM)
    assert refused.status_code == 403
    assert TAUGHT_SPAM in refused.text


def test_without_the_filter_nothing_is_learned_but_the_memory_remembers(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_LEARNING": "off"})
    client = blog.client()
    teach(blog, times=9)
    assert chance(blog, TAUGHT_SPAM) is None
    post(client, "See https://mowers.example for the very best lawn mowers.")
    with blog.app.app_context():
        assert blog.guard.explain(blog.stored[0]["id"]) == ()
        assert blog.guard.teach(blog.stored[0]["id"], spam=True)
        for ask in (blog.guard.filter_stats, blog.guard.retrain):
            with pytest.raises(ConfigError, match="CAPTCHA_GUARD_LEARNING is 'off'"):
                ask()
    post(client, "Again https://mowers.example, and this time in other words.")
    assert "linked_host" in blog.stored[1]["why"]


# What a moderator teaches


def test_every_judged_submission_has_an_id_of_its_own(blog: Blog) -> None:
    heard: list[str] = []

    def listen(_: object, submission: Submission, verdict: object) -> None:
        heard.append(getattr(verdict, "id", ""))

    client = blog.client()
    with submission_judged.connected_to(listen):
        asked = client.post("/queue", data=COMMENT)
        client.post("/queue", data=solved(client, asked))
    assert len(set(heard)) == 2
    assert all(len(name) == 22 and name.replace("-", "").replace("_", "").isalnum() for name in heard)
    assert heard[-1] == blog.stored[0]["id"]


def test_teaching_by_id_teaches_and_the_other_label_corrects(blog: Blog) -> None:
    client = blog.client()
    for number in range(16):
        said = TAUGHT_SPAM if number % 2 else TAUGHT_HAM
        post(client, said, author=f"Author {number}")
    with blog.app.app_context():
        for number, comment in enumerate(blog.stored):
            assert blog.guard.teach(comment["id"], spam=bool(number % 2))
        assert blog.guard.filter_stats() == Stats(8, 8, 16, blog.guard.filter_stats().tokens)
        (before := chance(blog, TAUGHT_SPAM)) and blog.guard.teach(blog.stored[1]["id"], spam=False)
        stats, after = blog.guard.filter_stats(), chance(blog, TAUGHT_SPAM)
    assert before is not None
    assert before > 0.97
    assert (stats.ham, stats.spam) == (9, 7)
    assert after is None  # fewer than eight of one kind


def test_teaching_by_id_has_the_same_effect_as_teaching_the_submission(blogs: MakeBlog) -> None:
    chances = []
    for way in ("id", "submission"):
        blog = blogs(folder=way)
        heard: list[Submission] = []

        def listen(_: object, submission: Submission, verdict: object, heard: list[Submission] = heard) -> None:
            heard.append(submission)

        teach(blog, times=7)
        with submission_judged.connected_to(listen, blog.app):
            for body in (TAUGHT_HAM, TAUGHT_SPAM):
                post(blog.client(), body)
        with blog.app.app_context():
            for comment, submission, spam in zip(blog.stored, heard, (False, True), strict=True):
                assert blog.guard.teach(comment["id"] if way == "id" else submission, spam=spam)
        chances.append(chance(blog, DOUBTFUL))
    assert chances[0] is not None
    assert chances[0] == pytest.approx(chances[1])


def test_a_rebuilt_submission_is_recognised_as_the_same_comment(blog: Blog) -> None:
    post(blog.client(), TAUGHT_HAM)
    rebuilt = Submission(scope="queue", author="Ada", email="ada@example.org", body=TAUGHT_HAM)
    with blog.app.app_context():
        assert blog.guard.teach(blog.stored[0]["id"], spam=True)
        assert blog.guard.teach(rebuilt, spam=False)
        assert (blog.guard.filter_stats().ham, blog.guard.filter_stats().decisions) == (1, 1)


def test_a_comment_taught_by_its_text_after_its_id_expired_is_the_same_comment(
    blog: Blog, clock: time_machine.Traveller
) -> None:
    post(blog.client(), TAUGHT_HAM)
    rebuilt = Submission(scope="queue", author="Ada", email="ada@example.org", body=TAUGHT_HAM)
    with blog.app.app_context():
        assert blog.guard.teach(blog.stored[0]["id"], spam=True)
        clock.shift(61 * DAY)
        blog.guard.tidy()
        assert not blog.guard.teach(blog.stored[0]["id"], spam=False)
        assert blog.guard.teach(rebuilt, spam=False)
        stats = blog.guard.filter_stats()
        assert (stats.ham, stats.spam, stats.decisions) == (1, 0, 1)
        assert blog.guard.forget(rebuilt)
        assert blog.guard.filter_stats().decisions == 0


def test_a_submission_that_was_never_posted_is_taught_by_its_text(blog: Blog) -> None:
    """Rules about the past follow from decisions, so their findings aren't learned: that would count them twice."""
    said = Submission(scope="desk", client="abc", author="Ada", body="See https://mowers.example, please do.")
    other = replace(said, scope="blog", body="There is more of it at https://mowers.example to read.")
    with blog.app.app_context():
        blog.guard.teach(other, spam=True)
        assert {"linked_host", "client_history"} <= set(blog.guard.check(said).reasons)
        blog.guard.teach(said, spam=True)
    path = Path(blog.app.instance_path, "captcha_guard.sqlite3")
    with closing(sqlite3.connect(path)) as connection:
        [(score,)] = connection.execute("SELECT rules FROM learning_decisions ORDER BY id DESC LIMIT 1").fetchall()
    assert score == Judge(standard()).score(said) > 0


def test_an_unknown_id_teaches_nothing(blog: Blog, clock: time_machine.Traveller) -> None:
    client = blog.client()
    post(client, TAUGHT_HAM)
    clock.shift(61 * DAY)
    with blog.app.app_context():
        assert not blog.guard.teach("nobody-knows-this-name", spam=True)
        assert blog.guard.explain("nobody-knows-this-name") == ()
        assert not blog.guard.forget("nobody-knows-this-name")
        blog.guard.tidy()
        assert not blog.guard.teach(blog.stored[0]["id"], spam=True)
        assert blog.guard.filter_stats().decisions == 0


def test_only_comments_stored_on_a_moderated_route_are_known_by_id(blog: Blog) -> None:
    heard: list[str] = []

    def listen(_: object, submission: Submission, verdict: object) -> None:
        heard.append(getattr(verdict, "id", ""))

    client = blog.client()
    with submission_judged.connected_to(listen):
        client.post("/queue", data=COMMENT)  # asked for a code
        post_comment(client)  # an open route
        post_comment(client, author=" ", body="x")  # 422
    with blog.app.app_context():
        assert [blog.guard.teach(name, spam=True) for name in heard] == [False, False, False]


def test_only_stored_comments_are_remembered(blog: Blog) -> None:
    long = "Our shop has the very best lawn mowers of the whole county, nobody else comes near to them"
    client = blog.client()

    def copies() -> int | None:
        said = Submission(scope="x", body=f"{long}!", posted_at=blog.state.clock())
        return Reputation(blog.state.database, secret=blog.state.secret).alike(said)

    refused = client.post(
        POST, data=solved(client, client.get("/posts/one"), {"author": "", "email": "", "body": long})
    )
    assert refused.status_code == 422  # the host requires a name
    assert copies() == 0
    assert client.post(POST, data=solved(client, refused, {"author": "Ada", "body": long})).status_code == 303
    assert copies() == 1


def test_a_filter_explains_itself_by_id_and_by_submission(blog: Blog) -> None:
    teach(blog)
    post(blog.client(), TAUGHT_SPAM)
    with blog.app.app_context():
        by_id = blog.guard.explain(blog.stored[0]["id"])
        fresh = blog.guard.explain(Submission(scope="desk", author="Ada", body=TAUGHT_HAM))
    assert 0 < len(by_id) <= 10
    assert {"w:pills", "w:prescription"} & {one.token for one in by_id if one.weight > 0}
    assert all(one.weight < 0 for one in fresh if one.token in ("w:loop", "w:bound"))


def test_forgetting_returns_false_while_the_database_is_locked_and_works_later(blogs: MakeBlog, tmp_path: Path) -> None:
    file = tmp_path / "judge.sqlite3"
    blog = blogs({"CAPTCHA_GUARD_DATABASE_URI": f"sqlite:///{file}"})
    post(blog.client(), "See https://mowers.example for a secretword.")
    with blog.app.app_context():
        assert blog.guard.teach(blog.stored[0]["id"], spam=True)
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            assert not blog.guard.forget(blog.stored[0]["id"])
        assert blog.guard.forget(blog.stored[0]["id"])
        assert blog.guard.filter_stats().decisions == 0


def test_a_comment_is_forgotten_everywhere(blog: Blog) -> None:
    client = blog.client()
    post(client, "See https://mowers.example for a secretword.")
    with blog.app.app_context():
        assert blog.guard.teach(blog.stored[0]["id"], spam=True)
        assert blog.guard.forget(blog.stored[0]["id"])
        assert not blog.guard.forget(blog.stored[0]["id"])
        assert blog.guard.filter_stats().decisions == 0
        again = Submission(
            scope="queue", client="x", author="Ada", email="ada@example.org", body="https://mowers.example"
        )
        assert "linked_host" not in blog.guard.check(again).reasons
    path = Path(blog.app.instance_path, "captcha_guard.sqlite3")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(
            "SELECT count(*) FROM learning_tokens WHERE token LIKE '%secretword%'"
        ).fetchone() == (0,)
        for table in ("judge_cases", "judge_comments", "judge_text_shingles", "learning_decisions"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table  # noqa: S608


def test_a_judged_comment_contains_no_personal_data_and_no_text(blog: Blog) -> None:
    post(blog.client("203.0.113.9"), "Write to me at grace@mail.example, please.")
    judged = JudgedComments(blog.state.database).find(blog.stored[0]["id"])
    assert judged is not None
    text = repr(judged)
    assert not any(one in text for one in ("203.0.113.9", "ada@", "grace@", "Write to", "write to"))
    assert all(" " not in token for token in judged.tokens)


# Where it is stored, and what happens when it fails


def test_no_file_is_created_before_the_first_post(blogs: MakeBlog, tmp_path: Path) -> None:
    blog = blogs({"CAPTCHA_GUARD_DATABASE_URI": f"sqlite:///{tmp_path}/judge.sqlite3"})
    assert list(tmp_path.rglob("*.sqlite3")) == []
    with blog.app.app_context():
        assert blog.guard.explain("unknown") == ()
        assert not blog.guard.teach("unknown", spam=True)
    assert list(tmp_path.rglob("*.sqlite3")) == []
    teach(blog, times=1)
    assert sorted(path.name for path in tmp_path.rglob("*.sqlite3")) == ["judge.sqlite3"]


@pytest.mark.parametrize("mode", ["on", "strict"])
def test_a_filter_with_a_corrupt_file_abstains_logs_it_once_and_starts_anew(
    blogs: MakeBlog, tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    learned = tmp_path / "learned.sqlite3"
    learned.write_bytes(b"this is no database " * 100)
    blog = blogs({"CAPTCHA_GUARD_DATABASE_URI": f"sqlite:///{learned}", "CAPTCHA_GUARD_LEARNING": mode})
    client = blog.client()
    for number in range(3):
        assert post(client, f"{COMMENT['body']} {number}").status_code == 303
    assert stored_actions(blog) == ["HOLD" if mode == "strict" else "ACCEPT"] * 3
    with blog.app.app_context():
        assert blog.guard.explain(blog.stored[0]["id"]) == ()
        assert blog.guard.teach(blog.stored[0]["id"], spam=True)
    told = [record for record in caplog.records if "learning filter abstains" in record.getMessage()]
    assert len(told) == 1
    [aside] = tmp_path.glob("learned.sqlite3.corrupt-*")
    assert aside.read_bytes() == b"this is no database " * 100


def test_a_filter_that_fails_costs_no_comment(
    blog: Blog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("not a number")

    monkeypatch.setattr(Learner, "score", fail)
    monkeypatch.setattr(JudgedComments, "store_step", fail)
    with caplog.at_level(logging.ERROR, logger="captcha_guard"):
        assert post(blog.client(), "Hello there.").status_code == 303
    assert [(one["action"], one["why"]) for one in blog.stored] == [("HOLD", "learning_failed")]
    assert "could not be kept in the judge's memory" in caplog.text


def test_judged_comments_that_cant_be_stored_cost_no_comment(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    client = blog.client()
    page = client.get("/queue")
    monkeypatch.setattr("captcha_guard.spam.memory.judged_comments._ADD", "nonsense")
    monkeypatch.setattr(Reputation, "_set_status", fail)
    assert client.post("/queue", data=solved(client, page, COMMENT)).status_code == 303
    with blog.app.app_context():
        assert not blog.guard.teach(blog.stored[0]["id"], spam=True)


# Without a request, and at the limits


def test_anything_can_be_judged_without_a_request(blog: Blog) -> None:
    teach(blog)
    with blog.app.app_context():
        verdict = blog.guard.check(Submission(scope="sign-up", body=TAUGHT_SPAM, author="Ada"))
        assert (verdict.action, verdict.id) == (Action.ASIDE, "")
        assert blog.guard.check(Submission(scope="sign-up", body=TAUGHT_HAM, author="Ada")).action == Action.ACCEPT


def test_a_comment_of_64_kib_is_judged_stored_and_taught(blog: Blog) -> None:
    teach(blog)
    client = blog.client()
    body = (TAUGHT_HAM + " ") * 860
    assert 64_000 < len(body) < 65_525
    assert post(client, body).status_code == 303
    with blog.app.app_context():
        assert blog.guard.teach(blog.stored[0]["id"], spam=False)
        assert blog.guard.explain(blog.stored[0]["id"])


def test_a_quiet_form_asks_for_a_code_at_the_challenge_score(blogs: MakeBlog) -> None:
    class Doubt:
        slug = "doubt"

        def check(self, submission: Submission) -> Finding | None:
            return Finding(self.slug, int(submission.body), "So it says.") if submission.body.isdecimal() else None

    config = {"CAPTCHA_GUARD_THRESHOLDS": {"challenge": 25, "hold": 60, "aside": 90}}
    blog = blogs(config)
    blog.state.judge.rules = (Doubt(),)
    client = blog.client()
    statuses = {
        score: client.post("/quiet", data=fields_of(client.get("/quiet")) | COMMENT | {"body": str(score)}).status_code
        for score in (0, 24, 25, 59)
    }
    assert statuses == {0: 200, 24: 200, 25: 422, 59: 422}


def test_a_quiet_form_asks_for_a_code_at_the_filters_score_too(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_LEARNING_BANDS": (0.9, 0.97)})
    teach(blog)
    client = blog.client()
    for body, status in ((TAUGHT_HAM, 200), (DOUBTFUL, 422)):
        page = client.get("/quiet")
        answer = client.post("/quiet", data=fields_of(page) | COMMENT | {"body": body})
        assert answer.status_code == status
    assert (
        client.post("/quiet", data=COMMENT | {"body": DOUBTFUL} | solved_form(client, answer.text)).status_code == 200
    )
