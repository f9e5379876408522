"""What counts as the same comment, and how a reader can post it again on purpose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import redirect, render_template_string, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from werkzeug.test import TestResponse

from captcha_guard import Submission, Verdict, submission_judged
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, solved

CASES = [json.loads(line) for line in (Path(__file__).parents[1] / "cases.jsonl").read_text().splitlines()]
REPEATS = [case for case in CASES if case["kind"] == "repeat"]

LONG = "The loop in part two never ends, because its bound is read anew each time it comes round again."


@pytest.fixture
def shop(blog: Blog) -> Blog:
    """Add a route for any form and any path, and its stored comments."""

    @blog.app.route("/<path:product>/reviews", methods=["POST", "PUT", "DELETE"])
    @blog.guard.protect
    def review(product: str) -> ResponseReturnValue:
        if request.form.get("action") == "preview":
            return render_template_string("<form method=post>{{ captcha_guard() }}</form>")
        if request.form.get("tick", "on") != "on":
            return redirect("/posts/one", 303)
        document = request.get_json(silent=True)
        blog.stored.append({"product": product, "body": str(document or dict(request.form))})
        return "", 201

    return blog


def post(client: FlaskClient, fields: Mapping[str, Any] | list[list[str]], path: str = "/hat/reviews") -> TestResponse:
    """Post a form, and the code when it is needed."""
    sent = dict(fields)
    asked = client.post(path, data=sent)
    return client.post(path, data=solved(client, asked)) if asked.status_code == 422 else asked


def put(client: FlaskClient, document: Mapping[str, Any]) -> int:
    token = client.post("/captcha-guard/challenge", json={"scope": "review"}).get_json()["token"]
    headers = {"Captcha-Token": token, "Captcha-Answer": solve(client, token)}
    return client.put("/hat/reviews", json=document, headers=headers).status_code


@pytest.mark.parametrize("case", REPEATS, ids=lambda case: case["what"])
def test_every_example_of_a_repetition_has_the_right_answer(shop: Blog, case: dict[str, Any]) -> None:
    clients = case.get("clients", ["192.0.2.7"] * len(case["posts"]))
    answers = [post(shop.client(address), fields) for address, fields in zip(clients, case["posts"], strict=True)]
    if case["expect"] == "both stored":
        assert [answer.status_code for answer in answers] == [201, 201]
    else:
        assert [answer.status_code for answer in answers] == [201, 409]
        assert dict(case["posts"][1])["body"] in Page(answers[1].text).text


def test_the_same_words_under_another_path_argument_are_another_comment(shop: Blog) -> None:
    client = shop.client()
    assert [post(client, COMMENT, f"/{product}/reviews").status_code for product in ("hat", "coat")] == [201, 201]
    assert post(client, COMMENT, "/coat/reviews").status_code == 409


def test_json_that_differs_in_a_number_is_another_comment(shop: Blog) -> None:
    client = shop.client()
    beside: list[dict[str, object]] = [{"stars": 4}, {"stars": 5}, {"stars": 4}, {"title": "x"}]
    assert [put(client, {**COMMENT, **one}) for one in beside] == [201, 201, 409, 201]


def test_a_preview_and_a_missing_tick_store_nothing_that_could_be_repeated(shop: Blog) -> None:
    client = shop.client()
    for first in ({"action": "preview"}, {"tick": "off"}):
        comment = COMMENT | {"body": f"After {first}."}
        assert post(client, comment | first).status_code in (200, 303)
        assert post(client, comment | {"action": "post", "tick": "on"}).status_code == 201
    assert len(shop.stored) == 2


def test_the_same_long_text_with_another_field_is_a_near_duplicate(shop: Blog) -> None:
    client = shop.client()
    verdicts = []

    def listen(_: object, submission: Submission, verdict: Verdict) -> None:
        verdicts.append(verdict)

    with submission_judged.connected_to(listen):
        for stars in ("1", "2", "3"):
            assert post(client, {"author": "Ada", "body": LONG, "stars": stars}).status_code == 201
    assert [verdict.reasons for verdict in verdicts if verdict.action == 0] == [
        (), ("near_duplicate",), ("near_duplicate",)
    ]  # fmt: skip
    assert [verdict.score for verdict in verdicts[-2:]] == [55, 55]


def test_an_erased_comment_can_be_posted_again_once(shop: Blog) -> None:
    client = shop.client()
    assert post(client, COMMENT).status_code == 201
    with shop.app.app_context():
        assert shop.guard.forget(
            Submission(scope="review", author=COMMENT["author"], email=COMMENT["email"], body=COMMENT["body"])
        )
    assert post(client, COMMENT).status_code == 201
    assert post(client, COMMENT).status_code == 409


def test_a_comment_erased_by_its_id_can_be_posted_again(blog: Blog) -> None:
    client = blog.client()
    assert client.post("/queue", data=solved(client, client.get("/queue"), COMMENT)).status_code == 303
    with blog.app.app_context():
        assert blog.guard.forget(blog.stored[0]["id"])
    assert client.post("/queue", data=solved(client, client.get("/queue"), COMMENT)).status_code == 303


def test_a_409_has_a_button_that_posts_it_anyway_once(shop: Blog) -> None:
    client = shop.client()
    post(client, COMMENT)
    asked = client.post("/hat/reviews", data={"body": "to be replaced"})
    refused = client.post("/hat/reviews", data=solved(client, asked) | COMMENT)
    assert refused.status_code == 409
    assert "Post it anyway" in refused.text
    anyway = fields_of(refused)
    assert COMMENT.items() <= anyway.items()
    assert client.post("/hat/reviews", data=anyway).status_code == 201
    assert client.post("/hat/reviews", data=anyway).status_code == 409
    assert len(shop.stored) == 2


def test_without_a_solved_code_the_button_has_a_picture(blogs: MakeBlog) -> None:
    blog = blogs()
    client = blog.client()
    path, target = "/posts/one", "/posts/one/comments"
    assert client.post(target, data=solved(client, client.get(path), COMMENT)).status_code == 303
    refused = client.post(target, data=COMMENT)
    assert refused.status_code == 409
    assert Page(refused.text).pictures
    mistyped = client.post(target, data=fields_of(refused) | {ANSWER: "WRONGWRONG"})
    assert mistyped.status_code == 422
    assert client.post(target, data=solved(client, mistyped)).status_code == 303
    assert len(blog.stored) == 2


def test_a_json_client_posts_it_anyway_with_the_pass_in_the_header(blog: Blog) -> None:
    client = blog.client()

    def send(**more: str) -> TestResponse:
        return client.post("/api/comments", json=COMMENT | more)

    def code() -> dict[str, str]:
        token = client.post("/captcha-guard/challenge", json={"scope": "api"}).get_json()["token"]
        return {TOKEN: token, ANSWER: solve(client, token)}

    assert send(**code()).status_code == 201
    refused = send(**code())
    assert (refused.status_code, refused.get_json()["reason"]) == (409, "duplicate")
    assert "challenge" not in refused.get_json()
    earned = refused.headers["Captcha-Pass"]
    assert send(**{PASS: earned}).status_code == 201
    assert send(**{PASS: earned}).status_code in (409, 422)
    codeless = send()
    assert codeless.status_code == 409
    token = codeless.get_json()["challenge"]["token"]
    assert send(**{TOKEN: token, ANSWER: solve(client, token)}).status_code == 201
    assert len(blog.stored) == 3


@pytest.fixture
def limited(blogs: MakeBlog) -> Blog:
    return blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute"})


@pytest.mark.parametrize(("path", "target"), [("/posts/one", "/posts/one/comments"), ("/queue", "/queue")])
def test_a_double_click_is_answered_as_already_posted_and_is_not_charged(limited: Blog, path: str, target: str) -> None:
    client = limited.client()
    sent = solved(client, client.get(path), COMMENT)
    assert [client.post(target, data=sent).status_code for _ in range(5)] == [303, 409, 409, 409, 409]
    another = solved(client, client.get(path), COMMENT | {"body": "Another comment."})
    assert client.post(target, data=another).status_code == 303


def test_a_spent_code_with_another_text_is_charged(limited: Blog) -> None:
    client = limited.client()
    sent = solved(client, client.get("/posts/one"), COMMENT)
    answers = [client.post("/posts/one/comments", data=sent | {"body": str(number)}) for number in range(3)]
    assert [answer.status_code for answer in answers] == [303, 422, 429]


def test_an_answer_about_a_repetitions_code_is_charged_even_if_an_earlier_charge_covers_it(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "4 per hour"})
    client, target = blog.client(), "/posts/one/comments"
    assert client.post(target, data=solved(client, client.get("/posts/one"), COMMENT)).status_code == 303
    statuses = []
    for typed in ("right", "wrong", "wrong"):
        asked = client.post(target, data=COMMENT | {"body": "Not said before."})
        fields = solved(client, asked) if asked.status_code == 422 else fields_of(asked)
        fields = fields | COMMENT | ({ANSWER: "WRONGWRONG"} if typed == "wrong" else {})
        statuses.append((asked.status_code, client.post(target, data=fields).status_code))
    assert statuses == [(422, 409), (422, 429), (429, 429)]


# Buttons


def test_a_guarded_button_without_fields_needs_a_code(shop: Blog) -> None:
    client = shop.client()
    asked = client.post("/hat/reviews")
    assert asked.status_code == 422
    assert client.post("/hat/reviews", data=solved(client, asked)).status_code == 201
    asked = client.post("/hat/reviews")
    assert client.post("/hat/reviews", data=solved(client, asked)).status_code == 201  # buttons may be pressed twice


def test_a_delete_without_a_body_gets_a_problem_with_a_code(shop: Blog) -> None:
    client = shop.client()
    for content_type in (None, "application/json"):
        asked = client.delete("/hat/reviews", content_type=content_type)
        assert (asked.status_code, asked.mimetype) == (422, "application/problem+json")
        token = asked.get_json()["challenge"]["token"]
        headers = {"Captcha-Token": token, "Captcha-Answer": solve(client, token)}
        assert client.delete("/hat/reviews", content_type=content_type, headers=headers).status_code == 201


def test_a_button_is_not_reported_for_having_no_body(shop: Blog, caplog: pytest.LogCaptureFixture) -> None:
    shop.client().post("/hat/reviews")
    assert "looks like a comment's body" not in caplog.text


# Messages


def test_the_message_to_the_third_quick_comment_has_the_reason_and_the_wait(blogs: MakeBlog, clock: Any) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute; 10 per hour"})
    client = blog.client()
    for number in range(2):
        post(client, COMMENT | {"body": f"Comment {number}"}, "/posts/one/comments")
        clock.shift(4.5)
    refused = client.post("/posts/one/comments", data=COMMENT)
    assert refused.status_code == 429
    assert "You've posted twice in the last minute; please wait 51 seconds." in Page(refused.text).text


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ("1 per hour", "You've posted once in the last hour; please wait 60 minutes."),
        ("3 per 10 minutes", "You've posted 3 times in the last 10 minutes; please wait 10 minutes."),
        ("1 per day", "You've posted once in the last day; please wait 24 hours."),
    ],
)
def test_every_limit_is_named(blogs: MakeBlog, clock: Any, limits: str, message: str) -> None:
    client = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": limits}).client()
    for number in range(4):
        last = client.post("/posts/one/comments", data=COMMENT | {"body": str(number)})
    assert message in Page(last.text).text


def test_messages_of_other_limits_name_what_was_too_much(blogs: MakeBlog, clock: Any) -> None:
    blog = blogs({"CAPTCHA_GUARD_CHALLENGE_LIMITS": "2 per minute", "CAPTCHA_GUARD_WRONG_LIMITS": "1 per hour"})
    client = blog.client()
    asked = [client.post("/captcha-guard/challenge", json={"scope": "api"}) for _ in range(3)]
    assert asked[2].get_json()["detail"] == "You've asked for 2 new codes in the last minute; please wait 60 seconds."
    for _ in range(2):
        page = client.get("/posts/one")
        last = client.post("/posts/one/comments", data=fields_of(page) | COMMENT | {ANSWER: "WRONGWRONG"})
    message = "You've typed 1 wrong code in the last hour; please wait 60 minutes. Your text is kept."
    assert message in Page(last.text).text


def test_the_message_for_a_network_limit_does_not_blame_the_reader(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})
    for number in range(33):
        last = blog.client(f"192.0.2.{number}").post("/posts/one/comments", data=COMMENT)
    assert last.status_code == 429
    assert "Many comments came from your network; please wait" in Page(last.text).text


def test_the_first_interstitial_does_not_look_like_an_error_and_the_second_does(blog: Blog) -> None:
    client = blog.client()
    first = client.post("/posts/one/comments", data=COMMENT)
    assert "captcha-guard__message--plain" in first.text
    assert "aria-invalid" not in first.text
    second = client.post("/posts/one/comments", data=fields_of(first) | {ANSWER: "WRONGWRONG"})
    assert "captcha-guard__message--plain" not in second.text
    assert 'aria-invalid="true"' in second.text
