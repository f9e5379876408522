"""A host application with one small page for each front end, under a strict policy. Tests of the matrix share it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, redirect, render_template_string, request, send_file
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import StringField, TextAreaField

from captcha_guard import CaptchaGuard, Refusal
from captcha_guard.signals import challenge_solved
from captcha_guard.testing import relax
from captcha_guard.web.state import NAME, State
from captcha_guard.wtf import CaptchaField

from .bare_host import BareHost
from .front_ends import NONCE, SERVED

CSP: Final = (
    "default-src 'none'; img-src 'self'; media-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'"
)

#: Turbo's own style for its progress bar needs this nonce, which only the pages with Turbo allow.
CSP_WITH_TURBO: Final = CSP.replace("style-src 'self'", f"style-src 'self' 'nonce-{NONCE}'")

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="csp-nonce" content="bm9uY2U">
<meta name="htmx-config" content='{"includeIndicatorStyles": false, "allowEval": false}'>
<title>A post</title>
{% for part in scripts %}<script src="/parts/{{ part }}" defer></script>{% endfor %}
{{ captcha_guard_assets() }}
</head>
<body>
<h1>A post</h1>
<ul id="comments">{% for author, body in comments %}<li>{{ author }}: {{ body }}</li>{% endfor %}</ul>
<p><a href="/elsewhere">Elsewhere</a></p>
{% if message %}<p role="alert">{{ message }}</p>{% endif %}
<form method="post" action="{{ request.path }}" {{ attributes }}>
<p><label>Name <input name="author" value="{{ request.form.author }}"></label></p>
<p><label>Comment <textarea name="body">{{ request.form.body }}</textarea></label></p>
{{ field }}
<p><button>Post comment</button></p>
</form>
</body>
</html>
"""

ELSEWHERE: Final = PAGE.partition("<body>")[0] + "<body><h1>Elsewhere</h1></body></html>"

ELEMENT: Final = Markup('<captcha-guard src="/captcha-guard" scope="{}"></captcha-guard>')
HTMX: Final = Markup('hx-post="{}" hx-target="#comments" hx-swap="beforeend"')

NO_NAME: Final = "Please say who you are."


class CommentForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form with the code as one of its fields. It also has a CSRF token."""

    author = StringField()
    body = TextAreaField()
    captcha = CaptchaField()


class ModeratedForm(CommentForm):
    """The same form on a site with a moderator."""

    captcha = CaptchaField(moderated=True)


@dataclass
class MatrixHost(BareHost):
    """The application. ``solved`` has the kind of each solved code, and "pass" for each accepted pass."""

    solved: list[str] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)

    def forget(self) -> None:
        """Empty the guard's memory and the list of comments, and set the clock right."""
        relax(self.app)
        state: State = self.app.extensions[NAME]
        state.issuer.clock = state.issuer.tokens.clock = self.clock
        self.ahead = 0.0
        for kept in (self.comments, self.solved, self.held):
            kept.clear()


def make_matrix_host(folder: Path) -> MatrixHost:
    """Return the application. Each front end has a page at ``/NAME``, and a moderated one at ``/moderated/NAME``."""
    app = Flask("matrix_host", instance_path=str(folder))
    app.config.update({"SECRET_KEY": "a secret that only these tests know", "CAPTCHA_GUARD_MIN_SECONDS": 0})
    guard = CaptchaGuard(app)
    host = MatrixHost(app)

    def count(_: Flask, *, kind: str, **__: object) -> None:
        host.solved.append(kind)

    challenge_solved.connect(count, app, weak=False)
    for moderated in (False, True):
        _Forms(host, guard, moderated=moderated).add_to(app)
    _serve_the_rest(app)
    return host


class _Forms:
    """The views of all front ends. Each shows its form and takes its comments."""

    def __init__(self, host: MatrixHost, guard: CaptchaGuard, *, moderated: bool) -> None:
        self.host = host
        self.guard = guard
        self.moderated = moderated
        self.prefix = "moderated-" if moderated else ""

    def add_to(self, app: Flask) -> None:
        protect = self.guard.protect(moderated=self.moderated)
        own_page = self.guard.protect(moderated=self.moderated, on_challenge=self.own_page)
        views: dict[str, Callable[[], ResponseReturnValue]] = {
            "decorator": own_page(lambda: self.answer(self.with_field)),
            "wtforms": self.with_wtforms,
            "plain": protect(lambda: self.answer(self.with_field)),
            "interstitial": protect(lambda: self.answer(self.without_field)),
            "element": protect(lambda: self.answer(self.with_element)),
            "htmx": protect(self.with_htmx),
            "turbo": protect(lambda: self.answer(self.with_turbo)),
        }
        for name, view in views.items():
            path = f"/{self.prefix.replace('-', '/')}{name}"
            app.add_url_rule(path, f"{self.prefix}{name}", view, methods=["GET", "POST"])

    def show(self, shown: str | Markup, message: str = "", attributes: str = "", scripts: tuple[str, ...] = ()) -> str:
        comments = self.host.comments
        return render_template_string(
            PAGE, field=shown, message=message, attributes=attributes, scripts=scripts, comments=comments
        )

    def keep(self) -> bool:
        """Keep the comment, unless its name is empty."""
        if not request.form["author"].strip():
            return False
        self.host.comments.append((request.form["author"], request.form["body"].replace("\r\n", "\n")))
        self.host.held.append(self.guard.verdict.held)
        return True

    def answer(self, show_form: Callable[..., str]) -> ResponseReturnValue:
        """Return the page with the form, or a redirect to the new comment."""
        if request.method == "GET":
            return show_form()
        return redirect(request.path, 303) if self.keep() else (show_form(message=NO_NAME), 422)

    def with_field(self, **options: Any) -> str:
        return self.show(self.guard.field(), **options)

    def own_page(self, refusal: Refusal) -> str:
        return self.with_field(message=refusal.message)

    def without_field(self, **options: Any) -> str:
        return self.with_field(**options) if request.method == "POST" else self.show("", **options)

    def with_element(self, **options: Any) -> str:
        if request.method == "POST":
            return self.with_field(**options)
        return self.show(ELEMENT.format(f"{self.prefix}element"), **options)

    def with_turbo(self, **options: Any) -> str:
        return self.with_field(scripts=("turbo.js",), **options)

    def with_htmx(self) -> ResponseReturnValue:
        if request.method == "GET":
            return self.with_field(scripts=("htmx.js",), attributes=HTMX.format(request.path))
        if self.keep():
            return render_template_string("<li>{{ one[0] }}: {{ one[1] }}</li>", one=self.host.comments[-1])
        self.guard.not_stored()
        return f'<li role="alert">{NO_NAME}</li>'

    def with_wtforms(self) -> ResponseReturnValue:
        form = (ModeratedForm if self.moderated else CommentForm)()
        fitting = form.validate_on_submit()
        if fitting and self.keep():
            return redirect(request.path, 303)
        message = " ".join(form.captcha.errors) or (NO_NAME if fitting else "")
        page = self.show(form.csrf_token() + form.captcha(), message)
        return (page, 422) if fitting else page


def _serve_the_rest(app: Flask) -> None:
    @app.get("/parts/<name>")
    def part(name: str) -> Response:
        return send_file(SERVED[name], max_age=3600)

    @app.get("/elsewhere")
    def elsewhere() -> str:
        return render_template_string(ELSEWHERE, scripts=("turbo.js",))

    @app.after_request
    def under_a_strict_policy(response: Response) -> Response:
        has_turbo = request.path.endswith(("/turbo", "/elsewhere"))
        response.headers["Content-Security-Policy"] = CSP_WITH_TURBO if has_turbo else CSP
        return response
