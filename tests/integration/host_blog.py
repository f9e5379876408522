"""A small host blog with every way to guard a form: the decorator, the WTForms field and JSON, open and moderated."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from blinker import NamedSignal
from flask import Flask, redirect, render_template_string, request, url_for
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from werkzeug.test import TestResponse
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired

from captcha_guard import CaptchaGuard, Submission
from captcha_guard.spam.filter.stats import ENOUGH
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from captcha_guard.web.state import NAME, State
from captcha_guard.wtf import CaptchaField

#: Settings that most tests don't need. Tests of limits or of speed set their own.
CALM: Mapping[str, object] = {
    "CAPTCHA_GUARD_MIN_SECONDS": 0,
    "CAPTCHA_GUARD_COMMENT_LIMITS": "100000 per minute",
    "CAPTCHA_GUARD_CHALLENGE_LIMITS": "100000 per minute",
    "CAPTCHA_GUARD_PICTURE_LIMITS": "100000 per minute",
    "CAPTCHA_GUARD_WRONG_LIMITS": "100000 per minute",
    "CAPTCHA_GUARD_WRONG_WAITS": 0,
    "CAPTCHA_GUARD_SURGE": 0,
    "WTF_CSRF_ENABLED": False,
}

#: Texts for which ``teach`` makes the filter sure, and a text about which it stays in doubt.
TAUGHT_HAM = "The loop in part two never ends, because its bound is read anew each time."
TAUGHT_SPAM = "Cheap pills without a prescription, our shop ships them overnight."
DOUBTFUL = "The loop in part two, cheap pills overnight."

COMMENT = {"author": "Ada", "email": "ada@example.org", "body": "The loop in part two never ends."}

FORM = """<!doctype html><title>{{ scope }}</title>
<form method="post" action="{{ action }}">
<input name="author" value="{{ typed.author }}"><input name="email" value="{{ typed.email }}">
<textarea name="body">{{ typed.body }}</textarea>
{{ captcha_guard(scope) }}
</form>"""

LETTER = """<!doctype html><title>Letter</title>
<form method="post">{{ form.author }} {{ form.body }} {{ form.captcha }}
{% for message in form.captcha.errors %}<p role="alert">{{ message }}</p>{% endfor %}</form>"""


class Letter(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A letter to the editor, with the captcha as one of its fields."""

    author = StringField(validators=[DataRequired()])
    body = TextAreaField(validators=[DataRequired()])
    captcha = CaptchaField()


@dataclass
class Blog:
    """The application, and every comment that it stored, in order."""

    app: Flask
    guard: CaptchaGuard
    stored: list[dict[str, str]] = field(default_factory=list)

    @property
    def state(self) -> State:
        """The guard's state."""
        state: State = self.app.extensions[NAME]
        return state

    def client(self, address: str = "192.0.2.7") -> FlaskClient:
        """Return a browser at ``address``."""
        client = self.app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        return client

    def keep(self, way: str) -> None:
        """Store this request's comment, with its verdict."""
        typed: Mapping[str, Any] = request.get_json() if request.is_json else request.form
        verdict = self.guard.verdict
        self.stored.append(
            {"way": way, "held": str(verdict.held), "action": verdict.action.name, "why": " ".join(verdict.reasons)}
            | {"id": verdict.id, "meant": verdict.meant.name if verdict.meant is not None else ""}
            | {name: str(value) for name, value in typed.items() if not name.startswith("captcha_")}
        )


def make_app(folder: Path, config: Mapping[str, object], name: str = "host_blog") -> Flask:
    """Return an application with its own secret and its instance in ``folder``."""
    app = Flask(name, instance_path=str(folder))
    app.config.update({"SECRET_KEY": secrets.token_hex(), **CALM, **config})
    return app


def make_blog(folder: Path, config: Mapping[str, object] | None = None, name: str = "host_blog") -> Blog:
    """Return the blog with its counters in ``folder``. ``config`` adds to ``CALM``."""
    app = make_app(folder, config or {}, name)
    blog = Blog(app, CaptchaGuard(app))
    blog.state.timetable._clock = None  # tests that move the clock run maintenance themselves
    blog.state.timetable._claimed_at = 0.0
    _decorated(blog)
    _moderated(blog)
    _letters(blog)
    _json(blog)
    return blog


def _decorated(blog: Blog) -> None:
    @blog.app.get("/posts/<slug>")
    def show(slug: str) -> str:
        return _form(f"comment:{slug}", url_for("comment", slug=slug))

    @blog.app.post("/posts/<slug>/comments")
    @blog.guard.protect(scope="comment:{slug}")
    def comment(slug: str) -> ResponseReturnValue:
        if not request.form["author"].strip():
            return _form(f"comment:{slug}", url_for("comment", slug=slug)), 422
        blog.keep(slug)
        return redirect(url_for("show", slug=slug), 303)

    @blog.app.route("/essay", methods=["GET", "POST"])
    @blog.guard.protect(on_challenge=lambda refusal: f"<p>{refusal.reason}</p>{_form('essay', '/essay')}")
    def essay() -> ResponseReturnValue:
        if request.method == "POST" and request.form.get("author"):
            blog.keep("essay")
            return redirect(url_for("essay"), 303)
        return _form("essay", "/essay")


def _moderated(blog: Blog) -> None:
    @blog.app.route("/queue", methods=["GET", "POST"])
    @blog.guard.protect(moderated=True)
    def queue() -> ResponseReturnValue:
        if request.method == "POST":
            blog.keep("queue")
            return redirect(url_for("queue"), 303)
        return _form("queue", "/queue")

    @blog.app.route("/quiet", methods=["GET", "POST"])
    @blog.guard.protect(mode="suspicious")
    def quiet() -> ResponseReturnValue:
        if request.method == "POST":
            blog.keep("quiet")
        return _form("quiet", "/quiet")


def _letters(blog: Blog) -> None:
    @blog.app.route("/letters", methods=["GET", "POST"])
    def letters() -> ResponseReturnValue:
        form = Letter()
        if form.validate_on_submit():
            blog.keep("letters")
            return redirect(url_for("letters"), 303)
        return render_template_string(LETTER, form=form)


def _json(blog: Blog) -> None:
    @blog.app.route("/api/comments", methods=["POST", "PUT"])
    @blog.guard.protect(scope="api")
    def api() -> ResponseReturnValue:
        if request.is_json and not request.get_json().get("author"):
            return {"error": "who are you?"}, 422
        blog.keep("api")
        return {"stored": len(blog.stored)}, 201


def _form(scope: str, action: str) -> str:
    return render_template_string(FORM, scope=scope, action=action, typed=request.form)


class Page(HTMLParser):
    """A page as a browser parses it: the ``fields`` it would send, ``pictures``, and ``tags`` in order.

    For HTML, ``text`` is what a reader sees of it.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: dict[str, str] = {}
        self.pictures: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._area = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        unticked = given.get("type") == "checkbox" and "checked" not in given
        if tag == "input" and "name" in given and given.get("type") != "file" and not unticked:
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._area = given["name"]
            self.fields[self._area] = ""
        elif tag == "img":
            self.pictures.append(given["src"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.fields[self._area] = re.sub(r"\A(\r\n|\n)", "", self.fields[self._area])
            self._area = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._area:
            self.fields[self._area] += data


def teach(blog: Blog, ham: str = TAUGHT_HAM, spam: str = TAUGHT_SPAM, times: int = ENOUGH) -> None:
    """Teach the blog's filter this many comments of each kind with these words."""
    with blog.app.app_context():
        for number in range(times):
            for body, is_spam in ((ham, False), (spam, True)):
                comment = Submission(scope="desk", author=f"Author {number}", body=body)
                assert blog.guard.teach(comment, spam=is_spam)


@contextmanager
def ids_sent(blog: Blog, signal: NamedSignal) -> Iterator[list[str]]:
    """Collect the ids of comments that the blog's application sends with a signal."""
    ids: list[str] = []

    def receive(sender: object, id: str) -> None:  # noqa: A002 - the signal's argument
        ids.append(id)

    with signal.connected_to(receive, blog.app):
        yield ids


def level(blog: Blog, token: str) -> str | None:
    """Return the name of the level of a token's picture."""
    issuer = blog.state.issuer
    return issuer.difficulty(issuer.open(token)).name


def fields_of(page: TestResponse) -> dict[str, str]:
    """Return the fields that a browser would send from a page's form without changes."""
    return Page(page.text).fields


def solved(client: FlaskClient, page: TestResponse, typed: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a page's form with the right code, and with the ``typed`` fields replaced."""
    fields = fields_of(page)
    if PASS not in fields:
        fields[ANSWER] = solve(client, fields[TOKEN])
    return {**fields, **(typed or {})}


def post_comment(
    client: FlaskClient, page: str = "/posts/one", *, headers: Mapping[str, str] | None = None, **typed: str
) -> TestResponse:
    """Post ``COMMENT``, with ``typed`` fields replaced, to the form on a page, with the right code."""
    target = f"{page}/comments" if page.startswith("/posts/") else page
    return client.post(target, data=solved(client, client.get(page), COMMENT | typed), headers=headers)


def wrong(page: TestResponse, typed: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a page's form with a code that is never right, because it has nine symbols."""
    return {**fields_of(page), ANSWER: "WRONGWRONG", **(typed or {})}
