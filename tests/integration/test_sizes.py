"""All input is parsed and shown back only up to a limit. Normal forms never reach one."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from flask_wtf.csrf import CSRFProtect
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.formparser import FormDataParser
from werkzeug.test import TestResponse

from captcha_guard import CaptchaGuard
from captcha_guard.web.post.posted import ANSWER, LONGEST_OWN, NO_CODE, PASS, TOKEN
from captcha_guard.web.post.sizes import LARGEST_BODY, MOST_FIELDS
from captcha_guard.web.views.carried import MOST_TEXT
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, make_app, solved

POST = "/posts/one/comments"
FORM = "application/x-www-form-urlencoded"
BACK = "Back button still has all of it"

#: Bytes of our page without the posted text.
PAGE = 10 * 1024

TOO_MANY = b"a=&" * MOST_FIELDS + b"b="

Pairs = list[tuple[str, str]]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record each form that Werkzeug parses."""
    forms: list[str] = []
    parse = FormDataParser.parse

    def noting(self: FormDataParser, stream: Any, mimetype: str, *rest: Any, **more: Any) -> Any:
        forms.append(mimetype)
        return parse(self, stream, mimetype, *rest, **more)

    monkeypatch.setattr(FormDataParser, "parse", noting)
    return forms


def post_raw(blog: Blog, body: bytes, way: str = POST, **more: Any) -> TestResponse:
    return blog.client().post(way, data=body, content_type=FORM, **more)


@pytest.mark.parametrize("own", [TOKEN, ANSWER, PASS, NO_CODE])
def test_the_page_to_send_a_comment_again_does_not_repeat_overlong_fields_of_ours(blogs: MakeBlog, own: str) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})
    client = blog.client()
    form = fields_of(client.get("/queue")) | COMMENT
    sent = [client.post("/queue", data=form | {NO_CODE: "1", own: '"' * 400_000}) for _ in range(2)]
    assert sent[1].status_code == 429
    assert len(sent[1].data) < PAGE + 5 * LONGEST_OWN


@pytest.mark.parametrize("way", [POST, "/essay", "/queue", "/api/comments"])
def test_a_form_with_too_many_fields_is_not_parsed(blog: Blog, parsed: list[str], way: str) -> None:
    CSRFProtect(blog.app)
    blog.app.config["WTF_CSRF_ENABLED"] = True
    answer = post_raw(blog, TOO_MANY, way)
    assert (answer.status_code, parsed) == (413, [])
    assert "larger than the form takes" in answer.text
    assert post_raw(blog, b"a=&" * (MOST_FIELDS - 1) + b"b=", way).status_code == 400  # because there is no CSRF token
    assert parsed == [FORM]


def test_extensions_that_were_set_up_before_the_guard_do_not_parse_the_form(tmp_path: Any, parsed: list[str]) -> None:
    app = make_app(tmp_path, {"WTF_CSRF_ENABLED": True})
    CSRFProtect(app)
    app.add_url_rule("/say", "say", CaptchaGuard(app).protect(lambda: ""), methods=["POST"])
    answer = app.test_client().post("/say", data=TOO_MANY, content_type=FORM)
    assert (answer.status_code, parsed) == (413, [])


def test_the_form_of_a_captcha_field_is_not_parsed_after_the_process_has_seen_it(blog: Blog, parsed: list[str]) -> None:
    assert blog.client().get("/letters").status_code == 200
    assert post_raw(blog, TOO_MANY, "/letters").status_code == 413
    assert parsed == []


def test_routes_without_a_guard_are_not_limited(blog: Blog) -> None:
    blog.app.add_url_rule("/free", "free", lambda: "free", methods=["POST"])
    assert post_raw(blog, TOO_MANY, "/free").text == "free"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_query_counts_too(blog: Blog, method: str) -> None:
    client = blog.client()
    sent: dict[str, Any] = {"data": COMMENT} if method == "POST" else {}
    query = "&".join(f"q{number}=" for number in range(MOST_FIELDS + 1))
    assert client.open("/queue", method=method, query_string=query, **sent).status_code == 413
    assert client.open("/queue", method=method, query_string="q=1&r=2", **sent).status_code in (200, 422)
    half = query[: len(query) // 2]
    assert post_raw(blog, b"a=&" * (MOST_FIELDS // 2 + 200) + b"b=", query_string=half).status_code == 413


def test_no_page_repeats_a_query_that_is_longer_than_servers_accept(blogs: MakeBlog) -> None:
    client = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "4 per minute"}).client()
    statuses = set()
    for length in (50, 5_000, 100_000, 900_000, 5_000, 100_000, 900_000, 900_000):
        query = "q=" + "x" * length
        answer = client.post("/queue", data=COMMENT, query_string=query)
        statuses.add(answer.status_code)
        assert len(answer.data) < 8_192 + 2 * length * (length < MOST_TEXT)
        assert (query in answer.text) is (length == 50)
    assert 429 in statuses


@pytest.mark.parametrize(
    ("config", "most"),
    [
        ({}, 500_000),
        ({"MAX_FORM_MEMORY_SIZE": 2000}, 2000),
        ({"MAX_CONTENT_LENGTH": 2000}, 2000),
        ({"MAX_FORM_MEMORY_SIZE": 700_000}, 700_000),
        ({"MAX_FORM_MEMORY_SIZE": None}, LARGEST_BODY),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_form_is_read_up_to_the_hosts_limit(
    blogs: MakeBlog, config: dict[str, object], most: int, chunked: bool
) -> None:
    blog = blogs(config)
    body = BytesIO(b"body=" + b"x" * 2_000_000)
    environ: dict[str, Any] = {"wsgi.input_terminated": True} if chunked else {"CONTENT_LENGTH": "2000005"}
    answer = blog.client().post(POST, input_stream=body, content_type=FORM, environ_overrides=environ)
    assert answer.status_code == 413
    assert body.tell() <= 3 * most + 65_536
    assert post_raw(blog, b"body=" + b"x" * (most - 5)).status_code in (413, 422)
    assert "larger than the form takes" not in post_raw(blog, b"body=" + b"x" * (most - 5)).text


def test_the_longest_comment_that_is_not_too_long_fits_in_any_script(blog: Blog) -> None:
    for sign in ("x", "\u0416", "\u6f22", "\U0001f600"):
        answer = blog.client().post("/queue", data={"author": "Ada", "body": sign * 65_525})
        assert answer.status_code == 422
        assert fields_of(answer)["body"] == sign * 65_525


def test_the_texts_of_a_multipart_form_count_together_and_files_do_not(blog: Blog) -> None:
    def post_parts(*parts: tuple[str, bytes]) -> int:
        body = b"".join(
            b"--x\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (head.encode(), value) for head, value in parts
        )
        answer = blog.client().post(POST, data=body + b"--x--", content_type="multipart/form-data; boundary=x")
        return answer.status_code

    assert post_parts(*[('name="f"', b"x" * 60_000)] * 10) == 413
    assert post_parts(('name="body"', b"A word."), ('name="cv"; filename="cv.txt"', b"x" * 900_000)) == 422


def escaped(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(len(escape(name + value).encode()) for name, value in pairs)


SHAPES: dict[str, Pairs] = {
    "2,000 empty fields": [("", "")] * MOST_FIELDS,
    "2,000 tiny fields": [(f"{number:x}", "1") for number in range(MOST_FIELDS)],
    "2,000 readable fields": [("f", "ab cd")] * MOST_FIELDS,
    "2,000 bodies": [("body", "x")] * MOST_FIELDS,
    "100 fields": [(f"f{number}", "x") for number in range(100)],
    "150 short fields": [(f"field-{number}", "a b c") for number in range(150)],
    "200 fields of 38": [(f"f{number}", "x" * 34) for number in range(200)],
    "long names": [("n" * 2000, "x")] * 50,
    "signs": [("<&>", "&" * 1000)] * 50,
    "one field of 300 KB": [("feedback", "ab " * 100_000)],
    "a body of 400 KB": [("body", "ab " * 130_000), ("author", "x" * 1000), ("x", "y")],
    "passwords": [("password", "x")] * 150,
}


@pytest.mark.parametrize("pairs", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("limited", [False, True])
def test_a_page_has_at_most_10_kib_and_twice_the_text(blogs: MakeBlog, pairs: Pairs, limited: bool) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per hour"} if limited else {})
    if limited:
        blog.client().post(POST, data=COMMENT)
    answer = post_raw(blog, urlencode(pairs).encode())
    assert answer.status_code == 429 if limited else answer.status_code in (413, 422)
    assert len(answer.data) <= PAGE + 2 * escaped(pairs)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["body", "author", "f", "a-longer-name", "csrf"]),
            st.sampled_from(["", "x", "a b", "&" * 40]),
        ),
        max_size=400,
    )
)
def test_no_combination_of_fields_makes_a_larger_page(blog: Blog, pairs: Pairs) -> None:
    answer = post_raw(blog, urlencode([("body", "x"), *pairs]).encode())
    assert answer.status_code == 422
    assert len(answer.data) <= PAGE + 2 * escaped([("body", "x"), *pairs])
    if "enter the security code" in answer.text:
        carried = [
            (tag[1]["name"], tag[1]["value"]) for tag in Page(answer.text).tags if tag[1].get("type") == "hidden"
        ]
        assert sorted(carried[: len(pairs) + 1]) == sorted([("body", "x"), *pairs])
    else:
        assert "<form" not in answer.text
        assert BACK in answer.text


def test_a_form_of_a_hundred_fields_is_completed_by_one_code(blog: Blog) -> None:
    client = blog.client()
    fields = COMMENT | {f"field-{number}": str(number % 7) for number in range(100)}
    again = client.post(POST, data=fields)
    assert fields.items() <= fields_of(again).items()
    assert client.post(POST, data=solved(client, again)).status_code == 303
    assert fields.items() <= blog.stored[0].items()


def test_a_page_that_cannot_carry_all_fields_has_no_form(blogs: MakeBlog) -> None:
    for config, status in (({}, 422), ({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per hour"}, 429)):
        blog = blogs(config, folder=f"of-{status}")
        client = blog.client()
        client.post("/queue", data=COMMENT | {"body": "The first of them."})
        answer = client.post("/queue", data=COMMENT | {"attachment": "x y " * (MOST_TEXT // 4), "small": "is shown"})
        assert answer.status_code == status
        assert BACK in answer.text
        assert "<form" not in answer.text
        assert COMMENT["body"] in answer.text
        assert "is shown" in answer.text
        assert "Your text is kept; here" not in answer.text


def test_a_body_of_any_size_and_128_kib_of_others_are_carried(blog: Blog) -> None:
    fields = {"author": "Ada", "body": "lock " * 13_000, "more": "m" * (MOST_TEXT - 4)}
    answer = blog.client().post(POST, data=fields)
    assert answer.status_code == 422
    assert fields.items() <= fields_of(answer).items()
    answer = blog.client().post(POST, data=fields | {"x": ""})
    assert BACK in answer.text


def test_a_text_that_is_too_long_is_shown_back_completely(blog: Blog) -> None:
    body = "lock " * 40_000
    answer = blog.client().post(POST, data={"body": body, "more": "m" * MOST_TEXT})
    assert answer.status_code == 413
    assert body in Page(answer.text).text


def test_several_files_of_one_field_are_asked_for_once(blog: Blog) -> None:
    files = [(BytesIO(b"x"), "a.txt"), (BytesIO(b"y"), "b.txt")]
    answer = blog.client().post(POST, data=COMMENT | {"photos": files, "cv": (BytesIO(b"z"), "c.txt")})
    inputs = [given for _, given in Page(answer.text).tags if given.get("type") == "file"]
    assert [(given["name"], "multiple" in given) for given in inputs] == [("photos", True), ("cv", False)]


def test_a_page_that_would_ask_for_a_hundred_files_again_does_not(blog: Blog) -> None:
    files = {f"f{number}": (BytesIO(b"x"), "x.txt") for number in range(100)}
    answer = blog.client().post(POST, data=COMMENT | files)
    assert answer.status_code == 422
    assert BACK in answer.text
    assert len(answer.data) <= PAGE
