"""Ways to bypass the guard that were tried and must stay closed, each on a running application."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import redirect, render_template_string, request, stream_template_string
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_wtf import FlaskForm
from wtforms import StringField, SubmitField
from wtforms.validators import DataRequired

from captcha_guard import ConfigError, Submission, Verdict, submission_judged
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from captcha_guard.wtf import CaptchaField
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, fields_of, solved

SPAM = "Buy cheap viagra online, casino bonus for you: http://a.example http://b.example"
FORM = '<form method="post"><textarea name="body"></textarea>{{ captcha_guard() }}</form>'
POST = "/posts/one/comments"


@pytest.fixture
def verdicts() -> Iterator[list[Verdict]]:
    """Record every verdict."""
    heard: list[Verdict] = []

    def listen(_: object, submission: Submission, verdict: Verdict) -> None:
        heard.append(verdict)

    with submission_judged.connected_to(listen):
        yield heard


@pytest.mark.parametrize("number", [3, 200, 1500])
def test_decoy_fields_do_not_hide_spam_in_the_body(blogs: MakeBlog, verdicts: list[Verdict], number: int) -> None:
    client = blogs({"CAPTCHA_GUARD_DISALLOWED_WORDS": ["hypnotize"]}).client()
    decoy = " qzx ".join(["cheap", "online", "money", "free", "casino", "video", "channel", "check", "out", "earn"])
    client.post("/queue", data={"body": f"Hypnotize! {SPAM}"} | {f"x{n}": decoy for n in range(number)})
    assert verdicts[-1].reasons == ("disallowed_words",)


def test_a_short_body_beside_many_fields_does_not_count_as_empty(blog: Blog, verdicts: list[Verdict]) -> None:
    answers = {f"q{n}": f"The answer to question {n} is as it was put down in the list." for n in range(300)}
    blog.client().post("/queue", data={"body": "All done."} | answers)
    assert "empty" not in verdicts[-1].reasons


def test_json_that_a_view_reads_by_force_is_judged(blog: Blog, verdicts: list[Verdict]) -> None:
    escaped = "".join(f"\\u{ord(one):04x}" for one in SPAM)
    for body in (f'{{"body": "{escaped}"}}', f' [{{"a": ["{escaped}"]}}]', json.dumps(SPAM)):
        blog.client().post("/queue", data=body, content_type="application/x-www-form-urlencoded")
        assert "links" in verdicts[-1].reasons, body[:30]


@pytest.mark.parametrize(
    "disposition", ["form-data", "attachment", 'form-data; filename="a"', "form-data; name*=utf-8''body"]
)
def test_a_part_without_a_name_is_judged_and_no_500(blog: Blog, verdicts: list[Verdict], disposition: str) -> None:
    body = f"--x\r\nContent-Disposition: {disposition}\r\n\r\n{SPAM}\r\n--x--\r\n"
    answer = blog.client().post("/queue", data=body.encode(), content_type="multipart/form-data; boundary=x")
    assert answer.status_code in (400, 422)


def test_a_forged_host_does_not_make_links_internal(blog: Blog, verdicts: list[Verdict]) -> None:
    client = blog.client()
    for name, counts in (("link", True), ("feedback", True), ("next", False)):
        sent = {"body": "A fine text, thank you.", name: "http://spam.example/cheap"}
        client.post("/queue", data=sent, headers={"Host": "spam.example"})
        assert ("single_link" in verdicts[-1].reasons) == counts, name


def test_invisible_marks_do_not_make_another_comment(blog: Blog) -> None:
    client = blog.client()
    assert client.post(POST, data=solved(client, client.get("/posts/one"), COMMENT)).status_code == 303
    hidden = COMMENT | {"body": COMMENT["body"].replace("loop", "lo\u200bop")}
    assert client.post(POST, data=solved(client, client.get("/posts/one"), hidden)).status_code == 409


# One code, one comment


class Contact(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    email = StringField(validators=[DataRequired()])
    captcha = CaptchaField()


class Talk(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    body = StringField(validators=[DataRequired()])
    preview = SubmitField()
    captcha = CaptchaField()


def test_the_errors_of_another_form_do_not_make_a_stored_comment_unstored(blog: Blog) -> None:
    @blog.app.route("/both", methods=["GET", "POST"])
    def both() -> ResponseReturnValue:
        contact, talk = Contact(), Talk()
        if contact.validate_on_submit():
            return redirect("/both")
        if talk.validate_on_submit():
            blog.stored.append({"body": request.form["body"]})
            return redirect("/both", 303)
        return render_template_string("<form method=post>{{ form.body }}{{ form.captcha }}</form>", form=talk)

    client = blog.client()
    sent = solved(client, client.get("/both"), {"body": "A comment of more than a few words."})
    answer = client.post("/both", data=sent, headers={"Accept": "application/json"})
    assert answer.status_code == 303
    assert "Captcha-Pass" not in answer.headers
    again = solved(client, client.get("/both"), {"body": "A comment of more than a few words."})
    assert client.post("/both", data=again).status_code in (200, 409)
    assert len(blog.stored) == 1


@pytest.mark.parametrize("texts", [("hello there my dear", "buy our cheap pills"), ("好", "便宜的药品,立即购买")])
def test_a_short_text_gets_no_pass_if_the_view_may_have_stored_it(blog: Blog, texts: tuple[str, str]) -> None:
    @blog.app.route("/again", methods=["GET", "POST"])
    @blog.guard.protect
    def again() -> str:
        if request.method == "POST":
            blog.stored.append({"body": request.form["body"]})
        return render_template_string(FORM)

    client = blog.client()
    page = client.post("/again", data=solved(client, client.get("/again"), {"body": texts[0]}))
    earned = {PASS: fields_of(page)[PASS]}
    assert client.post("/again", data=earned | {"body": texts[1]}).status_code in (409, 422)
    assert len(blog.stored) == 1


def test_a_streamed_page_has_no_pass_after_the_comment_is_stored(blog: Blog) -> None:
    @blog.app.route("/stream", methods=["GET", "POST"])
    @blog.guard.protect
    def stream() -> ResponseReturnValue:
        if request.method == "POST":
            blog.stored.append({"body": request.form["body"]})
            return blog.app.response_class(stream_template_string(FORM))
        return render_template_string(FORM)

    client = blog.client()
    page = client.post("/stream", data=solved(client, client.get("/stream"), COMMENT))
    assert PASS not in fields_of(page)
    assert TOKEN in fields_of(page)


def test_a_preview_does_not_show_what_another_site_sent(blog: Blog) -> None:
    @blog.app.route("/preview", methods=["GET", "POST"])
    def preview() -> ResponseReturnValue:
        form = Talk()
        if request.method == "POST" and not form.preview.data and form.validate():
            blog.stored.append({"body": request.form["body"]})
            return redirect("/preview", 303)
        return render_template_string("<form method=post>{{ form.body }}{{ form.captcha }}</form>", form=form)

    client = blog.client()
    assert client.get("/preview").status_code == 200
    laundered = client.post("/preview", data={"body": SPAM, "preview": "1"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert laundered.status_code == 403
    assert TOKEN not in fields_of(laundered)
    token = fields_of(client.get("/preview"))[TOKEN]
    sent = {"body": "A comment.", TOKEN: token, ANSWER: solve(client, token)}
    assert client.post("/preview", data=sent, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


# Routes


def test_more_overrides_that_lose_their_guard_are_refused(blogs: MakeBlog) -> None:
    def refuses(blog: Blog, view: type[MethodView]) -> None:
        blog.app.add_url_rule("/view", view_func=view.as_view("view"))
        blog.app.config["PROPAGATE_EXCEPTIONS"] = True
        with pytest.raises(ConfigError, match="bypasses its guard"):
            blog.client().get("/posts/one")

    listing = blogs(folder="listing")

    class Resource(MethodView):
        method_decorators: tuple[Any, ...] = (listing.guard.protect,)

    class Unlisted(Resource):
        method_decorators = ()

        def post(self) -> str:
            return "stored"

    refuses(listing, Unlisted)
    calling = blogs(folder="calling")

    class Guarded(MethodView):
        session: object = None

        def prepare(self) -> None:
            """Prepare something."""

        @calling.guard.protect
        def post(self) -> str:
            return "guarded"

    class Elsewhere(Guarded):
        def post(self) -> str:
            super().prepare()
            return str(self.session.post("elsewhere"))  # type: ignore[attr-defined]

    refuses(calling, Elsewhere)


def test_an_override_that_calls_its_guarded_parent_is_served(blog: Blog) -> None:
    class Guarded(MethodView):
        @blog.guard.protect
        def post(self) -> str:
            return "guarded"

    class Extended(Guarded):
        def post(self) -> str:
            return super().post()

    class Named(Guarded):
        def post(self) -> str:
            return Guarded.post(self)

    for name, view in (("extended", Extended), ("named", Named)):
        blog.app.add_url_rule(f"/{name}", view_func=view.as_view(name))
    for name in ("extended", "named"):
        assert blog.client().post(f"/{name}", data=COMMENT).status_code == 422
