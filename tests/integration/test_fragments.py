"""htmx and Turbo Frames get the part of a page that they can use. All other requests get a whole page."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, post_comment

HTMX = {"HX-Request": "true", "Accept": "*/*"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("sent", [{"data": COMMENT}, {"json": COMMENT}])
def test_htmx_gets_a_field_to_solve_whatever_it_sends(blogs: MakeBlog, method: str, sent: Any) -> None:
    blog = blogs()

    @blog.app.route("/anything", methods=[method])
    @blog.guard.protect
    def anything() -> str:
        return ""

    answer = blog.client().open("/anything", method=method, headers=HTMX, **sent)
    assert answer.status_code == 422
    assert answer.mimetype == "text/html"
    assert "<html" not in answer.text
    assert answer.text.count("<captcha-guard ") == 1
    assert ("<form" in answer.text) == (method == "POST")
    assert answer.headers["Captcha-Guard"] == "code"
    assert answer.headers["HX-Push-Url"] == "false"


def test_a_boosted_form_gets_a_whole_page_and_htmx_that_wants_json_gets_json(client: FlaskClient) -> None:
    page = client.post("/essay", data=COMMENT, headers={**HTMX, "HX-Boosted": "true"})
    assert page.status_code == 422
    document = client.post("/essay", data=COMMENT, headers={"HX-Request": "true", "Accept": "application/json"})
    assert document.mimetype == "application/problem+json"
    assert "Captcha-Guard" not in document.headers


def test_a_refusal_on_the_hosts_own_page_and_the_views_answer_have_different_marks(client: FlaskClient) -> None:
    refused = client.post("/essay", data=COMMENT, headers=HTMX)
    assert (refused.status_code, refused.headers["Captcha-Guard"]) == (422, "host")
    stored = post_comment(client, "/essay", headers=HTMX)
    assert (stored.status_code, stored.headers["Captcha-Guard"]) == (303, "spent")
    assert "HX-Push-Url" not in stored.headers


def test_an_answer_that_htmx_did_not_ask_for_is_not_marked(client: FlaskClient) -> None:
    assert "Captcha-Guard" not in client.post("/essay", data=COMMENT).headers


def test_a_turbo_frame_gets_its_own_element_and_its_id_is_escaped(blogs: MakeBlog) -> None:
    blog = blogs()

    @blog.app.post("/bare")
    @blog.guard.protect
    def bare() -> str:
        return ""

    frame = '"><script src=//evil.example></script>'
    answer = blog.client().post("/bare", data=COMMENT, headers={"Turbo-Frame": frame})
    assert '<turbo-frame id="&#34;&gt;&lt;script src=//evil.example&gt;&lt;/script&gt;">' in answer.text
    assert "<html" not in answer.text
    endless = blog.client().post("/bare", data=COMMENT, headers={"Turbo-Frame": "x" * 201})
    assert "<html" in endless.text


def test_every_rendering_of_a_field_has_its_own_ids(client: FlaskClient) -> None:
    ids = [part.split('"')[0] for _ in range(3) for part in client.get("/essay").text.split(' id="captcha-guard-')[1:]]
    assert len(ids) >= 6
    assert len(set(ids)) == len(ids)


def test_a_field_without_a_picture_is_renewed_at_the_same_address_as_one_with_a_picture(blogs: MakeBlog) -> None:
    pages = [blogs({"CAPTCHA_GUARD_MODE": mode}).client().get("/essay").text for mode in ("always", "suspicious")]
    addresses = {page.split('data-url="')[1].split('"')[0] for page in pages}
    assert addresses == {"/captcha-guard/challenge"}
