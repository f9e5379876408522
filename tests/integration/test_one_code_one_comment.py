"""How many comments one solved code can store, for every kind of form, answer of the view, address and store."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from threading import Barrier

import pytest
from flask import Response, jsonify, redirect, render_template_string, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from itsdangerous import base64_encode
from werkzeug.test import TestResponse
from wtforms import StringField
from wtforms.validators import DataRequired

from captcha_guard.challenge.token import GENERATIONS, Challenge
from captcha_guard.testing import solve
from captcha_guard.web import request_state
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from captcha_guard.web.request_state import RequestState
from captcha_guard.wtf import CaptchaField
from tests.faulty_redis import FaultyRedis
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import Blog, Page, fields_of

FORM = '<form method="post"><input name="author"><textarea name="body"></textarea>{{ captcha_guard() }}</form>'
LETTER = '<form method="post">{{ form.author }}{{ form.body }}{{ form.captcha }}{{ form.captcha.errors }}</form>'

BODY = "The loop in part two never ends, because its bound is read anew each time it comes round."
#: What a spammer would like to store with the same code, and what a reader's correction looks like.
OTHER = "Something else altogether, which no code was solved for, with words of its own in it."
CORRECTED = BODY.replace("anew", "again")

WAYS = ("decorator", "field", "template", "field in a guarded view")
ANSWERS = ("redirect", "form", "fragment", "json")
RACERS = 16
ADDRESSES = tuple(f"198.51.{number}.7" for number in range(12))


class Letter(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    author = StringField(validators=[DataRequired()])
    body = StringField(validators=[DataRequired()])
    captcha = CaptchaField()


@dataclass(frozen=True)
class TalkView:
    """A view's behaviour: how it shows its form, and how it answers after storing the comment."""

    blog: Blog
    way: str
    answer: str

    def view(self) -> ResponseReturnValue:
        form = Letter() if self.way.startswith("field") else None
        if request.method == "GET":
            return self.page(form)
        fine = form.validate() if form is not None else bool(request.form.get("author"))
        if fine:
            self.blog.stored.append({"body": request.form["body"]})
            return self.thanks(form)
        if self.answer == "json":
            return jsonify(error="who are you?"), 422
        return self.page(form), 200 if self.answer == "form" else 422

    def page(self, form: Letter | None) -> str:
        return render_template_string(FORM if form is None else LETTER, form=form)

    def thanks(self, form: Letter | None) -> ResponseReturnValue:
        if self.answer == "redirect":
            return redirect("/talk", 303)
        if self.answer == "json":
            return jsonify(stored=True)
        return self.page(form) if self.answer == "form" else "<p>Thank you.</p>"


def talk(blog: Blog, way: str, answer: str) -> Blog:
    """Add the route ``/talk`` to the blog."""
    talk_view = TalkView(blog, way, answer)

    def view() -> ResponseReturnValue:
        return talk_view.view()

    if way == "template":
        view = blog.guard.protect(on_challenge=lambda _: talk_view.page(None))(view)
    elif way != "field":
        view = blog.guard.protect(view)
    blog.app.add_url_rule("/talk", "talk", view, methods=["GET", "POST"])
    return blog


def credentials(answer: TestResponse) -> list[dict[str, str]]:
    """Return every pass in an answer, in its page and in its header."""
    found = {given["value"] for tag, given in Page(answer.text).tags if tag == "input" and given.get("name") == PASS}
    found |= {answer.headers["Captcha-Pass"]} if "Captcha-Pass" in answer.headers else set()
    return [{PASS: value} for value in sorted(found)]


def code(blog: Blog) -> dict[str, str]:
    """Solve the one code."""
    client = blog.client(ADDRESSES[0])
    token = fields_of(client.get("/talk"))[TOKEN]
    return {TOKEN: token, ANSWER: solve(client, token)}


def send(blog: Blog, address: str, fields: Mapping[str, str], accept: str) -> TestResponse:
    return blog.client(address).post("/talk", data=dict(fields), headers={"Accept": accept})


def attack(blog: Blog, failures: int, addresses: tuple[str, ...]) -> None:
    """Fail with the one code this many times and collect the passes. Then store as many comments as possible."""
    known = [code(blog)]
    for _ in range(failures):
        tries = product(addresses, known, ("application/json", "text/html"))
        answers = [send(blog, address, one | {"body": BODY}, accept) for address, one, accept in tries]
        known += [one for answer in answers for one in credentials(answer) if one not in known]
    for lap in range(GENERATIONS + 2):
        for number, (address, one) in enumerate(product(addresses, tuple(known))):
            for body in (BODY.replace("anew", f"anew{lap}_{number}"), OTHER):
                stored = send(blog, address, one | {"author": "Ada", "body": body}, "text/html")
                known += [new for new in credentials(stored) if new not in known]


def most(answer: str) -> int:
    """Return how many comments one code may store. It's more if the view doesn't report the comment as stored."""
    return 1 + GENERATIONS if answer == "form" else 1


@pytest.mark.parametrize("failures", [0, 1, 4])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("way", WAYS)
def test_one_code_stores_one_comment(blog: Blog, way: str, answer: str, failures: int) -> None:
    talk(blog, way, answer)
    attack(blog, failures, ADDRESSES[:1])
    bodies = [comment["body"] for comment in blog.stored]
    assert len(bodies) <= most(answer)
    assert OTHER not in bodies
    if failures <= GENERATIONS:
        assert bodies


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("way", WAYS)
def test_one_code_stores_one_comment_from_twelve_addresses(blog: Blog, way: str, answer: str) -> None:
    talk(blog, way, answer)
    attack(blog, 1, ADDRESSES)
    assert 1 <= len(blog.stored) <= most(answer)
    assert OTHER not in [comment["body"] for comment in blog.stored]


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Blog]]:
    """Make blogs that count in SQLite and in Redis."""
    if request.param == "sqlite":
        make_blog: MakeBlog = request.getfixturevalue("blogs")
        yield make_blog
        return
    server: FaultyRedis = request.getfixturevalue("redis")
    on: MakeBlog = request.getfixturevalue("blogs_on")
    yield lambda: on(server.uri)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("way", WAYS)
def test_sixteen_parallel_posts_with_one_code_or_pass_store_one_comment(
    make: Callable[[], Blog], way: str, answer: str
) -> None:
    blog = talk(make(), way, answer)
    race(blog, code(blog))
    assert len(blog.stored) == 1
    nameless = send(blog, ADDRESSES[0], code(blog) | {"body": CORRECTED}, "application/json")
    (earned,) = credentials(nameless)
    race(blog, earned | {"body": CORRECTED})
    assert len(blog.stored) == 2


def race(blog: Blog, fields: Mapping[str, str]) -> None:
    """Send the same code, or pass, sixteen times at once, each time with a slightly different name."""
    start = Barrier(RACERS)

    def post(number: int) -> int:
        start.wait()
        sent = {"body": BODY} | dict(fields) | {"author": f"Ada {number}"}
        return send(blog, ADDRESSES[0], sent, "text/html").status_code

    with ThreadPoolExecutor(RACERS) as threads:
        statuses = list(threads.map(post, range(RACERS)))
    assert max(statuses) < 500


# Controls: the same attacks store more without the decision that stops them.


def random_pass(challenge: Challenge, key: bytes, bound_to: str) -> Challenge:
    """Return a pass with its own random nonce, as in an earlier design."""
    nonce = base64_encode(secrets.token_bytes(16)).decode()
    return replace(challenge, nonce=nonce, generation=1, tries_left=0, bound_to=bound_to)


class Forgetful(dict[str, str]):
    """A dictionary of passes that forgets them, so that each call makes a new one."""

    def __contains__(self, scope: object) -> bool:
        return False


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("derived", [True, False])
def test_the_attack_succeeds_only_if_passes_are_random(
    blog: Blog, way: str, derived: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_state, "RequestState", lambda: RequestState(passes=Forgetful()))
    if not derived:
        monkeypatch.setattr(Challenge, "as_pass", random_pass)
    talk(blog, way, "redirect")
    attack(blog, 1, ADDRESSES[:1])
    assert (len(blog.stored) == 1) == derived


def test_the_race_has_several_winners_if_a_read_decides(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    talk(blog, "decorator", "redirect")
    spent, start = blog.state.spent, Barrier(RACERS)

    def read_then_spend(nonce: str, ttl: int, *, issued_at: float | None = None) -> bool:
        before = spent.is_spent(nonce)
        if issued_at is not None:
            start.wait()
        return not before

    monkeypatch.setattr(blog.state.limits, "_together", None)  # in one transaction the racers would take turns
    monkeypatch.setattr(type(spent), "claim", lambda _, *args, **named: read_then_spend(*args, **named))
    race(blog, code(blog))
    assert len(blog.stored) > 1


# Reports of the view


def reporting(blog: Blog, *, stored: bool | None, early: bool) -> FlaskClient:
    """Add a view that answers 200 with its form, and reports ``stored`` before or after rendering it."""

    @blog.app.route("/reporting", methods=["GET", "POST"])
    @blog.guard.protect
    def view() -> Response | str:
        def say() -> None:
            if stored is not None and request.method == "POST":
                (blog.guard.stored if stored else blog.guard.not_stored)()

        if early:
            say()
        page = render_template_string(FORM)
        if not early:
            say()
        if request.method == "POST" and stored is not False:
            blog.stored.append({"body": request.form["body"]})
        return page

    return blog.client()


def post_code(client: FlaskClient, fields: Mapping[str, str]) -> TestResponse:
    token = fields_of(client.get("/reporting"))[TOKEN]
    return client.post("/reporting", data={**fields, TOKEN: token, ANSWER: solve(client, token)})


@pytest.mark.parametrize("early", [True, False])
def test_stored_ends_the_code(blog: Blog, early: bool) -> None:
    client = reporting(blog, stored=True, early=early)
    page = post_code(client, {"author": "Ada", "body": BODY})
    assert (PASS in fields_of(page)) == (not early)
    for one in (*credentials(page), {}):
        again = client.post("/reporting", data=one | {"author": "Ada", "body": CORRECTED})
        assert again.status_code == 422
    assert client.post("/reporting", data={"author": "Ada", "body": BODY}).status_code == 409
    assert len(blog.stored) == 1


@pytest.mark.parametrize("early", [True, False])
def test_after_not_stored_the_same_comment_can_be_sent_again(blog: Blog, early: bool) -> None:
    client = reporting(blog, stored=False, early=early)
    page = post_code(client, {"author": "Ada", "body": BODY})
    (earned,) = credentials(page)
    assert client.post("/reporting", data=earned | {"author": "Ada", "body": BODY}).status_code == 200
    # The answer isn't 409, because nothing is stored.
    assert client.post("/reporting", data={"author": "Ada", "body": BODY}).status_code == 422


def test_without_a_report_only_the_pass_can_send_the_same_text_again(blog: Blog) -> None:
    client = reporting(blog, stored=None, early=True)
    page = post_code(client, {"author": "Ada", "body": BODY})
    (earned,) = credentials(page)
    assert client.post("/reporting", data={"author": "Ada", "body": BODY}).status_code == 409
    assert client.post("/reporting", data=earned | {"author": "Ada", "body": OTHER}).status_code == 422
    assert client.post("/reporting", data=earned | {"author": "Ada", "body": BODY}).status_code == 200
    assert [comment["body"] for comment in blog.stored] == [BODY, BODY]


def test_an_error_in_a_form_with_the_field_means_that_nothing_is_stored(blog: Blog) -> None:
    talk(blog, "field", "form")
    fields = code(blog) | {"body": BODY}
    page = send(blog, ADDRESSES[0], fields, "text/html")
    assert page.status_code == 200
    again = send(blog, ADDRESSES[0], {"author": "", "body": BODY}, "text/html")
    assert "already been posted" not in again.text
    (earned,) = credentials(page)
    assert send(blog, ADDRESSES[0], earned | {"author": "Ada", "body": BODY}, "text/html").status_code == 200
    assert len(blog.stored) == 1
