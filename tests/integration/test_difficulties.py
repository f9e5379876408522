"""Whose difficulty counts: the site's, the route's or the field's; and nobody is asked for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest
import time_machine
from flask import redirect, render_template_string, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired

from captcha_guard import ConfigError, Difficulty
from captcha_guard.testing import solve
from captcha_guard.web.posted import ANSWER, TOKEN
from captcha_guard.wtf import CaptchaField
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, LETTER, Blog, Page, fields_of, level, solved, wrong

LONG = Difficulty(length=8)
TALK = """<form method="post"><input name="author"><textarea name="body"></textarea>
{{ captcha_guard(difficulty=wanted) }}</form>"""


def talking(blog: Blog, wanted: object, *, route: str | Difficulty | None = None) -> FlaskClient:
    """Add a page whose field asks for ``wanted`` and whose route for ``route``; return a reader."""

    @blog.app.route("/talk", methods=["GET", "POST"])
    @blog.guard.protect(difficulty=route)
    def talk() -> ResponseReturnValue:
        if request.method == "POST":
            blog.keep("talk")
            return redirect("/talk", 303)
        return render_template_string(TALK, wanted=wanted)

    return blog.client()


def writing(blog: Blog, wanted: str | Difficulty, *, route: str | Difficulty | None, guarded: bool) -> FlaskClient:
    """Add a letter with a WTForms field that asks for ``wanted``; return a reader."""

    class Letter(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
        author = StringField(validators=[DataRequired()])
        body = StringField(validators=[DataRequired()])
        captcha = CaptchaField(difficulty=wanted)

    def write() -> ResponseReturnValue:
        form = Letter()
        if form.validate_on_submit():
            blog.keep("write")
            return redirect("/write", 303)
        return render_template_string(LETTER, form=form)

    view = blog.guard.protect(difficulty=route)(write) if guarded else write
    blog.app.add_url_rule("/write", view_func=view, methods=["GET", "POST"])
    return blog.client()


def new_code(client: FlaskClient, scope: str, token: str = "") -> str:
    asked = client.post("/captcha-guard/challenge", json={"scope": scope, "token": token})
    fresh: str = asked.get_json()["token"]
    return fresh


# The field in a template


def test_a_field_may_ask_for_more_than_its_route(blog: Blog) -> None:
    client = talking(blog, "hard")
    page = client.get("/talk")
    assert level(blog, fields_of(page)[TOKEN]) == "hard"
    assert client.post("/talk", data=solved(client, page, COMMENT)).status_code == 303
    assert len(blog.stored) == 1


def test_whatever_follows_keeps_the_fields_level(blog: Blog, clock: time_machine.Traveller) -> None:
    client = talking(blog, "hard")
    page = client.get("/talk")
    token = fields_of(page)[TOKEN]
    assert level(blog, new_code(client, "talk", token)) == "hard"
    for sent, why in ((client.get("/talk"), "not the code"), (page, "already been used"), (page, "had expired")):
        if "expired" in why:
            clock.shift(901)
        answer = client.post("/talk", data=wrong(sent, COMMENT))
        assert why in answer.text
        assert level(blog, fields_of(answer)[TOKEN]) == "hard", why
    assert level(blog, new_code(client, "talk", token)) == "hard"


@pytest.mark.parametrize("route", [None, "medium", "hard"])
def test_a_field_easier_than_its_route_is_drawn_as_its_route_asks(blog: Blog, route: str | None) -> None:
    client = talking(blog, "easy", route=route)
    page = client.get("/talk")
    assert level(blog, fields_of(page)[TOKEN]) == (route or "medium")
    assert client.post("/talk", data=solved(client, page, COMMENT)).status_code == 303


def test_a_field_takes_a_difficulty_of_ones_own(blog: Blog) -> None:
    own = Difficulty(lines=3, length=7)
    client, issuer = talking(blog, own), blog.state.issuer
    page = client.get("/talk")
    opened = issuer.open(fields_of(page)[TOKEN])
    assert issuer.difficulty(opened) == own
    assert len(issuer.answer(opened)) == 7
    assert client.post("/talk", data=solved(client, page, COMMENT)).status_code == 303


def test_a_field_in_a_quiet_form_says_how_hard_the_code_will_be(blog: Blog) -> None:
    @blog.app.route("/calm", methods=["GET", "POST"])
    @blog.guard.protect(mode="suspicious")
    def calm() -> str:
        return blog.guard.field(difficulty="hard")

    client = blog.client()
    page = client.get("/calm")
    assert Page(page.text).pictures == []
    asked = client.post("/calm", data=fields_of(page) | COMMENT | {blog.state.honeypot: "x"})
    assert asked.status_code == 422
    assert level(blog, fields_of(asked)[TOKEN]) == "hard"


@pytest.mark.parametrize("nonsense", ["hart", 3])
def test_a_field_of_an_unknown_difficulty_is_refused_when_it_is_drawn(blog: Blog, nonsense: object) -> None:
    client = talking(blog, nonsense)
    blog.app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ConfigError, match=f"there is no difficulty {nonsense!r}"):
        client.get("/talk")


def test_a_route_of_an_unknown_difficulty_is_refused_when_it_is_decorated(blog: Blog) -> None:
    for nonsense in ("hart", 3):
        with pytest.raises(ConfigError, match="there is no difficulty"):
            blog.guard.protect(difficulty=nonsense)  # type: ignore[arg-type]


# The field of WTForms


def test_a_wtforms_field_is_the_protection_of_its_view(blog: Blog) -> None:
    client = writing(blog, "hard", route=None, guarded=False)
    page = client.get("/write")
    assert level(blog, fields_of(page)[TOKEN]) == "hard"
    fetched = new_code(client, "write")
    assert level(blog, fetched) == "medium"
    asked = client.post("/write", data=COMMENT | {TOKEN: fetched, ANSWER: solve(client, fetched)})
    assert asked.status_code == 422
    assert fields_of(asked)["body"] == COMMENT["body"]
    assert client.post("/write", data=solved(client, asked)).status_code == 303
    assert client.post("/write", data=solved(client, page, COMMENT | {"body": "x"})).status_code == 303
    assert len(blog.stored) == 2


def test_a_wtforms_field_raises_what_its_guarded_view_asks_and_that_is_enforced(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute"})
    client = writing(blog, "hard", route=None, guarded=True)
    page = client.get("/write")
    assert level(blog, fields_of(page)[TOKEN]) == "hard"
    assert client.post("/write", data=solved(client, page, COMMENT)).status_code == 303
    said = COMMENT | {"body": "Another."}
    fetched = new_code(client, "write")
    asked = client.post("/write", data=said | {TOKEN: fetched, ANSWER: solve(client, fetched)})
    assert asked.status_code == 422
    assert "harder code" in asked.text
    assert len(blog.stored) == 1
    assert fields_of(asked)["body"] == "Another."
    assert level(blog, fields_of(asked)[TOKEN]) == "hard"
    assert client.post("/write", data=solved(client, asked)).status_code == 303  # neither charged nor said twice
    assert [comment["body"] for comment in blog.stored] == [COMMENT["body"], "Another."]


def test_a_wtforms_field_easier_than_its_guarded_view_asks_only_once(blog: Blog) -> None:
    client = writing(blog, "easy", route="hard", guarded=True)
    page = client.get("/write")
    assert level(blog, fields_of(page)[TOKEN]) == "hard"
    assert client.post("/write", data=solved(client, page, COMMENT)).status_code == 303


def test_a_wtforms_field_gives_a_pass_at_its_own_level(blog: Blog) -> None:
    client = writing(blog, "hard", route=None, guarded=True)
    passed = client.post("/write", data=solved(client, client.get("/write"), COMMENT | {"author": ""}))
    assert Page(passed.text).pictures == []
    assert client.post("/write", data=fields_of(passed) | {"author": "Ada"}).status_code == 303


# Length


@pytest.mark.parametrize("length", [4, 8, (7, 8)])
def test_a_difficultys_length_goes_before_the_sites(blogs: MakeBlog, length: int | tuple[int, int]) -> None:
    blog = blogs({"CAPTCHA_GUARD_DIFFICULTY": replace(Difficulty.easy, length=length)})
    client = blog.client()
    pages = [client.get("/posts/one") for _ in range(20)]
    found = {len(solve(client, page.text)) for page in pages}
    assert found == set(length if isinstance(length, tuple) else (length,))
    picture = client.get(Page(pages[0].text).pictures[0])
    assert (picture.status_code, picture.mimetype) == (200, "image/png")
    assert client.post("/posts/one/comments", data=solved(client, pages[0], COMMENT)).status_code == 303


def test_a_code_shorter_than_its_route_asks_is_asked_once_more(blogs: MakeBlog) -> None:
    blog = blogs()

    @blog.app.post("/own")
    @blog.guard.protect(scope=lambda: "a form of one's own", difficulty=LONG)
    def own() -> str:
        blog.keep("own")
        return ""

    client = blog.client()
    short = new_code(client, "a form of one's own")
    assert len(solve(client, short)) < 8
    asked = client.post("/own", data=COMMENT | {TOKEN: short, ANSWER: solve(client, short)})
    assert asked.status_code == 422
    assert blog.stored == []
    assert len(solve(client, asked.text)) == 8
    assert client.post("/own", data=solved(client, asked)).status_code == 200


def test_a_shorter_field_does_not_shorten_what_its_route_asks(blog: Blog) -> None:
    client = talking(blog, Difficulty(length=4), route=LONG)
    page = client.get("/talk")
    assert len(solve(client, page.text)) == 8
    assert client.post("/talk", data=solved(client, page, COMMENT)).status_code == 303


@pytest.mark.parametrize("length", [4, 8])
def test_a_comment_that_looks_unusual_gets_a_hard_code_as_long_as_its_route_asks(blog: Blog, length: int) -> None:
    client = talking(blog, None, route=Difficulty(length=length))
    links = COMMENT | {"body": "See https://a.example and https://b.example"}
    asked = client.post("/talk", data=solved(client, client.get("/talk"), links))
    issuer = blog.state.issuer
    difficulty = issuer.difficulty(issuer.open(fields_of(asked)[TOKEN]))
    assert difficulty == replace(Difficulty.hard, length=length)
