"""Forms with files: our pages carry empty file fields, and ask for the chosen files again."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from captcha_guard import CaptchaGuard
from tests.integration.host_blog import COMMENT, Page, fields_of, solved
from tests.integration.test_sizes import BACK, PAGE

MULTIPART = "multipart/form-data"


@pytest.fixture
def seen() -> list[dict[str, list[str]]]:
    """Return what the view found in each POST: the file names of each file field."""
    return []


@pytest.fixture
def client(bare: Any, seen: list[dict[str, list[str]]]) -> FlaskClient:
    app: Flask = bare(CAPTCHA_GUARD_COMMENT_LIMITS="4 per hour")

    def report() -> str:
        assert request.files["photo"] is not None  # 400 if the field is missing
        seen.append({name: [file.filename or "" for file in files] for name, files in request.files.lists()})
        return "stored"

    app.add_url_rule("/reports", "reports", CaptchaGuard(app).protect(report), methods=["POST"])
    return app.test_client()


def part(name: str = "", kind: str = "application/octet-stream", content: bytes = b"x") -> FileStorage:
    """Return a file as a browser sends it. Without a name it is what an empty field sends."""
    return FileStorage(BytesIO(content if name else b""), filename=name, content_type=kind)


def post(client: FlaskClient, files: dict[str, Any], **more: str) -> TestResponse:
    return client.post("/reports", data=COMMENT | more | files, content_type=MULTIPART)


def inputs(page: TestResponse) -> list[dict[str, str]]:
    """Return the attributes of the page's file inputs, with "hidden" if their parent has it."""
    found: list[dict[str, str]] = []
    hidden = False
    for tag, given in Page(page.text).tags:
        if given.get("type") == "file":
            found.append({**{name: value for name, value in given.items() if name != "type"}, "hidden": str(hidden)})
        hidden = tag == "span" and "hidden" in given
    return found


def as_sent(page: TestResponse) -> dict[str, Any]:
    """Return the empty parts that a browser sends for a page's file inputs without chosen files."""
    empty: dict[str, list[FileStorage]] = {}
    for given in inputs(page):
        empty.setdefault(given["name"], []).append(part())
    return dict(empty)


def test_a_form_whose_optional_file_was_left_empty_is_completed_by_one_code(
    client: FlaskClient, seen: list[dict[str, list[str]]]
) -> None:
    again = post(client, {"photo": part()})
    assert again.status_code == 422
    assert "choose" not in Page(again.text).text
    assert inputs(again) == [{"name": "photo", "hidden": "True"}]
    (form,) = [given for tag, given in Page(again.text).tags if tag == "form"]
    assert form == {"method": "post", "action": "/reports", "enctype": MULTIPART, "data-turbo": "false"}
    done = client.post("/reports", data=solved(client, again) | as_sent(again), content_type=MULTIPART)
    assert (done.text, seen) == ("stored", [{"photo": [""]}])


def test_a_chosen_file_is_asked_for_again_and_nothing_of_it_is_kept(
    client: FlaskClient, seen: list[dict[str, list[str]]]
) -> None:
    again = post(client, {"photo": part("cat.png", "image/png", b"all of the cat"), "cv": part()})
    assert "The file for “photo” could not be kept. Please choose it again" in Page(again.text).text
    assert "cv" not in Page(again.text).text
    assert "all of the cat" not in again.text
    shown = [{"name": "photo", "accept": "image/*", "hidden": "False"}, {"name": "cv", "hidden": "True"}]
    assert inputs(again) == shown
    data = solved(client, again) | as_sent(again) | {"photo": part("cat.png", "image/png")}
    client.post("/reports", data=data, content_type=MULTIPART)
    assert seen == [{"photo": ["cat.png"], "cv": [""]}]


def test_several_files_of_one_field_are_asked_for_at_once(client: FlaskClient) -> None:
    again = post(client, {"photo": [part("a.txt", "text/plain"), part("b.txt", "text/plain")], "cv": part("c.txt")})
    assert "The files for “photo” could not be kept. Please choose them again" in Page(again.text).text
    assert inputs(again) == [
        {"name": "photo", "multiple": "", "accept": "text/plain", "hidden": "False"},
        {"name": "cv", "hidden": "False"},
    ]


def test_fields_of_one_name_stay_in_their_order(client: FlaskClient) -> None:
    again = post(client, {"photo": [part(), part("b.png", "image/png"), part(), part("d.png", "image/png")]})
    assert [(one["hidden"], "multiple" in one) for one in inputs(again)] == [
        ("True", False), ("False", True), ("True", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kinds", "accept"),
    [
        (["image/png"], "image/*"),
        (["image/png", "image/jpeg"], "image/*"),
        (["video/mp4", "image/png"], "video/*,image/*"),
        (["application/pdf"], "application/pdf"),
        (["application/pdf", "text/csv"], "application/pdf,text/csv"),
        (["application/octet-stream"], None),
        (["image/png", "application/octet-stream"], None),
        ([""], None),
        (['image/png"><script>'], None),
        (["image/"], None),
        (["image/png,.exe"], None),
        (["a" * 100 + "/b"], None),
        (["application/" + "x" * 200], None),
    ],
)
def test_files_like_the_chosen_ones_are_accepted_if_the_browser_knew_their_type(
    client: FlaskClient, kinds: list[str], accept: str | None
) -> None:
    files = [part(f"{number}.x", kind) for number, kind in enumerate(kinds)]
    (given,) = inputs(post(client, {"photo": files}))
    assert given.get("accept") == accept


def test_a_form_without_a_file_field_stays_multipart_and_an_urlencoded_one_urlencoded(client: FlaskClient) -> None:
    for content_type, enctype in ((MULTIPART, MULTIPART), ("application/x-www-form-urlencoded", None)):
        again = client.post("/reports", data=COMMENT, content_type=content_type)
        (form,) = [given for tag, given in Page(again.text).tags if tag == "form"]
        assert form.get("enctype") == enctype


def test_a_form_that_has_to_wait_is_sent_again_the_same_way(client: FlaskClient) -> None:
    for number in range(4):
        post(client, {"photo": part()}, body=f"Number {number} of them.")
    early = post(client, {"photo": part(), "cv": part("cv.pdf", "application/pdf")})
    assert early.status_code == 429
    assert inputs(early) == [
        {"name": "photo", "hidden": "True"},
        {"name": "cv", "accept": "application/pdf", "hidden": "False"},
    ]
    form = {"method": "post", "action": "/reports", "enctype": MULTIPART, "data-turbo": "false"}
    assert ("form", form) in Page(early.text).tags


def test_a_plain_text_form_which_no_view_could_read_is_refused(client: FlaskClient) -> None:
    answer = client.post("/reports", data="author=Ada", content_type="text/plain")
    assert (answer.status_code, "<form" in answer.text) == (415, False)


@pytest.mark.parametrize(("chosen", "fits"), [(False, 40), (True, 15)])
def test_a_page_offers_as_many_file_fields_as_fit(client: FlaskClient, chosen: bool, fits: int) -> None:
    for many, complete in ((fits, True), (900, False)):
        files = {f"f{number}": part("x.abc" if chosen else "", "application/x-abc") for number in range(many)}
        answer = post(client, files)
        assert answer.status_code == 422
        assert len(answer.data) <= PAGE + 2 * sum(map(len, [*COMMENT, *COMMENT.values(), *files]))
        assert (len(inputs(answer)), BACK in answer.text) == ((many, False) if complete else (0, True))
        assert COMMENT["body"] in Page(answer.text).text
        assert complete == ("body" in fields_of(answer))
