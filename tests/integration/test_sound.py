"""The sound of a code: served as the picture is, with the same limits, and with a code of its own."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from captcha_guard.signals import challenge_solved
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of


@pytest.fixture
def blog(blogs: MakeBlog) -> Blog:
    return blogs({})


def sound_in(html: str) -> str:
    """Return the address of the sound in a page."""
    addresses = {given["src"] for tag, given in Page(html).tags if tag == "audio"}
    addresses |= {given["href"] for tag, given in Page(html).tags if tag == "a" and "download" in given}
    (address,) = addresses
    return address


def spoken(blog: Blog, token: str) -> str:
    issuer = blog.state.issuer
    return issuer.answers(issuer.open(token))["sound"][0]


def post(client: FlaskClient, token: str, answer: str) -> int:
    fields = COMMENT | {TOKEN: token, ANSWER: answer}
    return client.post("/posts/one/comments", data=fields).status_code


def test_the_field_has_the_sound_and_its_code_publishes_the_comment_once(blog: Blog) -> None:
    client, kinds = blog.client(), list[str]()
    page = client.get("/posts/one")
    token, address = fields_of(page)[TOKEN], sound_in(page.text)
    sound = client.get(address)
    assert (sound.status_code, sound.mimetype, sound.data[:4]) == (200, "audio/wav", b"RIFF")
    assert sound.headers["Cache-Control"] == "no-store"
    assert client.get(address).data == sound.data
    with challenge_solved.connected_to(lambda _, kind, **__: kinds.append(kind)):
        assert post(client, token, " ".join(spoken(blog, token))) == 303
    assert kinds == ["sound"]
    assert client.get(address).status_code == 410
    assert post(client, token, blog.state.issuer.answers(blog.state.issuer.open(token))["image"][0]) == 409


def test_picture_and_sound_have_different_codes(blog: Blog) -> None:
    for _ in range(50):
        token = fields_of(blog.client().get("/posts/one"))[TOKEN]
        answers = blog.state.issuer.answers(blog.state.issuer.open(token))
        assert not set(answers["image"]) & set(answers["sound"])


def test_a_player_gets_the_sound_in_parts(blog: Blog) -> None:
    client = blog.client()
    address = sound_in(client.get("/posts/one").text)
    whole = client.get(address).data
    parts = [
        client.get(address, headers={"Range": f"bytes={at}-{at + 9_999}"}).data for at in range(0, len(whole), 10_000)
    ]
    assert b"".join(parts) == whole


@pytest.mark.parametrize(
    ("accepted", "spoken_in"), [("de-AT", "de"), ("fr", "fr"), ("es-MX", "es"), ("ro", "ro"), ("ja", "en"), ("", "en")]
)
def test_the_sound_follows_the_language_of_the_page(blog: Blog, accepted: str, spoken_in: str) -> None:
    client = blog.client()
    asked = client.post("/captcha-guard/challenge", json={"scope": "essay"}, headers={"Accept-Language": accepted})
    document = asked.get_json()
    assert document["sound_language"] == spoken_in
    page = client.get("/essay", headers={"Accept-Language": accepted})
    token = fields_of(page)[TOKEN]
    assert blog.state.issuer.open(token).challenge.language.partition("-")[0] in (accepted.partition("-")[0], "en")
    # The language is part of the token: the browser's language when it fetches the sound makes no difference.
    address = urljoin("/", sound_in(page.text))
    fetched = {client.get(address, headers={"Accept-Language": other}).data for other in ("de", "ro", "")}
    assert len(fetched) == 1


def test_sounds_of_expired_forged_and_foreign_tokens_are_refused_like_pictures(blog: Blog) -> None:
    client = blog.client()
    address = sound_in(client.get("/posts/one").text)
    assert client.get(address.replace(".wav", "x.wav")).status_code == 404
    assert client.get(address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_pictures_and_sounds_count_against_one_limit(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_PICTURE_LIMITS": "2 per minute"})
    client = blog.client()
    page = client.get("/posts/one")
    assert client.get(sound_in(page.text)).status_code == 200
    assert client.get(Page(page.text).pictures[0]).status_code == 200
    assert client.get(sound_in(page.text)).status_code == 429
