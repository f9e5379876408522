"""A page or a JSON answer has the size of its picture. ``classica`` has its own size."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import redirect, render_template_string, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from PIL import Image
from werkzeug.test import TestResponse

from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, FORM, Blog, Page, fields_of, solved, wrong

LINKS = COMMENT | {"body": "http://a.example http://b.example http://c.example"}
SMALL, LARGE = (160, 30), (240, 120)


@pytest.fixture
def blog(blogs: MakeBlog) -> Blog:
    """A blog at medium, with one route at classica."""
    return with_old_times(blogs())


def with_old_times(blog: Blog) -> Blog:
    def form(_: object = None) -> str:
        return render_template_string(FORM, scope="old_times", action="/old-times", typed=request.form)

    @blog.app.route("/old-times", methods=["GET", "POST"])
    @blog.guard.protect(difficulty="classica", on_challenge=form)
    def old_times() -> ResponseReturnValue:
        if request.method == "POST":
            blog.keep("old times")
            return redirect("/old-times", 303)
        return form()

    return blog


def drawn(client: FlaskClient, url: str) -> tuple[int, int]:
    """Return the size of the served picture."""
    answer = client.get(url)
    assert answer.status_code == 200
    return Image.open(io.BytesIO(answer.data)).size


def announced(client: FlaskClient, page: TestResponse) -> tuple[int, int]:
    """Return the size that a page gives its picture, which must be the picture's own, at either scale."""
    (image,) = (given for tag, given in Page(page.text).tags if tag == "img")
    size = (int(image["width"]), int(image["height"]))
    assert drawn(client, image["src"]) == size
    assert drawn(client, image["srcset"].removesuffix(" 2x")) == (2 * size[0], 2 * size[1])
    return size


def in_json(client: FlaskClient, challenge: dict[str, Any]) -> tuple[int, int]:
    size = (challenge["width"], challenge["height"])
    assert drawn(client, challenge["picture"]) == size
    return size


def test_a_route_at_classica_works_on_a_site_at_medium(blog: Blog, client: FlaskClient) -> None:
    first = client.get("/old-times")
    assert announced(client, first) == SMALL
    assert announced(client, client.get("/posts/one")) == LARGE
    again = client.post("/old-times", data=wrong(first, COMMENT))
    assert again.status_code == 422
    assert announced(client, again) == SMALL
    assert client.post("/old-times", data=solved(client, again)).status_code == 303
    assert len(blog.stored) == 1


def test_a_site_at_classica_shows_its_small_pictures_whatever_its_size(blogs: MakeBlog) -> None:
    client = blogs({"CAPTCHA_GUARD_DIFFICULTY": "classica", "CAPTCHA_GUARD_SIZE": (480, 240)}).client()
    first = client.get("/posts/one")
    assert announced(client, first) == SMALL
    interstitial = client.post("/posts/one/comments", data=wrong(first, COMMENT))
    assert "One more step" in interstitial.text
    assert announced(client, interstitial) == SMALL


def test_a_code_that_is_shown_again_keeps_the_size_of_its_picture(blogs: MakeBlog) -> None:
    blog = with_old_times(blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"}))
    client = blog.client()
    large = blog.state.issuer.issue("old_times", difficulty=Difficulty.easy)
    assert client.post("/old-times", data=wrong(client.get("/old-times"), COMMENT)).status_code == 422
    limited = client.post("/old-times", data=COMMENT | {TOKEN: large, ANSWER: "7ACD4"})
    assert limited.status_code == 429
    assert fields_of(limited)[TOKEN] == large
    assert announced(client, limited) == LARGE


def test_each_new_code_for_scripts_has_its_size(blog: Blog, client: FlaskClient) -> None:
    def ask(token: str = "") -> dict[str, Any]:
        answer: dict[str, Any] = client.post(
            "/captcha-guard/challenge", json={"scope": "old_times", "token": token}
        ).get_json()
        return answer

    small = ask()
    assert in_json(client, small) == SMALL
    assert in_json(client, ask(small["token"])) == SMALL
    assert in_json(client, ask(blog.state.issuer.issue("old_times", difficulty=Difficulty.easy))) == LARGE
    refused = client.post("/old-times", json=COMMENT).get_json()
    assert in_json(client, refused["challenge"]) == SMALL
