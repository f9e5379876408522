"""Which difficulty is used: the site's, the route's, or that of a WTForms field in a view without a guard."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import redirect, render_template_string
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired

from captcha_guard import ConfigError, Difficulty
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import TOKEN
from captcha_guard.wtf import CaptchaField
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, LETTER, Blog, Page, fields_of, level, solved, wrong


def writing(blog: Blog, wanted: str | None, *, route: str | None, guarded: bool) -> FlaskClient:
    """Add a letter with a WTForms field of the difficulty ``wanted``. Returns a reader."""

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


@pytest.mark.parametrize(
    ("wanted", "route", "guarded", "expected"),
    [
        (None, None, True, "medium"),
        ("easy", None, False, "easy"),
        (None, "easy", True, "easy"),
        ("easy", "classica", True, "classica"),
        ("classica", "easy", True, "easy"),
    ],
)
def test_a_guarded_view_overrides_its_field_and_both_override_the_site(
    blog: Blog, wanted: str | None, route: str | None, guarded: bool, expected: str
) -> None:
    client = writing(blog, wanted, route=route, guarded=guarded)
    page = client.get("/write")
    assert level(blog, fields_of(page)[TOKEN]) == expected
    again = client.post("/write", data=wrong(page, COMMENT))
    assert level(blog, fields_of(again)[TOKEN]) == expected
    assert client.post("/write", data=solved(client, again)).status_code == 303
    assert level(blog, new_code(client, "write", fields_of(page)[TOKEN])) == expected


def test_a_route_of_an_unknown_difficulty_is_refused_when_it_is_decorated(blog: Blog) -> None:
    for nonsense in ("hard", "mediun", 3):
        with pytest.raises(ConfigError, match="there is no difficulty"):
            blog.guard.protect(difficulty=nonsense)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("DIFFICULTY", "eazy"), ("COMMENT_LIMITS", "5 per minutes or so"), ("PICTURE_LIMITS", "x"), ("WRONG_LIMITS", "0")],
)
def test_an_invalid_setting_is_refused_with_its_name(blogs: MakeBlog, setting: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^CAPTCHA_GUARD_{setting}: .*'{value}'"):
        blogs({f"CAPTCHA_GUARD_{setting}": value})


def test_wrong_codes_do_not_make_pictures_harder(blog: Blog) -> None:
    client = blog.client()
    pages = [client.post("/posts/one/comments", data=wrong(client.get("/posts/one"), COMMENT)) for _ in range(6)]
    assert {level(blog, fields_of(page)[TOKEN]) for page in pages} == {"medium"}


@pytest.mark.parametrize("length", [4, 8, (7, 8)])
def test_a_difficultys_length_overrides_the_sites(blogs: MakeBlog, length: int | tuple[int, int]) -> None:
    blog = blogs({"CAPTCHA_GUARD_DIFFICULTY": replace(Difficulty.easy, length=length)})
    client = blog.client()
    pages = [client.get("/posts/one") for _ in range(20)]
    found = {len(solve(client, page.text)) for page in pages}
    assert found == set(length if isinstance(length, tuple) else (length,))
    picture = client.get(Page(pages[0].text).pictures[0])
    assert (picture.status_code, picture.mimetype) == (200, "image/png")
    assert client.post("/posts/one/comments", data=solved(client, pages[0], COMMENT)).status_code == 303
