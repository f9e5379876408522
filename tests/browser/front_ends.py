"""A host whose pages use htmx, Turbo or its own script, with a policy without inline code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from flask import Flask, Response, abort, redirect, render_template_string, request, send_file
from werkzeug.wrappers import Response as Answer

from captcha_guard import CaptchaGuard, Refusal

from .bare_host import STRICT_CSP, BareHost

#: Turbo styles its progress bar in a <style>, for which it needs a nonce.
NONCE: Final = "bm9uY2U"

PARTS: Final = Path(__file__).parent / "node_modules"
SERVED: Final = {
    "htmx.js": PARTS / "htmx.org/dist/htmx.min.js",
    "turbo.js": PARTS / "@hotwired/turbo/dist/turbo.es2017-umd.js",
}

#: What many hosts do: reset the form after each answer, and insert fetched forms.
HOST_SCRIPT: Final = """
document.addEventListener("htmx:afterRequest", (event) => event.target.matches("form") && event.target.reset());
document.addEventListener("htmx:responseError", (event) => { document.title = "The host saw an error"; });
document.addEventListener("click", async (event) => {
  if (event.target.matches("[data-insert]")) {
    const answer = await fetch(event.target.dataset.insert);
    document.querySelector("#inserted").insertAdjacentHTML("beforeend", await answer.text());
  }
});
"""

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="csp-nonce" content="bm9uY2U">
<meta name="htmx-config" content='{"includeIndicatorStyles": false, "allowEval": false}'>
<title>A post</title>
{% for part in parts %}<script src="/parts/{{ part }}" defer></script>{% endfor %}
{% if assets %}{{ captcha_guard_assets() }}{% endif %}
</head>
<body>
<h1>A post</h1>
<ul id="comments">{% for author, body in comments %}<li>{{ author }}: {{ body }}</li>{% endfor %}</ul>
<p><a href="/elsewhere">Elsewhere</a> <button type="button" data-insert="/form">Reply</button></p>
<div id="inserted"></div>
{{ form }}
</body>
</html>
"""

FORM: Final = """<form method="post" action="/comments" {{ attributes }}>
<p><label>Name <input name="author" value="{{ request.form.author }}" required></label></p>
<p><label>Comment <textarea name="body" required>{{ request.form.body }}</textarea></label></p>
{% if field %}<p>{{ captcha_guard(scope="own" if request.path == "/own-form" else "comment") }}</p>{% endif %}
<p><button>Post comment</button></p>
</form>
"""

HTMX_FORM: Final = 'hx-post="/comments" hx-target="#comments" hx-swap="beforeend" hx-select="li" hx-push-url="true"'

OWN_FORM: Final = 'hx-post="/own-form" hx-target="this" hx-swap="outerHTML"'

#: What each address puts into PAGE: scripts, attributes of the form, and the markup around it.
PAGES: Final = {
    "plain": ((), "", "{form}"),
    "htmx": (("htmx.js",), HTMX_FORM, "{form}"),
    "own-form": (("htmx.js",), OWN_FORM, "{form}"),
    "boosted": (("htmx.js",), "", '<div hx-boost="true">{form}</div>'),
    "loaded": (("htmx.js",), "", '<div hx-get="/form?htmx" hx-trigger="load"></div>'),
    "button": (
        ("htmx.js",),
        "",
        '<label>Name <input name="author"></label><label>Comment <textarea name="body"></textarea></label>'
        '<button hx-VERB="/comments" hx-include="[name=author], [name=body]" hx-target="#comments" hx-swap="beforeend"'
        ' hx-select="li">Post comment</button>',
    ),
    "turbo": (("turbo.js",), "", "{form}"),
    "frame": (("turbo.js",), "", '<turbo-frame id="thread">{form}</turbo-frame>'),
}


def make_front_ends(folder: Path, config: Mapping[str, object] | None = None) -> BareHost:
    """Return the application. ``?no-field`` and ``?no-assets`` leave parts out of a page."""
    app = Flask("front_ends", instance_path=str(folder))
    app.config.update(
        {"SECRET_KEY": "a secret that only these tests know", "CAPTCHA_GUARD_MIN_SECONDS": 0, **(config or {})}
    )
    guard = CaptchaGuard(app)
    host = BareHost(app)
    _serve_the_rest(app)

    def form(attributes: str) -> str:
        return render_template_string(
            FORM.replace("{{ attributes }}", attributes), field="no-field" not in request.args
        )

    @app.get("/pages/<name>")
    def page(name: str) -> str:
        parts, attributes, around = PAGES[name]
        around = around.replace("VERB", request.args.get("verb", "post"))
        whole = PAGE.replace("{{ form }}", around.replace("{form}", form(attributes) if "{form}" in around else ""))
        return render_template_string(
            whole,
            parts=(*parts, "host.js"),
            comments=host.comments,
            assets="no-assets" not in request.args,
        )

    @app.get("/form")
    def later() -> str:
        return form(HTMX_FORM if "htmx" in request.args else "")

    @app.get("/own-form")
    def own() -> str:
        return page("own-form")

    _take_comments(app, guard, host, form)
    return host


def _take_comments(app: Flask, guard: CaptchaGuard, host: BareHost, form: Callable[[str], str]) -> None:
    def own_form(refusal: Refusal) -> str:
        return form(OWN_FORM)

    @app.post("/own-form")
    @guard.protect(scope="own", on_challenge=own_form)
    def comment_on_own_form() -> str:
        host.comments.append((request.form["author"], request.form["body"]))
        return "<p>Thank you.</p>"

    @app.route("/comments", methods=["POST", "PUT", "DELETE"])
    @guard.protect(scope="comment")
    def comment() -> Answer | str:
        author, body = request.values["author"], request.values["body"]
        if not author.strip():
            guard.not_stored()
            return "<p>Please say who you are.</p>"
        host.comments.append((author, body))
        shown = render_template_string("<li>{{ author }}: {{ body }}</li>", author=author, body=body)
        if request.headers.get("HX-Request") and not request.headers.get("HX-Boosted"):
            return shown
        if app.config.get("STREAMS") and "turbo-stream" in request.headers.get("Accept", ""):
            stream = f'<turbo-stream action="append" target="comments"><template>{shown}</template></turbo-stream>'
            return Response(stream, mimetype="text/vnd.turbo-stream.html")
        source = request.headers.get("Referer", "/pages/plain")
        return redirect(source, 303)


def _serve_the_rest(app: Flask) -> None:
    @app.get("/parts/<name>")
    def part(name: str) -> Response:
        if name == "host.js":
            return Response(HOST_SCRIPT, mimetype="text/javascript")
        return send_file(SERVED[name]) if name in SERVED else abort(404)

    @app.get("/elsewhere")
    def elsewhere() -> str:
        return render_template_string(PAGE.replace("A post", "Elsewhere"), parts=("turbo.js", "host.js"), form="")

    @app.after_request
    def under_a_strict_policy(response: Response) -> Response:
        policy = STRICT_CSP.replace("style-src 'self'", f"style-src 'self' 'nonce-{NONCE}'")
        response.headers["Content-Security-Policy"] = policy
        return response
