"""A host application with every page that can follow a POST: the guard's pages, the host's page, and a WTForms form."""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Flask, redirect, render_template_string, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import FileField, StringField, TextAreaField

from captcha_guard import CaptchaGuard
from captcha_guard.web.post.refusal import Refusal
from captcha_guard.wtf import CaptchaField

from .bare_host import BareHost

WAYS = ("/plain", "/own", "/letters")

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>A page</title>
<h1>{{ heading }}</h1><p>{{ message }}</p>
<form method="post" action="{{ request.path }}" enctype="multipart/form-data">
<p><label>Name <input name="author" value="{{ request.form.author }}"></label></p>
<p><label>Comment <textarea name="body">{{ request.form.body }}</textarea></label></p>
<p><label>Photo <input type="file" name="photo" accept="image/*"></label></p>
{{ field }}<p><button>Post comment</button></p></form></html>"""

BARE = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>A page</title><h1>{}</h1></html>'


class Letter(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form with the code as one of its fields. Its CSRF token makes pages vary by cookie."""

    author = StringField()
    body = TextAreaField()
    photo = FileField()
    captcha = CaptchaField()


def make_back_host(folder: Path, limits: str) -> BareHost:
    """Return the application. The routes in ``WAYS`` use the interstitial, ``on_challenge`` and ``CaptchaField``."""
    app = Flask("back_host", instance_path=str(folder))
    app.config.update(
        {
            "SECRET_KEY": secrets.token_hex(),
            "CAPTCHA_GUARD_MIN_SECONDS": 0,
            "CAPTCHA_GUARD_DISALLOWED_WORDS": ["unspeakable"],
            "CAPTCHA_GUARD_COMMENT_LIMITS": limits,
        }
    )
    guard = CaptchaGuard(app)
    host = BareHost(app)

    def shown(heading: str, message: str = "") -> str:
        return render_template_string(PAGE, heading=heading, message=message, field=guard.field(request.path[1:]))

    def show_again(refusal: Refusal) -> str:
        return shown("Once more", refusal.message)

    def keep() -> ResponseReturnValue:
        host.comments.append((request.form["author"], request.form["body"]))
        host.posted.append({"photo": [request.files["photo"].filename or ""]})
        return redirect("/thanks", 303)

    def letters() -> ResponseReturnValue:
        form = Letter()
        if form.validate_on_submit():
            return keep()
        heading = "Once more" if form.errors else "Write"
        message = " ".join(form.captcha.errors)
        field = form.csrf_token() + form.captcha()
        return render_template_string(PAGE, heading=heading, message=message, field=field)

    for name, protect in (("plain", guard.protect), ("own", guard.protect(on_challenge=show_again))):
        view = protect(lambda: keep() if request.method == "POST" else shown("Write"))
        app.add_url_rule(f"/{name}", name, view, methods=["GET", "POST"])
    app.add_url_rule("/letters", "letters", letters, methods=["GET", "POST"])
    for name in ("thanks", "elsewhere"):
        app.add_url_rule(f"/{name}", name, lambda name=name: BARE.format(name.title()))
    return host
