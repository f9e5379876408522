"""Whatever a text is called and wherever it stands in a POST, it is judged as it would be in ``body``."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import FieldList, Form, FormField, StringField

from captcha_guard import Action, ConfigError, Submission, Verdict
from captcha_guard.signals import submission_judged
from captcha_guard.testing import solve
from captcha_guard.web.post.entry import PRIVATE_PARTS
from captcha_guard.web.post.posted import ANSWER, TOKEN
from captcha_guard.web.post.sizes import MOST_FIELDS
from captcha_guard.wtf import CaptchaField
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import Blog

CASES = [json.loads(line) for line in (Path(__file__).parents[1] / "cases.jsonl").read_text().splitlines()]
FIELDS = [case for case in CASES if case["kind"] == "field"]

SPAM = "Buy cheap viagra online, casino bonus for you: http://a.example http://b.example"
HAM = "A fine text, thank you."

Judge = Callable[..., tuple[Submission, Verdict]]


class Address(Form):
    """A part of a form."""

    street = StringField()


class Letter(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form with all kinds of fields."""

    author = StringField()
    body = StringField()
    stars = StringField()
    address = FormField(Address)
    lines = FieldList(StringField(), min_entries=1)
    captcha = CaptchaField(moderated=True, ignore=("stars",))


class Mapped(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form whose text is in a part of it."""

    address = FormField(Address)
    captcha = CaptchaField(moderated=True, fields={"body": "address.street"}, ignore=())


class Misspelt(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form whose field is named wrongly."""

    letter = StringField()
    captcha = CaptchaField(fields={"body": "lettr"})


def add_routes(blog: Blog, **protection: Any) -> None:
    """Add the route ``plain`` with a protection, and the forms."""

    def plain() -> str:
        return "stored"

    blog.app.add_url_rule(
        "/plain", "plain", blog.guard.protect(**{"moderated": True, **protection})(plain), methods=["POST"]
    )
    for name, kind, prefix in (("letter", Letter, ""), ("prefixed", Letter, "c-"), ("mapped", Mapped, "c")):
        blog.app.add_url_rule(f"/{name}", name, _form_view(kind, prefix), methods=["POST"])
    blog.app.add_url_rule("/misspelt", "misspelt", _form_view(Misspelt, ""), methods=["POST"])


def _form_view(kind: type[FlaskForm], prefix: str) -> Callable[[], str]:
    def view() -> str:
        return "stored" if kind(prefix=prefix).validate_on_submit() else "not stored"

    return view


@pytest.fixture
def judge(blogs: MakeBlog) -> Judge:
    """Post to a fresh blog with a solved code in the headers; return what was judged, and how."""
    numbers = count()

    def judged(
        way: str = "/plain",
        *,
        protection: dict[str, Any] | None = None,
        config: dict[str, object] | None = None,
        **post: Any,
    ) -> tuple[Submission, Verdict]:
        blog = blogs(config, folder=f"blog-{next(numbers)}")
        add_routes(blog, **(protection or {}))
        client = blog.client()
        base_url = post.setdefault("base_url", "http://localhost")
        asked = client.post("/captcha-guard/challenge", json={"scope": way.strip("/")}, base_url=base_url)
        token = asked.json["token"]  # type: ignore[index]
        headers = {"Captcha-Token": token, "Captcha-Answer": solve(client, token)}
        seen: list[tuple[Submission, Verdict]] = []

        def note(_: Flask, submission: Submission, verdict: Verdict) -> None:
            seen.append((submission, verdict))

        with submission_judged.connected_to(note, blog.app):
            answer = client.post(way, headers=headers, **post)
        assert answer.status_code < 500
        assert len(seen) == 1, answer.text
        return seen[0]

    return judged


def is_no_milder(verdict: Verdict, than: Verdict) -> bool:
    return verdict.action >= than.action and verdict.score >= than.score


def as_post(case: dict[str, Any]) -> dict[str, Any]:
    """Return a case as arguments of the test client."""
    post: dict[str, Any] = {}
    if "json" in case:
        post["json"] = case["json"]
    else:
        post["data"] = MultiDict(case.get("form", []))
        for name, file_name, content in case.get("files", []):
            post["data"].add(name, (BytesIO(content.encode()), file_name))
    if "query" in case:
        post["query_string"] = urlencode([tuple(pair) for pair in case["query"]])
    return post


@pytest.mark.parametrize("case", FIELDS, ids=[case["what"] for case in FIELDS])
def test_a_text_in_any_field_is_judged_like_the_body(judge: Judge, case: dict[str, Any]) -> None:
    _, verdict = judge(**as_post(case))
    if case["expect"] == "accept after one code":
        assert verdict.action is Action.ACCEPT
        assert verdict.score == 0
    else:
        _, in_body = judge(data={"body": SPAM})
        assert in_body.action > Action.ACCEPT
        assert is_no_milder(verdict, in_body)


def nested(depth: int, text: object) -> object:
    """Return ``text`` below as many objects and lists."""
    for level in range(depth):
        text = {"a": text} if level % 2 else [text]
    return text


SHAPES: dict[str, dict[str, Any]] = {
    "an unheard-of name": {"data": {"feedback": SPAM}},
    "no name": {"data": {"": SPAM}},
    "a name's second value": {"data": {"author": ["Ada", SPAM], "body": HAM}},
    "a name of a person": {"data": {"author": SPAM, "body": HAM}},
    "an email address": {"data": {"email": SPAM, "body": HAM}},
    "a website": {"data": {"url": SPAM, "body": HAM}},
    "a second known name": {"data": {"body": HAM, "message": SPAM}},
    "a blank body before it": {"data": {"body": ["", SPAM]}},
    "a field's name": {"data": {SPAM: "1", "body": HAM}},
    "a list of fields": {"data": {"tags[]": ["a", SPAM], "body": HAM}},
    "a submit button": {"data": {"submit": SPAM, "body": HAM}},
    "a CSRF token": {"data": {"csrf_token": SPAM, "body": HAM}},
    "a password": {"data": {"password": SPAM, "body": HAM}},
    "an address of the site with more behind it": {"data": {"next": f"/posts {SPAM}", "body": HAM}},
    "a field called like ours, with a prefix": {"data": {"x-captcha_answer": SPAM, "body": HAM}},
    "a query": {"data": {"body": HAM}, "query_string": urlencode({"q": SPAM})},
    "a name in the query": {"data": {"body": HAM}, "query_string": urlencode({SPAM: "1"})},
    "our own field in the query": {"data": {"body": HAM}, "query_string": urlencode({ANSWER: SPAM})},
    "a query beside JSON": {"json": {"body": HAM}, "query_string": urlencode({"q": SPAM})},
    "a file's name": {"data": {"body": HAM, "cv": (BytesIO(b"x"), SPAM)}},
    "the name of a file field": {"data": {"body": HAM, SPAM: (BytesIO(b"x"), "x.txt")}},
    "a file in place of our field": {"data": {"body": HAM, TOKEN: (BytesIO(b"x"), SPAM)}},
    "a JSON list": {"json": [SPAM]},
    "a JSON text": {"json": SPAM},
    "a JSON key": {"json": {"body": HAM, SPAM: 1}},
    "a JSON key of a list": {"json": {"body": HAM, "a": [{SPAM: None}]}},
    "a list as the body": {"json": {"body": [SPAM]}},
    "an object as the author": {"json": {"author": {"name": SPAM}, "body": HAM}},
    "JSON at a depth of 900": {"json": nested(900, SPAM)},
    "a JSON path with a dot in a key": {"json": {"body": HAM, "ignored.not": SPAM}},
    "a JSON type of its own": {"data": json.dumps({"x": SPAM}), "content_type": "application/vnd.blog+json"},
    "a part of a form": {"data": {"address-street": SPAM, "body": HAM}},
}


@pytest.mark.parametrize("post", SHAPES.values(), ids=SHAPES)
def test_a_text_anywhere_in_a_request_is_judged_like_the_body(judge: Judge, post: dict[str, Any]) -> None:
    _, verdict = judge(protection={"ignore": ("ignored",)}, **post)
    _, in_body = judge(data={"body": SPAM})
    assert is_no_milder(verdict, in_body)


@pytest.mark.parametrize("way", ["/letter", "/prefixed"])
@pytest.mark.parametrize("field", ["author", "body", "address-street", "lines-0", "lines-7", "unknown"])
def test_a_text_anywhere_in_a_wtforms_form_is_judged_like_the_body(judge: Judge, way: str, field: str) -> None:
    prefix = "c-" if way == "/prefixed" else ""
    _, verdict = judge(way, data={f"{prefix}{field}": SPAM})
    _, in_body = judge(data={"body": SPAM})
    assert is_no_milder(verdict, in_body)


def test_a_captcha_field_finds_the_roles_behind_its_forms_prefix(judge: Judge) -> None:
    said, _ = judge("/prefixed", data={"c-author": "Ada", "c-body": HAM, "c-stars": "five stars", "body": "x y"})
    assert (said.author, said.body, said.other) == ("Ada", HAM, ("x y",))


def test_fields_of_a_captcha_field_name_fields_of_its_form(judge: Judge) -> None:
    said, _ = judge("/mapped", data={"c-address-street": HAM})
    assert said.body == HAM


def test_a_captcha_field_that_names_a_field_its_form_does_not_have_fails_loudly(blogs: MakeBlog) -> None:
    blog = blogs({"TESTING": True})
    add_routes(blog)
    with pytest.raises(ConfigError, match=r"'lettr'; the form's fields are letter"):
        blog.client().post("/misspelt", data={"letter": HAM})


def test_fields_can_name_a_path_in_json(judge: Judge) -> None:
    fields = {"author": "comment.by.0.name", "body": "comment.text"}
    sent = {"comment": {"by": [{"name": "Ada"}], "text": HAM, "title": "On locks"}}
    said, _ = judge(protection={"fields": fields}, json=sent)
    assert (said.author, said.body, said.other) == ("Ada", HAM, ("On locks",))


def test_a_mapped_field_that_is_missing_costs_a_reader_nothing(judge: Judge) -> None:
    said, verdict = judge(protection={"fields": {"body": "lettr"}}, data={"letter": HAM})
    assert (said.body, said.other) == ("", (HAM,))
    assert verdict.action is Action.ACCEPT


@pytest.mark.parametrize(
    ("field", "value", "fits"),
    [
        ("author", "Ada", True),
        ("author", "J. R. R. Tolkien", False),
        ("author", "José María", True),
        ("author", "Ada O'Neill-Quill (she)", True),
        ("author", "Ada\nLovelace", False),
        ("author", "Ada\u2028Lovelace", False),
        ("author", "viagra.example", False),
        ("author", "//viagra", False),
        ("author", "[Ada](x)", False),
        ("author", "Buy cheap pills now", False),
        ("author", "a" * 61, False),
        ("author", "A\x01da", False),
        ("email", "ada@example.org", True),
        ("email", " ada@example.org ", True),
        ("email", "ada@localhost", True),
        ("email", "ada", False),
        ("email", "ada@example.org, bob@example.org", False),
        ("email", "http://a.example/@b", False),
        ("url", "https://ada.example/~me?a=1#b", True),
        ("url", "ada.example", True),
        ("url", "https://ada.example http://b.example", False),
        ("url", "https://ada.example,http://b.example", False),
        ("url", "my site", False),
        ("url", "[a](http://a.example)", False),
    ],
)
def test_a_field_with_a_role_is_judged_as_a_text_too_when_its_shape_does_not_fit(
    judge: Judge, field: str, value: str, fits: bool
) -> None:
    said, _ = judge(data={field: value, "body": HAM})
    assert getattr(said, field) == value
    assert said.other == (() if fits else (value,))


def test_the_first_of_several_known_names_is_the_body_and_the_others_are_judged_beside_it(judge: Judge) -> None:
    said, _ = judge(data={"text": "In text.", "comment": ["In comment.", "And again."], "body": " "})
    assert (said.body, said.other) == ("In comment.", ("In text.", "And again."))


@pytest.mark.parametrize("part", ["csrf", "token", "password", "passwd", "secret"])
@pytest.mark.parametrize("name", ["{}", "my_{}_1", "New-{}"])
def test_a_field_named_like_a_password_is_seen_by_rules_only_and_never_shown(
    judge: Judge, blogs: MakeBlog, part: str, name: str
) -> None:
    field = name.format(part)
    for post in (
        {"data": {field: "hunter 2", "body": HAM}},
        {"json": {"a": {field: [{"b": "hunter 2"}]}, "body": HAM}},
    ):
        said, _ = judge(**post)
        assert (said.private, said.other) == (("hunter 2",), ())
    blog = blogs()
    add_routes(blog)
    page = blog.client().post("/plain", data={field.upper(): "hunter 2", "body": HAM}).text
    assert "hunter 2" not in page.partition("What you wrote")[2]
    assert part in PRIVATE_PARTS


def test_what_the_host_ignores_is_carried_and_not_judged(judge: Judge, blogs: MakeBlog) -> None:
    protection = {"ignore": ("stars", "meta", "page")}
    said, verdict = judge(
        protection=protection, data={"stars": SPAM, "body": HAM}, query_string=urlencode({"page": SPAM})
    )
    assert (said.other, verdict.score) == ((), 0)
    said, _ = judge(protection=protection, json={"stars": [SPAM], "meta": {"a": [SPAM]}, "body": HAM})
    assert said.other == ()
    said, _ = judge(protection=protection, json={"x": {"stars": SPAM}, "meta.a": SPAM, "body": HAM})
    assert said.other == (SPAM, SPAM)
    blog = blogs()
    add_routes(blog, **protection)
    assert '<input type="hidden" name="stars" value="5">' in blog.client().post("/plain", data={"stars": "5"}).text


def test_tokens_of_flask_wtf_are_not_judged(judge: Judge) -> None:
    token = "IjY0ODRkMzE0Mzg1MGM5YTEi.Zx3_yA.Yq8-0VwZ0Jk"
    for name in ("csrf_token", "c-csrf_token"):
        said, _ = judge(data={name: token, "body": HAM})
        assert (said.other, said.private) == ((), ())
    said, _ = judge(config={"WTF_CSRF_FIELD_NAME": "proof"}, data={"proof": token, "body": HAM})
    assert said.other == ()
    said, _ = judge(data={"proof": token, "body": HAM})
    assert said.other == (token,)


@pytest.mark.parametrize(
    ("value", "judged"),
    [
        ("/posts/one", True),  # its words are judged, but it doesn't count as a link
        ("/Buy/cheap/viagra", True),
        ("http://blog.example/posts/one", False),
        ("HTTPS://Blog.example", False),
        ("//evil.example/", True),
        ("/\\evil.example", True),
        ("http://blog.example.evil.example/", True),
        ("http://blog.example@evil.example/", True),
        ("/x?to=http://evil.example", True),
        ("/x www.evil.example", True),
        ("/&#104;ttp:", True),
        ("/[a](evil.example)", True),
        ("http://other.example/", True),
    ],
)
def test_an_address_of_this_very_site_is_no_text(judge: Judge, value: str, judged: bool) -> None:
    for config in ({}, {"TRUSTED_HOSTS": ["blog.example"]}, {"SERVER_NAME": "blog.example"}):
        said, _ = judge(config=config, data={"next": value, "body": HAM}, base_url="http://blog.example")
        assert said.other == ((value,) if judged else ())


def test_the_sites_host_is_only_known_where_the_application_names_it(judge: Judge) -> None:
    def site(config: dict[str, object]) -> str:
        return judge(config=config, data={"body": HAM}, base_url="http://blog.example:8000")[0].site

    assert site({}) == ""
    assert site({"TRUSTED_HOSTS": [".blog.example"]}) == "blog.example"
    assert site({"SERVER_NAME": "Blog.example:8000"}) == "blog.example"


def test_a_client_that_names_another_host_gets_no_link_past_a_site_that_knows_its_own(judge: Judge) -> None:
    address = "http://evil.example/"
    said, _ = judge(config={"SERVER_NAME": "blog.example"}, data={"review": address}, base_url=address)
    assert said.other == (address,)


def test_numbers_and_blank_texts_are_no_texts(judge: Judge) -> None:
    said, _ = judge(json={"body": HAM, "stars": 5, "x": None, "ok": True, "y": " ", "author": 7})
    assert (said.author, said.other) == ("", ())


def test_captcha_values_in_the_body_win_over_those_in_headers(blogs: MakeBlog) -> None:
    blog = blogs()
    add_routes(blog)
    client = blog.client()
    token = client.post("/captcha-guard/challenge", json={"scope": "plain"}).json["token"]  # type: ignore[index]
    headers = {"Captcha-Token": "nonsense", "Captcha-Answer": "nonsense"}
    ours = {TOKEN: token, ANSWER: solve(client, token)}
    assert client.post("/plain", data={"body": HAM} | ours, headers=headers).text == "stored"


def test_a_pass_in_a_header_completes_a_json_comment(blogs: MakeBlog) -> None:
    blog = blogs()
    tries = count()

    @blog.app.post("/list")
    @blog.guard.protect
    def of_list() -> tuple[str, int]:
        return ("", 422) if next(tries) == 0 else (f"stored {len(request.get_json())}", 201)

    client = blog.client()
    token = client.post("/captcha-guard/challenge", json={"scope": "of_list"}).json["token"]  # type: ignore[index]
    first = client.post("/list", json=[HAM], headers={"Captcha-Token": token, "Captcha-Answer": solve(client, token)})
    second = client.post("/list", json=[HAM], headers={"Captcha-Pass": first.headers["Captcha-Pass"]})
    assert (second.status_code, second.text) == (201, "stored 1")


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({f"k{number}": "" for number in range(MOST_FIELDS)}, 422),
        ({f"k{number}": "" for number in range(MOST_FIELDS + 1)}, 413),
        (["x"] * MOST_FIELDS, 422),
        (["x"] * (MOST_FIELDS + 1), 413),
        ([[]] * (MOST_FIELDS + 1), 413),
        ({"a": {f"k{number}": 1 for number in range(MOST_FIELDS)}}, 413),
        (list(range(50_000)), 422),
    ],
)
def test_json_may_have_two_thousand_texts_keys_and_lists(blogs: MakeBlog, document: object, status: int) -> None:
    blog = blogs()
    add_routes(blog)
    assert blog.client().post("/plain", json=document).status_code == status


def reports(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "looks like a comment's body" in record.getMessage()]


def test_a_route_without_a_body_is_reported_once_with_what_to_do(
    blogs: MakeBlog, caplog: pytest.LogCaptureFixture
) -> None:
    blog = blogs()
    add_routes(blog)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            blog.client().post("/plain", data={"stars": "5", "submit": "Send"})
    (report,) = reports(caplog)
    assert "'plain'" in report
    assert "'body' or 'comment' or 'text' or 'content' or 'message'" in report
    assert "'stars', 'submit'" in report
    assert "fields={'body': '...'}" in report
    assert "ignore=" in report


def test_a_mapping_to_a_field_that_is_never_there_is_named(blogs: MakeBlog, caplog: pytest.LogCaptureFixture) -> None:
    blog = blogs()
    add_routes(blog, fields={"body": "lettr"})
    blog.client().post("/plain", data={"letter": "Thanks!"})
    (report,) = reports(caplog)
    assert "fields={'body': 'lettr'} names a field that isn't there" in report


@pytest.mark.parametrize(
    ("protection", "sent"),
    [
        ({}, {"body": ""}),
        ({}, {"review": "Two words"}),
        ({"ignore": ("stars",)}, {"stars": "5"}),
        ({"fields": {"body": "letter"}}, {"letter": "x"}),
    ],
)
def test_a_route_with_a_body_or_nothing_to_judge_is_not_reported(
    blogs: MakeBlog, caplog: pytest.LogCaptureFixture, protection: dict[str, Any], sent: dict[str, str]
) -> None:
    blog = blogs()
    add_routes(blog, **protection)
    blog.client().post("/plain", data=sent)
    assert reports(caplog) == []


def test_ignored_names_are_a_list_of_names_that_have_no_role(blog: Blog) -> None:
    with pytest.raises(ConfigError, match=r"ignore=\('rating',\)"):
        blog.guard.protect(ignore="rating")
    with pytest.raises(ConfigError, match="'note' is in both"):
        blog.guard.protect(fields={"body": "note"}, ignore=("note",))
