"""Only a genuine, unexpired, unspent token of this form is accepted, and no string causes a server error."""

from __future__ import annotations

import base64
import json
import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import pytest
import time_machine
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_guard.challenge.token import LEEWAY, LONGEST, Challenge
from captcha_guard.errors import TokenError
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from tests.integration.conftest import MakeBlog, close_counters
from tests.integration.host_blog import COMMENT, Blog, fields_of, make_blog, post_comment, solved

POST = "/posts/one/comments"
SCOPE = "comment:one"
URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True)
class Target:
    """A blog with one unspent token, and its code."""

    blog: Blog
    client: FlaskClient
    token: str
    answer: str

    def accepts(self, token: str) -> bool:
        """Post ``token`` with the right code, also as a pass. Returns whether either was accepted."""
        before = len(self.blog.stored)
        fields = {TOKEN: token, ANSWER: self.answer}
        for sent in (fields, {PASS: token}):
            encoded = {name: value.encode("utf-8", "surrogatepass") for name, value in (COMMENT | sent).items()}
            answer = self.client.post(POST, data=urlencode(encoded), content_type="application/x-www-form-urlencoded")
            assert answer.status_code == 422, (answer.status_code, token)
        return len(self.blog.stored) > before

    def draws(self, token: str) -> int:
        """Return the status of the picture of ``token``."""
        name = quote(token, safe="", errors="surrogatepass")
        return self.client.get(f"/captcha-guard/{name}.png").status_code


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    blog = make_blog(tmp_path_factory.mktemp("target"))
    client = blog.client()
    token = fields_of(client.get("/posts/one"))[TOKEN]
    yield Target(blog, client, token, solve(client, token))
    close_counters(blog)


def is_refused(blog: Blog, token: str) -> bool:
    """Return whether the function that opens every token refuses it, with one of our errors."""
    try:
        blog.state.issuer.open(token, scope=SCOPE)
    except TokenError:
        return True
    return False


def same_bytes(token: str, other: str) -> bool:
    """Return whether ``other`` has the signed text of ``token`` and a signature of the same bytes."""
    signed, _, signature = token.rpartition(".")
    signed_too, _, respelt = other.rpartition(".")
    if signed != signed_too:
        return False
    try:
        return base64.urlsafe_b64decode(respelt.encode("ascii") + b"==") == base64.urlsafe_b64decode(signature + "=")
    except ValueError:
        return False


def repacked(token: str, place: int, value: object) -> str:
    """Return ``token`` with one part of its payload replaced, under the old signature."""
    payload, stamp, signature = token.split(".")
    parts = json.loads(base64.urlsafe_b64decode(payload + "=="))
    parts[place] = value
    text = base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{text}.{stamp}.{signature}"


def damaged(token: str, way: str, place: int, much: int, text: str) -> str:
    """Return ``token`` damaged in one of the ways that an attacker would try first."""
    place, parts = place % (len(token) + 1), token.split(".")
    return {
        "cut": token[:place],
        "tail": token[place:],
        "insert": token[:place] + text + token[place:],
        "overwrite": token[:place] + text + token[place + len(text) :],
        "drop": token[:place] + token[place + much % 9 + 1 :],
        "pad": token + "=" * (much % 5) + text,
        "repeat": token * (much % 4 + 2),
        "swap": ".".join(parts[(index + much) % 3] for index in range(3)),
        "case": token[:place] + token[place:].swapcase(),
        "standard base64": token.replace("-", "+").replace("_", "/") + text,
        "quoted": quote(token + text, errors="surrogatepass").replace(".", "%2E"),
        "language": repacked(token, 3, text),
        "scope": repacked(token, 2, text),
        "nonce": repacked(token, 1, text or None),
        "charged": repacked(token, 6, 1 + much),
        "difficulty": repacked(token, 4, "classica" + text),
        "stamp": f"{parts[0]}.{URL_SAFE[much % 64]}{parts[1][1:]}.{parts[2]}",
        "unsigned": f"{parts[0]}.{parts[1]}.",
        "huge": (token + text) * (100_000 // len(token)),
    }[way]


WAYS = [
    "cut",
    "tail",
    "insert",
    "overwrite",
    "drop",
    "pad",
    "repeat",
    "swap",
    "case",
    "standard base64",
    "quoted",
    "language",
    "scope",
    "nonce",
    "charged",
    "difficulty",
    "stamp",
    "unsigned",
    "huge",
]
ODD = [*URL_SAFE, ".", "=", "\0", "\n", "\x7f", "ü", "\u2028", "\ud800", "\U0010ffff"]
TEXT = st.text(st.one_of(st.characters(), st.sampled_from([*URL_SAFE, ".", "=", "\0", "\n", "\ud800"])), max_size=12)
MANGLED = st.builds(
    lambda way, place, much, text: lambda token: damaged(token, way, place, much, text),
    st.sampled_from(WAYS),
    st.integers(0, 400),
    st.integers(0, 63),
    TEXT,
)


def test_the_untouched_token_would_be_accepted(blog: Blog) -> None:
    client = blog.client()
    assert post_comment(client).status_code == 303


def test_a_token_with_any_one_byte_altered_is_another_spelling_or_none(target: Target) -> None:
    respelt = 0
    for place in range(len(target.token)):
        for byte in range(128):
            altered = target.token[:place] + chr(byte) + target.token[place + 1 :]
            if altered == target.token or is_refused(target.blog, altered):
                continue
            assert same_bytes(target.token, altered), altered
            respelt += 1
    assert 0 < respelt < 300


def test_an_altered_byte_never_gets_a_comment_a_picture_or_an_error(target: Target) -> None:
    for place in range(0, len(target.token), 8):
        for altered in ("A", "z", ".", "\0", "é", "\ud800", " "):
            token = target.token[:place] + altered + target.token[place + 1 :]
            if same_bytes(target.token, token):
                continue
            assert not target.accepts(token)
            assert target.draws(token) == 404


@settings(max_examples=450)
@given(st.integers(0, 2**32))
def test_no_invented_or_damaged_string_is_a_token(target: Target, seed: int) -> None:
    chance = random.Random(seed)
    for way in WAYS:  # 8,550 cases
        text = "".join(chance.choices(ODD, k=chance.randrange(12)))
        token = damaged(target.token, way, chance.randrange(400), chance.randrange(64), text)
        assert is_refused(target.blog, token) or same_bytes(target.token, token), token


@settings(max_examples=725)
@given(st.one_of(MANGLED, TEXT.map(lambda text: lambda _: text)))
def test_no_damaged_string_gets_a_comment_accepted(target: Target, mangle: Callable[[str], str]) -> None:
    token = mangle(target.token)
    if not same_bytes(target.token, token):
        assert not target.accepts(token)


@settings(max_examples=725)
@given(st.one_of(MANGLED, TEXT.map(lambda text: lambda _: text)))
def test_no_damaged_string_has_a_picture_or_spends_a_challenge(target: Target, mangle: Callable[[str], str]) -> None:
    token = mangle(target.token)
    if not same_bytes(target.token, token):
        assert target.draws(token) in (404, 405, 308)
        answer = target.client.post("/captcha-guard/challenge", json={"scope": SCOPE, "token": token})
        assert answer.status_code == 200
        assert target.draws(target.token) == 200


def test_a_token_is_not_valid_on_another_form(blog: Blog) -> None:
    client = blog.client()
    pages = {POST: "/posts/one", "/posts/two/comments": "/posts/two", "/essay": "/essay", "/queue": "/queue"}
    for own, page in pages.items():
        for other in [*pages, "/letters", "/api/comments"]:
            if other != own:
                fields = solved(client, client.get(page), COMMENT)
                answer = client.post(other, data=fields)
                assert answer.status_code == 422, (own, other)
                assert client.post(own, data=fields | {"body": f"{own} {other}"}).status_code == 303
    assert {comment["way"] for comment in blog.stored} == {"one", "two", "essay", "queue"}


def test_a_token_of_another_application_is_not_valid(blogs: MakeBlog) -> None:
    ours, theirs = blogs(), blogs(folder="another")
    fields = solved(theirs.client(), theirs.client().get("/posts/one"), COMMENT)
    answer = ours.client().post(POST, data=fields)
    assert answer.status_code == 422
    assert ours.client().get(f"/captcha-guard/{fields[TOKEN]}.png").status_code == 404
    assert ours.stored == []


# "hard" was a level of an earlier release, and "d1..." a difficulty with that release's knobs.
@pytest.mark.parametrize("difficulty", ["hard", "d1o12r4s12j6b20w3l2t40c12", "fiendish"])
def test_a_difficulty_of_another_release_costs_one_more_code_and_no_error(blog: Blog, difficulty: str) -> None:
    tokens = blog.state.issuer.tokens
    at = int(tokens.clock())
    token = tokens.sign(Challenge.new("comment:one", difficulty=difficulty, epoch=0, at=at))
    client = blog.client()
    assert client.get(f"/captcha-guard/{token}.png").status_code == 404
    assert client.post("/captcha-guard/challenge", json={"scope": "comment:one", "token": token}).status_code == 200
    again = client.post("/posts/one/comments", data=COMMENT | {TOKEN: token, ANSWER: "any"})
    assert again.status_code == 422
    assert client.post("/posts/one/comments", data=solved(client, again)).status_code == 303


def test_an_answer_is_not_right_for_another_token(blog: Blog) -> None:
    client = blog.client()
    first, second = solved(client, client.get("/posts/one"), COMMENT), fields_of(client.get("/posts/one"))
    assert client.post(POST, data=first | {TOKEN: second[TOKEN]}).status_code == 422
    assert blog.stored == []


@pytest.mark.parametrize(
    ("seconds", "status", "picture"), [(0, 303, 200), (900, 303, 200), (901, 422, 410), (10**6, 422, 410)]
)
def test_a_token_ages(blog: Blog, clock: time_machine.Traveller, seconds: int, status: int, picture: int) -> None:
    client = blog.client()
    fields = solved(client, client.get("/posts/one"), COMMENT)
    clock.shift(seconds)
    assert client.get(f"/captcha-guard/{fields[TOKEN]}.png").status_code == picture
    assert client.post(POST, data=fields).status_code == status


@pytest.mark.parametrize(
    ("ahead", "status", "picture"), [(LEEWAY, 303, 200), (LEEWAY + 1, 422, 410), (10**6, 422, 410)]
)
def test_a_token_from_the_future_is_not_valid_yet(
    blog: Blog, clock: time_machine.Traveller, ahead: int, status: int, picture: int
) -> None:
    client = blog.client()
    fields = solved(client, client.get("/posts/one"), COMMENT)
    clock.shift(-ahead)
    assert client.get(f"/captcha-guard/{fields[TOKEN]}.png").status_code == picture
    assert client.post(POST, data=fields).status_code == status


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", "\0", "\ud800", "ü", "A" * LONGEST, "A" * 100_000, "." * 100_000, "\n", "%00"],
)
def test_odd_strings_are_refused_in_forms_json_and_urls(target: Target, token: str) -> None:
    assert not target.accepts(token)
    assert target.draws(token) == 404
    answer = target.client.post("/captcha-guard/challenge", json={"scope": SCOPE, "token": token})
    assert answer.status_code == 200
    posted = target.client.post("/api/comments", json=COMMENT | {TOKEN: token, ANSWER: target.answer})
    assert posted.status_code == 422


def test_random_bytes_under_a_real_signature_length_are_no_token(target: Target) -> None:
    chance = random.Random(7)
    for _ in range(300):
        parts = [base64.urlsafe_b64encode(chance.randbytes(size)).decode().rstrip("=") for size in (80, 4, 32)]
        assert is_refused(target.blog, ".".join(parts))


def test_a_token_signed_with_another_key_is_refused(blogs: MakeBlog) -> None:
    blog = blogs({"SECRET_KEY_FALLBACKS": [secrets.token_hex()]})
    stranger = blogs({"SECRET_KEY": secrets.token_hex()}, folder="another")
    assert is_refused(blog, stranger.state.issuer.issue(SCOPE, difficulty=stranger.state.difficulty))
    assert not is_refused(blog, blog.state.issuer.issue(SCOPE, difficulty=blog.state.difficulty))
