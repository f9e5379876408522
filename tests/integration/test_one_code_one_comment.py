"""How many comments one solved code can store, whatever the form, the view's answer, the address and the store."""

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
#: What a spammer would rather store with the same code, and what a reader's correction looks like.
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
class Said:
    """What a view does with a comment: how it shows its form, and how it answers once the comment is stored."""

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
    said = Said(blog, way, answer)

    def view() -> ResponseReturnValue:
        return said.view()

    if way == "template":
        view = blog.guard.protect(on_challenge=lambda _: said.page(None))(view)
    elif way != "field":
        view = blog.guard.protect(view)
    blog.app.add_url_rule("/talk", "talk", view, methods=["GET", "POST"])
    return blog


def credentials(answer: TestResponse) -> list[dict[str, str]]:
    """Return every pass that an answer holds, in its page and in its header."""
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
    """Fail with the one code so many times, harvesting passes in pages and headers, then store all that they can."""
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
    """Return how many comments one code may store: a view that shows its form again doesn't say that it has stored."""
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
def test_of_16_racing_posts_with_one_code_or_one_pass_one_is_stored(
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


# Controls: the same attacks store more where the one decision that stops them is missing.


def minted(challenge: Challenge, key: bytes, bound_to: str) -> Challenge:
    """Return a pass with a nonce of its own, as passes were made before."""
    nonce = base64_encode(secrets.token_bytes(16)).decode()
    return replace(challenge, nonce=nonce, kind="pass", tries_left=0, bound_to=bound_to)


class Forgetful(dict[str, str]):
    """Passes that a request has handed out, made anew each time one is asked for."""

    def __contains__(self, scope: object) -> bool:
        return False


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("derived", [True, False])
def test_the_attack_succeeds_only_where_passes_are_minted(
    blog: Blog, way: str, derived: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_state, "RequestState", lambda: RequestState(passes=Forgetful()))
    if not derived:
        monkeypatch.setattr(Challenge, "passed", minted)
    talk(blog, way, "redirect")
    attack(blog, 1, ADDRESSES[:1])
    assert (len(blog.stored) == 1) == derived


def test_the_race_has_several_winners_where_a_look_decides(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    talk(blog, "decorator", "redirect")
    spent, start = blog.state.spent, Barrier(RACERS)

    def look_then_spend(nonce: str, ttl: int, *, issued_at: float | None = None) -> bool:
        before = spent.is_spent(nonce)
        if issued_at is not None:
            start.wait()
        return not before

    monkeypatch.setattr(type(spent), "claim", lambda _, *told, **named: look_then_spend(*told, **named))
    race(blog, code(blog))
    assert len(blog.stored) > 1


# What a view can say


def told(blog: Blog, *, stored: bool | None, early: bool) -> FlaskClient:
    """Add a view that answers 200 with its form and says, before or after rendering it, what became of the comment."""

    @blog.app.route("/told", methods=["GET", "POST"])
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
    token = fields_of(client.get("/told"))[TOKEN]
    return client.post("/told", data={**fields, TOKEN: token, ANSWER: solve(client, token)})


@pytest.mark.parametrize("early", [True, False])
def test_a_view_that_says_stored_ends_the_code(blog: Blog, early: bool) -> None:
    client = told(blog, stored=True, early=early)
    page = post_code(client, {"author": "Ada", "body": BODY})
    assert (PASS in fields_of(page)) == (not early)
    for one in (*credentials(page), {}):
        again = client.post("/told", data=one | {"author": "Ada", "body": CORRECTED})
        assert again.status_code == 422
    assert client.post("/told", data={"author": "Ada", "body": BODY}).status_code == 409
    assert len(blog.stored) == 1


@pytest.mark.parametrize("early", [True, False])
def test_a_view_that_says_not_stored_lets_the_same_comment_come_again(blog: Blog, early: bool) -> None:
    client = told(blog, stored=False, early=early)
    page = post_code(client, {"author": "Ada", "body": BODY})
    (earned,) = credentials(page)
    assert client.post("/told", data=earned | {"author": "Ada", "body": BODY}).status_code == 200
    assert client.post("/told", data={"author": "Ada", "body": BODY}).status_code == 422  # no 409: nothing is stored


def test_a_view_that_says_nothing_lets_its_pass_send_the_same_text_and_nothing_else_do_so(blog: Blog) -> None:
    client = told(blog, stored=None, early=True)
    page = post_code(client, {"author": "Ada", "body": BODY})
    (earned,) = credentials(page)
    assert client.post("/told", data={"author": "Ada", "body": BODY}).status_code == 409
    assert client.post("/told", data=earned | {"author": "Ada", "body": OTHER}).status_code == 422
    assert client.post("/told", data=earned | {"author": "Ada", "body": BODY}).status_code == 200
    assert [comment["body"] for comment in blog.stored] == [BODY, BODY]


def test_an_error_in_a_form_with_the_field_says_that_nothing_is_stored(blog: Blog) -> None:
    talk(blog, "field", "form")
    fields = code(blog) | {"body": BODY}
    page = send(blog, ADDRESSES[0], fields, "text/html")
    assert page.status_code == 200
    again = send(blog, ADDRESSES[0], {"author": "", "body": BODY}, "text/html")
    assert "already been posted" not in again.text
    (earned,) = credentials(page)
    assert send(blog, ADDRESSES[0], earned | {"author": "Ada", "body": BODY}, "text/html").status_code == 200
    assert len(blog.stored) == 1
