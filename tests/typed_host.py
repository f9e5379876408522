"""An application with type annotations, as docs/typing.md shows it."""

from __future__ import annotations

from flask import Flask, redirect, render_template_string, request
from flask.typing import ResponseReturnValue

from captcha_guard import CaptchaGuard, Facts, Finding, Refusal, Submission, Verdict, submission_judged

PAGE = """<form method="post">{{ notice }}
<textarea name="body">{{ request.form.body }}</textarea>{{ captcha_guard() }}<button>Post</button></form>"""


class Shouting:
    """A rule of this site: it holds comments in capital letters."""

    slug = "shouting"

    def check(self, submission: Submission) -> Finding | None:
        """Return a finding if the comment shouts."""
        if len(submission.body) > 20 and submission.body.isupper():
            return Finding(self.slug, 60, "The comment is in capital letters.")
        return None


def show_form_again(refusal: Refusal, **_: object) -> ResponseReturnValue:
    """Return the site's own page instead of the guard's."""
    return render_template_string(PAGE, notice=refusal.message), refusal.status


def facts_of_post(**_: object) -> Facts:
    """Return what only the site knows about the post."""
    return Facts(closed=False, topic="Type annotations")


def create_app(secret_key: str) -> Flask:
    """Return the application. Its extension ``comments`` has the bodies that were posted, each with its verdict."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = secret_key
    guard = CaptchaGuard(app, extra_rules=[Shouting()])
    comments: list[tuple[str, Verdict]] = []
    reasons: list[str] = []
    app.extensions["comments"] = comments
    app.extensions["reasons"] = reasons

    @app.route("/", methods=["GET", "POST"])
    @guard.protect(moderated=True, on_challenge=show_form_again, facts=facts_of_post)
    def page() -> ResponseReturnValue:
        if request.method == "POST":
            comments.append((request.form["body"], guard.verdict))
            return redirect("/")
        return render_template_string(PAGE)

    @submission_judged.connect_via(app)
    def note(sender: Flask, *, submission: Submission, verdict: Verdict) -> None:
        reasons.extend(verdict.reasons)

    return app
