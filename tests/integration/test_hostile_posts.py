"""Any input gets an exact 4xx, never a 500, and its readable part is shown back, escaped."""

from __future__ import annotations

import json
import string
import time
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from captcha_guard.challenge.answer import matches
from captcha_guard.spam.text.link_scanner import scan
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from captcha_guard.web.post.sizes import LARGEST_BODY
from captcha_guard.web.views.assets import hashed_name
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, solved

POST = "/posts/one/comments"
FORM = "application/x-www-form-urlencoded"
PROBLEM = "application/problem+json"
XSS = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"

#: Every guarded route, and the content type of its forms.
WAYS = [POST, "/essay", "/queue", "/quiet", "/api/comments"]


def raw(client: FlaskClient, body: bytes, content_type: str | None, way: str = POST) -> TestResponse:
    return client.post(way, input_stream=BytesIO(body), content_type=content_type, content_length=len(body))


def good(client: FlaskClient, scope: str = "comment:one") -> dict[str, str]:
    """Return our fields with a right code, so that a refusal has another reason."""
    answer = client.post("/captcha-guard/challenge", json={"scope": scope})
    token: str = answer.json["token"]  # type: ignore[index]
    return {TOKEN: token, ANSWER: solve(client, token)}


UNREADABLE: list[tuple[bytes, str | None, int]] = [
    (b"", None, 422),
    (b"", FORM, 422),
    (b"", "multipart/form-data; boundary=x", 422),
    (b"", "application/json", 422),
    (b"&&&==;;", FORM, 422),
    (b"body=hello", None, 400),
    (b"body=hello", "text/plain", 415),
    (b"body=hello", "application/x-unheard-of", 415),
    (b"<xml/>", "application/xml", 415),
    (b"body=hello", "nonsense", 415),
    (b"body=hello", "\xff/\xfe;;;=", 415),
    (b"--x\r\nnothing that a form is made of", "multipart/form-data; boundary=x", 400),
    (b'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\ncut o', "multipart/form-data; boundary=x", 400),
    (b"--x\r\n\r\n\r\n--x--", "multipart/form-data", 400),
    (b"--x--\r\n", "multipart/form-data; boundary=", 400),
    (b"body=" + b"x" * 1_000_000, FORM, 413),
    (b"{" + b'"body": "' + b"x" * 1_000_000 + b'"}', "application/json", 413),
    (b"[1, 2]", "application/json", 422),
    (b'"text"', "application/json", 422),
    (b"null", "application/json", 422),
    (b"[" * 900 + b"]" * 900, "application/json", 422),
    (b"{", "application/json", 400),
    (b"\xff\xfe{}", "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"body":' * 50_000, "application/json", 400),
    (b'{"body": ' + b"9" * 5000 + b"}", "application/json", 400),
    (b'{"body": ["a list"]}', "application/json", 422),
    (b'{"body": {"an": "object"}}', "application/json", 422),
    (b'{"author": 7, "body": "hello"}', "application/json", 422),
    (b'{"captcha_token": ["a"], "body": "hello"}', "application/json", 400),
    (b'{"captcha_answer": 12345, "body": "hello"}', "application/json", 400),
    (b'{"body": "half \\ud83d of it"}', "application/json", 400),
    (b'{"\\ud83d": "x", "body": "y"}', "application/json", 400),
    (b'{"a": [{"b": "\\ud83d"}], "body": "y"}', "application/json", 400),
    (b'{"a": [{"\\ud83d": 1}], "body": "y"}', "application/json", 400),
    (b'{"body": null}', "application/json", 422),
    (b'{"body": "\\u0000"}', "application/vnd.blog+json", 422),
    (b"body=%00%FF%FE&%00=%00", FORM, 422),
    ("body=ä".encode("latin-1"), FORM, 400),
]


@pytest.mark.parametrize("way", WAYS)
def test_unreadable_bodies_are_refused_with_the_exact_status(client: FlaskClient, blog: Blog, way: str) -> None:
    for body, content_type, status in UNREADABLE:
        answer = raw(client, body, content_type, way)
        assert answer.status_code == status, (body[:80], content_type)
        wanted = PROBLEM if (content_type or "").endswith("json") else "text/html"
        assert answer.mimetype == wanted, (body[:80], content_type)
        if wanted == PROBLEM:
            assert answer.json["status"] == status  # type: ignore[index]
    assert blog.stored == []


@pytest.mark.parametrize("content_type", [None, FORM, "multipart/form-data", "text/plain"])
def test_the_field_in_a_wtforms_form_refuses_it_too(client: FlaskClient, content_type: str | None) -> None:
    for body in (b"body=hello", b"--x\r\n\r\n--x--", b"", b"\x00" * 100):
        assert 400 <= raw(client, body, content_type, "/letters").status_code < 500, body


@pytest.mark.parametrize("name", [TOKEN, ANSWER, PASS])
def test_a_host_field_named_like_ours_is_refused_and_the_text_shown(client: FlaskClient, blog: Blog, name: str) -> None:
    twice = urlencode([*(COMMENT | good(client)).items(), (name, "the host's"), (name, "own")])
    answer = raw(client, twice.encode(), FORM)
    assert answer.status_code == 400
    assert all(value in Page(answer.text).text for value in COMMENT.values())
    assert blog.stored == []


def test_a_file_in_the_place_of_the_token_is_refused(client: FlaskClient, blog: Blog) -> None:
    answer = client.post(POST, data=COMMENT | {TOKEN: (BytesIO(b"x"), "token.txt")})
    assert answer.status_code == 422
    assert blog.stored == []


def test_a_hundred_fields_are_carried_and_ten_thousand_are_too_many(client: FlaskClient) -> None:
    fields = {f"f{number}": str(number % 10) for number in range(100)}
    answer = raw(client, urlencode(COMMENT | fields).encode(), FORM)
    assert answer.status_code == 422
    assert fields.items() <= fields_of(answer).items()
    fields = {f"f{number}": str(number) for number in range(10_000)}
    assert raw(client, urlencode(COMMENT | fields).encode(), FORM).status_code == 413
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\nv\r\n' for _ in range(10_000)) + b"--x--"
    assert raw(client, parts, "multipart/form-data; boundary=x").status_code == 413


@pytest.mark.parametrize("length", ["0", "5", "999999999", "-1", "abc", ""])
@pytest.mark.parametrize("content_type", [FORM, "application/json", "multipart/form-data; boundary=x"])
def test_a_wrong_content_length_does_not_bypass_the_limits(client: FlaskClient, length: str, content_type: str) -> None:
    body = json.dumps(COMMENT) if content_type == "application/json" else urlencode(COMMENT)
    answer = client.post(
        POST,
        input_stream=BytesIO(body.encode()),
        content_type=content_type,
        environ_overrides={"CONTENT_LENGTH": length},
    )
    assert answer.status_code in (400, 413, 422)


def test_a_body_of_unknown_length_is_read_up_to_a_limit(client: FlaskClient) -> None:
    body = BytesIO(b'{"body": "' + b"x" * (2 * LARGEST_BODY) + b'"}')
    for way in (POST, "/captcha-guard/challenge"):
        body.seek(0)
        answer = client.post(
            way, input_stream=body, content_type="application/json", environ_overrides={"wsgi.input_terminated": True}
        )
        assert answer.status_code == 413
        assert body.tell() <= LARGEST_BODY + 65_536


def test_a_hosts_own_limit_for_bodies_applies(blogs: MakeBlog) -> None:
    client = blogs({"MAX_CONTENT_LENGTH": 1000}).client()
    assert raw(client, b"body=" + b"x" * 2000, FORM).status_code == 413
    assert raw(client, b'{"body": "' + b"x" * 2000 + b'"}', "application/json").status_code == 413


@pytest.mark.parametrize(("field", "length"), [("author", 246), ("email", 101), ("url", 201), ("body", 65_526)])
def test_a_text_that_is_too_long_is_shown_back(client: FlaskClient, blog: Blog, field: str, length: int) -> None:
    long = "x" * length
    answer = client.post(POST, data=COMMENT | good(client) | {field: long})
    assert answer.status_code == 413
    assert long in Page(answer.text).text
    assert client.post(POST, data=COMMENT | good(client) | {field: long[1:]}).status_code == 303
    assert len(blog.stored) == 1


def test_fields_without_a_role_may_be_of_any_type(blogs: MakeBlog) -> None:
    blog = blogs()

    @blog.app.post("/mapped")
    @blog.guard.protect(fields={"body": "note"})
    def mapped() -> str:
        blog.keep("mapped")
        return ""

    client = blog.client()
    sent: dict[str, Any] = {"note": "hello", "message": {"id": 7}, "tags": ["a"]} | good(client, "mapped")
    assert client.post("/mapped", json=sent).status_code == 200
    assert client.post("/mapped", json=sent | {TOKEN: ["hello"]}).status_code == 400


UNREADABLE_CHALLENGES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff",
    b"[" * 100_000,
    b'{"scope": ["a"]}',
    b'{"scope": ""}',
    b'{"scope": "' + b"x" * 501 + b'"}',
    b'{"scope": "a", "token": 5}',
    b'{"scope": "a", "token": null}',
]


def test_the_challenge_endpoint_refuses_invalid_json(client: FlaskClient) -> None:
    for body in UNREADABLE_CHALLENGES:
        answer = raw(client, body, "application/json", "/captcha-guard/challenge")
        assert answer.status_code == 400, body[:80]
        assert answer.mimetype == PROBLEM


def test_the_challenge_endpoint_accepts_only_json(client: FlaskClient) -> None:
    assert client.post("/captcha-guard/challenge", data={"scope": "api"}).status_code == 415
    assert client.post("/captcha-guard/challenge").status_code == 415
    assert client.get("/captcha-guard/challenge").status_code == 405
    big = b'{"scope": "' + b"x" * LARGEST_BODY + b'"}'
    assert raw(client, big, "application/json", "/captcha-guard/challenge").status_code == 413


@pytest.mark.parametrize("scope", ["\ud800", "\x00", "a" * 500, "comment:{slug}", "comment:" + "{" * 400, "é" * 500])
def test_any_text_may_be_a_scope(client: FlaskClient, scope: str) -> None:
    answer = raw(client, json.dumps({"scope": scope}).encode(), "application/json", "/captcha-guard/challenge")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        ("image/png", "text/html"),
        ("nonsense", "text/html"),
        ("text/html, application/json", "text/html"),
        ("text/html;q=0.5, application/json", PROBLEM),
        ("application/json", PROBLEM),
        (PROBLEM, PROBLEM),
        ("application/*", PROBLEM),
        ("*/*;q=0.1, application/json;q=0.2", PROBLEM),
    ],
)
def test_a_form_is_answered_in_the_requested_content_type(client: FlaskClient, accept: str, mimetype: str) -> None:
    answer = client.post(POST, data=COMMENT, headers={"Accept": accept})
    assert answer.status_code == 422
    assert answer.mimetype == mimetype


HEADERS = ["Accept", "Content-Type", "User-Agent", "Referer", "Accept-Language", "Cookie", "X-Forwarded-For"]


@settings(max_examples=100)
@given(
    st.dictionaries(st.sampled_from(HEADERS), st.text(string.printable.translate({10: None, 13: None}), max_size=40)),
    st.binary(max_size=200),
)
def test_no_headers_and_no_body_cause_a_server_error(blog: Blog, headers: dict[str, str], body: bytes) -> None:
    answer = blog.client().post(POST, input_stream=BytesIO(body), content_length=len(body), headers=headers)
    assert 400 <= answer.status_code < 500


@settings(max_examples=100)
@given(st.dictionaries(st.text(max_size=10), st.text(max_size=60), min_size=1, max_size=5))
def test_every_text_comes_back_as_it_was_typed(blog: Blog, typed: dict[str, str]) -> None:
    answer = blog.client().post(POST, data=typed)
    sent = {name: value for name, value in typed.items() if _is_plain(name + value)}
    if answer.status_code == 422:
        assert sent.items() <= fields_of(answer).items()
    else:
        assert answer.status_code == 400


def _is_plain(text: str) -> bool:
    """Return whether HTML can contain a text: no NUL, no lone carriage return, no lone surrogates."""
    return not any(char in "\0\r" or "\ud800" <= char <= "\udfff" for char in text)


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        (POST, {}),
        ("/essay", {}),
        ("/letters", {}),
        ("/queue", {}),
        (POST, {TOKEN: ["a", "b"]}),
        (POST, {"body": "x" * 70_000 + XSS}),
        (POST, {"body": f"{XSS} http://a.example http://b.example"}),
    ],
)
def test_everything_carried_or_shown_back_is_escaped(client: FlaskClient, target: str, sent: dict[str, Any]) -> None:
    hostile = dict.fromkeys(["author", "email", "url", XSS, TOKEN, ANSWER, PASS], XSS) | {"body": XSS}
    answer = client.post(f"{target}?{urlencode({XSS: XSS})}", data=hostile | {PASS: ""} | sent)
    assert 400 <= answer.status_code < 500
    page = Page(answer.text)
    assert not any(attribute.startswith("on") for _, given in page.tags for attribute in given)
    scripts = [given for tag, given in page.tags if tag == "script"]
    ours = f"/captcha-guard/static/{hashed_name('captcha_guard.js')}"
    assert all(given.get("src") == ours for given in scripts)
    assert all(given["src"].startswith("/captcha-guard/") for tag, given in page.tags if tag == "img")
    assert "<script>alert" not in answer.text
    assert "49" not in page.fields.get("author", "")


@pytest.mark.parametrize(("shown", "target"), [("/posts/one", POST), ("/essay", "/essay"), ("/letters", "/letters")])
def test_a_typed_code_that_is_shown_again_is_escaped(blogs: MakeBlog, shown: str, target: str) -> None:
    client = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"}).client()
    client.post(target, data=COMMENT)
    answer = client.post(target, data=fields_of(client.get(shown)) | COMMENT | {ANSWER: XSS})
    assert answer.status_code == 429
    assert fields_of(answer)[ANSWER] == XSS
    assert "<script>alert" not in answer.text


def test_a_refusal_in_json_is_plain_json(client: FlaskClient) -> None:
    answer = client.post("/api/comments", json={XSS: ["x"], "body": {XSS: XSS}, TOKEN: [XSS]})
    assert answer.status_code == 400
    assert answer.mimetype == PROBLEM


def test_hostile_text_takes_no_longer_than_ordinary_text() -> None:
    start = time.process_time()
    for piece in ("<a href", "<a ", "[", "[url=", "[](", "<a href> ", "www.", "http://"):
        scan((piece * 65_525)[:65_525])
    matches("CDFHK", "\ufdfa" * 160_000)
    assert time.process_time() - start < 1


def test_a_reader_who_sends_all_this_still_gets_a_comment_through(client: FlaskClient, blog: Blog) -> None:
    page = client.post(POST, data=COMMENT | {"body": XSS, XSS: XSS})
    assert client.post(POST, data=solved(client, page)).status_code == 303
    assert blog.stored[0]["body"] == XSS
