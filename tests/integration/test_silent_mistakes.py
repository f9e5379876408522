"""Mistakes of a host that would otherwise be noticed late are refused or reported at once, with the fix."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string, request
from flask.testing import FlaskClient
from flask.views import MethodView

from captcha_guard import CaptchaGuard, ConfigError, Finding, Submission
from captcha_guard.spam.rules.links import Links
from captcha_guard.web import scopes
from captcha_guard.web.scopes import fits


class Shouting:
    slug = "shouting"

    def check(self, _: Submission) -> Finding | None:
        return None


class Whispering(Shouting):
    pass


@pytest.fixture(autouse=True)
def no_forms_yet(monkeypatch: pytest.MonkeyPatch) -> set[object]:
    """Clear the forms that other tests have defined."""
    forms: set[object] = set()
    monkeypatch.setattr(scopes, "_OF_FORMS", forms)
    return forms


@pytest.fixture
def app(bare: Any) -> Flask:
    made: Flask = bare(PROPAGATE_EXCEPTIONS=True)
    return made


def page(app: Flask, scope: str) -> FlaskClient:
    @app.get("/")
    def index() -> str:
        return render_template_string("<form>{{ captcha_guard(scope=scope) }}</form>", scope=scope)

    return app.test_client()


def guarded(app: Flask, scope: Any, place: str) -> None:
    guard = app.extensions.get("test_guard")
    if guard is None:
        guard = app.extensions["test_guard"] = CaptchaGuard(app)
    app.add_url_rule(f"/{place}", place, guard.protect(scope=scope)(lambda **_: "stored"), methods=["POST"])


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ("coment:one", "did you mean 'comment:{slug}'? Known are 'comment:{slug}', 'letter'"),
        ("coment:a-much-longer-name-of-a-post", "did you mean 'comment:{slug}'?"),
        ("leter", "did you mean 'letter'?"),
        ("Letter", "did you mean 'letter'?"),
        ("comment:", "did you mean 'comment:{slug}'?"),
        ("elsewhere", "has this scope; known are 'comment:{slug}', 'letter'"),
        ("index", "has this scope; known are"),
        ("", "known are"),
    ],
)
def test_a_misspelt_scope_is_refused_with_the_most_similar_and_all_known_ones(
    app: Flask, scope: str, message: str
) -> None:
    guarded(app, "comment:{slug}", "comments")
    guarded(app, None, "letter")
    with pytest.raises(ConfigError) as refusal:
        page(app, scope).get("/")
    assert f"captcha_guard(scope={scope!r}): no guarded route" in str(refusal.value)
    assert message in str(refusal.value)


def test_guard_field_refuses_it_too(app: Flask) -> None:
    guarded(app, None, "letter")
    with app.test_request_context("/"), pytest.raises(ConfigError, match="did you mean 'letter'"):
        app.extensions["test_guard"].field("lettre")


@pytest.mark.parametrize("scope", ["comment:one", "comment:a:b", "letter"])
def test_a_scope_that_a_route_has_is_rendered(app: Flask, scope: str) -> None:
    guarded(app, "comment:{slug}", "comments")
    guarded(app, None, "letter")
    assert page(app, scope).get("/").status_code == 200


def test_if_a_scope_is_a_function_a_similar_scope_is_only_reported_once(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    guarded(app, lambda: request.args["of"], "function")
    guarded(app, None, "letter")
    client = page(app, "lettre")
    assert [client.get("/").status_code for _ in range(2)] == [200, 200]
    logged = [message for message in caplog.messages if "lettre" in message]
    assert len(logged) == 1
    assert "Did you mean 'letter'?" in logged[0]
    with app.test_request_context("/"):
        app.extensions["test_guard"].field("quite another")
    assert not [message for message in caplog.messages if "quite another" in message]


def test_the_scope_of_a_form_is_known_before_its_first_request(app: Flask, no_forms_yet: set[object]) -> None:
    CaptchaGuard(app)
    app.add_url_rule("/letter", "letter", lambda: "", methods=["POST"])
    no_forms_yet |= {None, "notes:{number}"}
    with app.test_request_context("/"):
        field = app.jinja_env.globals["captcha_guard"]
        for scope in ("letter", "notes:7"):
            assert "captcha_token" in field(scope)  # type: ignore[operator]
        for scope in ("lettre", "notes", "static"):
            with pytest.raises(ConfigError, match="no guarded route has this scope"):
                field(scope)  # type: ignore[operator]


def test_a_scope_sent_by_a_client_never_causes_a_server_error(app: Flask) -> None:
    guarded(app, None, "letter")
    for scope in ("lettre", "{", "-" * 500, "\x00"):
        assert app.test_client().post("/captcha-guard/challenge", json={"scope": scope}).status_code == 200


@pytest.mark.parametrize(
    ("scope", "pattern", "fitting"),
    [
        ("a", "a", True),
        ("ab", "a", False),
        ("a:b", "a:{x}", True),
        ("a:", "a:{x}", False),
        ("xa:b", "a:{x}", False),
        ("2026-05-loops", "{year:04d}-{month}-{slug!s}", True),
        ("2026--loops", "{year}-{month}-{slug}", False),
        ("ab", "{x}{y}", True),
        ("a", "{x}{y}", False),
        ("aXb", "a{x}b", True),
        ("ab", "a{x}b", False),
        ("aba", "ab{x}ba", False),
        ("{a}", "{{a}}", True),
        ("{a:1}", "{{a:{x}}}", True),
        ("a{", "a{", True),
    ],
)
def test_scopes_are_matched_with_format_strings(scope: str, pattern: str, fitting: bool) -> None:
    assert fits(scope, pattern) == fitting


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"extra_rules": [Shouting]}, r"extra_rules has the class Shouting in it; write Shouting\(\)"),
        ({"rules": [Shouting]}, r"rules has the class Shouting in it; write Shouting\(\)"),
        ({"extra_rules": Shouting}, r"a list of rules is needed: extra_rules=\[Shouting\(\)\]"),
        ({"extra_rules": Shouting()}, r"a list of rules is needed: extra_rules=\[Shouting\(\)\]"),
        ({"extra_rules": ["shouting"]}, "extra_rules has 'shouting' in it; a rule has a slug"),
        ({"extra_rules": 3}, "extra_rules is 3; a list of rules is needed"),
        ({"extra_rules": [Shouting(), Whispering()]}, "Shouting and Whispering have the same slug, 'shouting'"),
        ({"rules": [Shouting()], "extra_rules": [Shouting()]}, "have the same slug, 'shouting'"),
        ({"extra_rules": [Links()]}, "Links and Links have the same slug, 'links'"),
    ],
)
def test_invalid_rules_and_duplicate_slugs_are_refused(app: Flask, how: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CaptchaGuard(app, **how)


def test_a_standard_rule_may_be_replaced_with_its_slug(app: Flask) -> None:
    CaptchaGuard(app, rules=[Links(1)], extra_rules=[Shouting()])  # type: ignore[list-item]  # our rules have more


def test_a_scope_without_its_name_is_refused(app: Flask) -> None:
    guard = CaptchaGuard(app)
    with pytest.raises(ConfigError, match=r"write the scope with its name, protect\(scope='comment'\)"):
        guard.protect("comment")  # type: ignore[call-overload]


def idle(app: Flask, caplog: pytest.LogCaptureFixture) -> list[str]:
    for _ in range(2):
        app.test_client().get("/nowhere")
    return [message for message in caplog.messages if "takes no POST" in message]


def test_a_guard_with_nothing_to_check_is_reported_once(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    guard = CaptchaGuard(app)
    app.add_url_rule("/form", "form", guard.protect(lambda: "form"))
    (message,) = idle(app, caplog)
    assert "the guarded route 'form' (/form) takes no POST" in message
    assert "methods=['GET', 'POST']" in message


def test_a_view_with_another_route_that_accepts_posts_is_not_reported(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    guard = CaptchaGuard(app)

    def view() -> str:
        return ""

    both = guard.protect(view)
    app.add_url_rule("/form", "form", both)
    app.add_url_rule("/send", "send", both, methods=["POST"])
    app.add_url_rule("/same", "same", both, methods=["GET"])
    app.add_url_rule("/same", "same", both, methods=["PUT"])

    class Notes(MethodView):
        def get(self) -> str:
            return ""

        @guard.protect
        def post(self) -> str:
            return ""

    app.add_url_rule("/notes", view_func=Notes.as_view("notes"))
    app.add_url_rule("/notes/<int:number>", view_func=Notes.as_view("note"), methods=["GET"])
    rooms = Blueprint("rooms", __name__)
    rooms.get("/room")(guard.protect(lambda: ""))
    rooms.post("/room")(guard.protect(lambda: ""))
    assert idle(app, caplog) == []


def late(app: Flask, caplog: pytest.LogCaptureFixture) -> list[str]:
    for _ in range(2):
        app.test_client().get("/nowhere")
    return [message for message in caplog.messages if "after init_app" in message]


def test_settings_changed_too_late_are_reported_once_by_name(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    CaptchaGuard(app)
    app.config.update(CAPTCHA_GUARD_MODE="suspicious", CAPTCHA_GUARD_MAX_LINKS=5)
    (message,) = late(app, caplog)
    assert "CAPTCHA_GUARD_MODE and CAPTCHA_GUARD_MAX_LINKS changed after init_app, which has no effect" in message
    assert "before guard.init_app(app)" in message


def test_an_invalid_late_setting_is_reported_as_well(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    CaptchaGuard(app)
    app.config["CAPTCHA_GUARD_MOOD"] = "suspicious"
    (message,) = late(app, caplog)
    assert "CAPTCHA_GUARD_MOOD isn't a setting of captcha_guard; did you mean CAPTCHA_GUARD_MODE?" in message


def test_unchanged_settings_are_not_reported(bare: Any, caplog: pytest.LogCaptureFixture) -> None:
    app: Flask = bare(
        CAPTCHA_GUARD_WEIGHTS={"links": 3}, CAPTCHA_GUARD_CLIENT_KEY=lambda: "one", CAPTCHA_GUARD_MODERATED_WORDS=["x"]
    )
    CaptchaGuard(app)
    app.config["WTF_CSRF_ENABLED"] = False
    app.config["CAPTCHA_GUARD_MODE"] = "always"  # the same value
    assert late(app, caplog) == []


@pytest.mark.parametrize(
    ("part", "missing", "package"),
    [
        ("captcha_guard.wtf", "wtforms", "flask-wtf"),
        ("captcha_guard.metrics", "prometheus_client", "prometheus-client"),
    ],
)
def test_a_missing_package_is_named_with_how_to_install_it(part: str, missing: str, package: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; import captcha_guard; import {part}"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    message = f"ModuleNotFoundError: {part} needs {package}, which isn't installed: pip install {package}"
    assert ran.stderr.splitlines()[-1] == message
