"""A host application for every state of the field and of our pages. Each route has another protection."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, abort, redirect, render_template_string, request, url_for
from flask.typing import ResponseReturnValue

from captcha_guard import CaptchaGuard, Refusal
from captcha_guard.web.state import NAME, State

from .bare_host import STRICT_CSP, BareHost

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>A post</title>
{{ captcha_guard_assets() }}
</head>
<body>
<main>
<h1>A post</h1>
<form method="post" enctype="multipart/form-data" action="{{ url_for('take', way=way) }}">
<p><label>Name <input name="author" autocomplete="name" value="{{ request.form.author }}"></label></p>
<p><label>Comment <textarea name="body">{{ request.form.body }}</textarea></label></p>
<p><label>Photo <input type="file" name="photo"></label></p>
{% if field == "element" %}<captcha-guard src="/captcha-guard" scope="plain"><p>The form is not available now.</p>
</captcha-guard>{% elif field %}{{ captcha_guard(scope=way) }}{% endif %}
<p><button>Post comment</button></p>
</form>
</main>
</body>
</html>
"""

#: The arguments of ``protect`` for each route.
WAYS: Final[dict[str, dict[str, Any]]] = {
    "plain": {},
    "moderated": {"moderated": True},
    "limited": {"limits": "1 per hour"},
    "quiet": {"mode": "suspicious"},
    "own": {},
    "failing": {},
}


def make_state_host(folder: Path) -> BareHost:
    """Return the application. ``/<way>`` has the form of one route; ``?field=`` leaves the field out of it."""
    app = Flask("state_host", instance_path=str(folder))
    app.config.update(
        {
            "SECRET_KEY": "a secret that only these tests know",
            "CAPTCHA_GUARD_MIN_SECONDS": 0,
            "CAPTCHA_GUARD_COMMENT_LIMITS": "100 per minute",
            "CAPTCHA_GUARD_DISALLOWED_WORDS": ["unspeakable"],
        }
    )
    guard = CaptchaGuard(app)
    host = BareHost(app)
    state: State = app.extensions[NAME]
    state.issuer.clock = state.issuer.tokens.clock = host.clock

    @app.get("/<way>")
    def show(way: str) -> str:
        if way not in WAYS:
            abort(404)
        return render_template_string(PAGE, way=way, field=request.args.get("field", "here"))

    def keep(way: str) -> ResponseReturnValue:
        if way == "failing":
            guard.not_stored()
            return show(way), 500
        host.comments.append((request.form["author"], request.form["body"]))
        return redirect(url_for("show", way=way), 303)

    def show_again(refusal: Refusal, way: str) -> str:
        return show(way)

    for way, arguments in WAYS.items():
        again = show_again if way == "own" else None
        view = guard.protect(scope=way, on_challenge=again, **arguments)(keep)
        app.add_url_rule(f"/{way}/comments", f"take_{way}", view, methods=["POST"], defaults={"way": way})
    app.add_url_rule("/<way>/comments", "take", build_only=True)

    @app.after_request
    def under_a_strict_policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = STRICT_CSP
        return response

    return host
