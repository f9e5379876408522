"""A host application without any styles: one post, its comments, and a guarded form with a strict CSP."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask, Response, redirect, render_template_string, request, url_for
from werkzeug.wrappers import Response as Answer

from captcha_guard import CaptchaGuard
from captcha_guard.web.state import NAME, State

STRICT_CSP = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self'",
        "media-src 'self'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A post</title>
</head>
<body>
<main>
<h1>A post</h1>
<p>All of it is in this sentence.</p>
<h2>Comments</h2>
<ul>{% for author, body in comments %}<li><b>{{ author }}</b>: <span>{{ body }}</span></li>{% endfor %}</ul>
<form method="post" action="{{ url_for('comment') }}">
<p><label>Name <input name="author" autocomplete="name" required></label></p>
<p><label>E-mail <input name="email" type="email" autocomplete="email"></label></p>
<p><label>Comment <textarea name="body" required></textarea></label></p>
<input type="hidden" name="tag" value="first"><input type="hidden" name="tag" value="second &amp; last">
{{ captcha_guard() }}
<p><button name="act" value="post">Post comment</button></p>
</form>
</main>
<footer>{% for line in range(20) %}<p>The rest of the site.</p>{% endfor %}</footer>
</body>
</html>
"""


@dataclass
class BareHost:
    """The application, its stored comments, and a clock that a test can advance."""

    app: Flask
    comments: list[tuple[str, str]] = field(default_factory=list)
    posted: list[dict[str, list[str]]] = field(default_factory=list)
    ahead: float = 0.0

    def clock(self) -> float:
        """Return the guard's time in seconds since 1970."""
        return time.time() + self.ahead


def make_bare_host(folder: Path, config: Mapping[str, object] | None = None) -> BareHost:
    """Return the application with its counters in ``folder``. ``config`` adds settings."""
    app = Flask("bare_host", instance_path=str(folder))
    app.config.update(
        {
            "SECRET_KEY": "a secret that only these tests know",
            "CAPTCHA_GUARD_MIN_SECONDS": 0,
            **(config or {}),
        }
    )
    guard = CaptchaGuard(app)
    host = BareHost(app)
    state: State = app.extensions[NAME]
    state.issuer.clock = state.issuer.tokens.clock = host.clock

    @app.get("/posts/1")
    def post() -> str:
        return render_template_string(PAGE, comments=host.comments)

    @app.post("/posts/1/comments")
    @guard.protect
    def comment() -> Answer:
        host.comments.append((request.form["author"], request.form["body"]))
        host.posted.append(request.form.to_dict(flat=False))
        return redirect(url_for("post"), 303)

    @app.after_request
    def under_a_strict_policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = STRICT_CSP
        return response

    return host
