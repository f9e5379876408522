"""A host's further kind of challenge beside the built-in ones: a sum as plain text, whose result is the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest
from jinja2 import ChoiceLoader, DictLoader

from captcha_guard import setup
from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.challenge.image import Appearance
from captcha_guard.challenge.kind import ChallengeKind, Medium
from captcha_guard.challenge.token import Challenge
from captcha_guard.signals import challenge_solved
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog

PART = '<a href="{{ sum }}">The sum</a>'


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

    def properties(self, difficulty: Difficulty, language: str) -> Mapping[str, int]:  # noqa: ARG002
        """Return nothing."""
        return {}

    def _terms(self, challenge: Challenge) -> tuple[int, int]:
        return 20 + ord(challenge.nonce[0]) % 10, 20 + ord(challenge.nonce[1]) % 10


@pytest.fixture
def blog(blogs: MakeBlog, monkeypatch: pytest.MonkeyPatch) -> Blog:
    """A blog with the built-in kinds and the sum."""
    usual = setup.kinds_of

    def kinds_of(appearance: Appearance, sound_length: int) -> list[ChallengeKind]:
        return [*usual(appearance, sound_length), SumKind()]

    monkeypatch.setattr(setup, "kinds_of", kinds_of)
    made = blogs({})
    loaders = [DictLoader({"captcha_guard/sum.html": PART}), made.app.jinja_loader]
    made.app.jinja_loader = ChoiceLoader([loader for loader in loaders if loader is not None])
    return made


def new_code(blog: Blog, scope: str, **more: str) -> dict[str, str]:
    answer = blog.client().post("/captcha-guard/challenge", json={"scope": scope, **more})
    document: dict[str, str] = answer.get_json()
    return document


def result(blog: Blog, path: str) -> str:
    return str(sum(map(int, blog.client().get(path).text.split("+"))))


def post(blog: Blog, token: str, answer: str) -> int:
    fields = COMMENT | {TOKEN: token, ANSWER: answer}
    return blog.client().post("/posts/one/comments", data=fields).status_code


def test_a_token_serves_every_kind_and_any_kind_solves_it(blog: Blog) -> None:
    kinds: list[str] = []
    with challenge_solved.connected_to(lambda _, kind, **__: kinds.append(kind)):
        asked = new_code(blog, "comment:one")
        assert {"token", "picture", "sum", "expires_in"} <= set(asked)
        assert blog.client().get(asked["sum"]).mimetype == "text/plain"
        assert blog.client().get(asked["picture"]).mimetype == "image/png"
        assert post(blog, asked["token"], result(blog, asked["sum"])) == 303
    assert kinds == ["sum"]
    assert blog.client().get(asked["sum"]).status_code == 410


def test_the_code_of_one_kind_is_spent_for_all_kinds(blog: Blog) -> None:
    asked = new_code(blog, "comment:one")
    assert post(blog, asked["token"], "9") == 422
    assert post(blog, asked["token"], result(blog, new_code(blog, "comment:one")["sum"])) == 422
    assert blog.client().get(asked["picture"]).status_code == 410


def test_a_file_of_one_kind_is_not_served_as_another(blog: Blog) -> None:
    asked = new_code(blog, "comment:one")
    assert blog.client().get(asked["sum"].replace(".txt", ".tar")).status_code == 404


def test_the_field_has_a_part_for_every_kind(blog: Blog) -> None:
    page = blog.client().get("/posts/one").text
    assert "captcha-guard__picture" in page
    assert ">The sum</a>" in page
