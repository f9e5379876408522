"""A second kind of challenge beside the image: a sum as plain text, whose result is the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import pytest
from jinja2 import ChoiceLoader, DictLoader

from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.challenge.image import ImageKind
from captcha_guard.challenge.issuer import Issuer
from captcha_guard.challenge.kind import Medium
from captcha_guard.challenge.token import Challenge
from captcha_guard.signals import challenge_issued
from captcha_guard.web.post.posted import ANSWER, TOKEN
from captcha_guard.web.state import NAME
from captcha_guard.web.views import routes
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog

FIELD = """<captcha-guard data-kind="{{ ticket.kind.name }}"><a href="{{ sum }}">The sum</a>
<input name="{{ names.token }}" value="{{ ticket.token }}"><input name="{{ names.answer }}"></captcha-guard>"""


class SumKind:
    """A sum of two digits, which are in the nonce's first bytes."""

    name: ClassVar[str] = "sum"
    template: ClassVar[str] = "sum"
    media: ClassVar[Mapping[str, Medium]] = {"sum": Medium(".txt", "text/plain")}

    def answers(self, key: bytes, challenge: Challenge) -> tuple[str, ...]:  # noqa: ARG002
        """Return the result."""
        return (str(sum(self._terms(challenge))),)

    def render(self, key: bytes, challenge: Challenge, medium: str) -> bytes:  # noqa: ARG002
        """Return the sum as text."""
        return "+".join(map(str, self._terms(challenge))).encode()

    def properties(self, difficulty: Difficulty) -> Mapping[str, int]:  # noqa: ARG002
        """Return nothing."""
        return {}

    def _terms(self, challenge: Challenge) -> tuple[int, int]:
        return 20 + ord(challenge.nonce[0]) % 10, 20 + ord(challenge.nonce[1]) % 10


@pytest.fixture
def make(blogs: MakeBlog, monkeypatch: pytest.MonkeyPatch) -> MakeBlog:
    """Make blogs whose usual kind is the image, and that have the sum as well."""
    monkeypatch.setattr(routes, "KINDS", (ImageKind, SumKind))

    def make(config: Mapping[str, object] | None = None) -> Blog:
        blog = blogs(config or {})
        state = blog.state
        kinds = [*state.issuer.kinds.values(), SumKind()]
        issuer = Issuer(state.secrets, application=blog.app.name, kinds=kinds, ttl=state.settings.ttl)
        blog.app.extensions[NAME] = replace(state, issuer=issuer)
        loaders = [DictLoader({"captcha_guard/sum.html": FIELD}), blog.app.jinja_loader]
        blog.app.jinja_loader = ChoiceLoader([loader for loader in loaders if loader is not None])
        return blog

    return make


def new_sum(blog: Blog, scope: str, **more: str) -> dict[str, str]:
    answer = blog.client().post("/captcha-guard/challenge", json={"scope": scope, "kind": "sum", **more})
    document: dict[str, str] = answer.get_json()
    return document


def result(blog: Blog, path: str) -> str:
    return str(sum(map(int, blog.client().get(path).text.split("+"))))


def test_the_kind_that_is_asked_for_is_issued_served_and_accepted(make: MakeBlog) -> None:
    blog, kinds = make(), []
    with challenge_issued.connected_to(lambda _, kind, **__: kinds.append(kind)):
        asked = new_sum(blog, "comment:one")
    assert kinds == ["sum"]
    assert set(asked) == {"token", "sum", "expires_in"}
    assert blog.client().get(asked["sum"]).mimetype == "text/plain"
    assert blog.client().get(asked["sum"].replace(".txt", ".png")).status_code == 404
    fields = COMMENT | {TOKEN: asked["token"], ANSWER: result(blog, asked["sum"])}
    assert blog.client().post("/posts/one/comments", data=fields).status_code == 303
    assert blog.client().get(asked["sum"]).status_code == 410


def test_a_wrong_answer_is_refused_and_its_replacement_may_be_of_the_same_kind(make: MakeBlog) -> None:
    blog = make()
    asked = new_sum(blog, "comment:one")
    fields = COMMENT | {TOKEN: asked["token"], ANSWER: "9"}
    assert blog.client().post("/posts/one/comments", data=fields).status_code == 422
    renewed = new_sum(blog, "comment:one", token=asked["token"])
    assert "sum" in renewed
    assert renewed["token"] != asked["token"]


def test_an_unspent_code_that_is_shown_again_keeps_its_kind(make: MakeBlog) -> None:
    blog = make({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})
    for number in range(2):
        asked = new_sum(blog, "essay")
        fields = COMMENT | {"body": f"No. {number}", TOKEN: asked["token"], ANSWER: result(blog, asked["sum"])}
        answer = blog.client().post("/essay", data=fields)
    assert answer.status_code == 429
    assert f'href="{asked["sum"]}"' in answer.text
    assert ".png" not in answer.text


def test_the_field_names_its_kind_for_the_script(make: MakeBlog) -> None:
    page = make().client().get("/posts/one").text
    assert re.search(r'<captcha-guard [^>]*data-kind="image"', page)
