"""The log and the doctor warn once that programs read ``classica``."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask_wtf import FlaskForm
from wtforms import TextAreaField

from captcha_guard import CaptchaGuard, Difficulty
from captcha_guard.doctor.diagnosis import Severity
from captcha_guard.wtf import CaptchaField
from tests.integration.bare_site import SECRET
from tests.integration.doctors_site import seen_by_doctor

INSTEAD = "Choose 'easy' or 'medium'"


class Letter(FlaskForm):  # type: ignore[misc]
    body = TextAreaField()
    captcha = CaptchaField(difficulty="classica")


def make_site(folder: Path, *, site: object = "medium", route: str | Difficulty | None = None) -> Flask:
    """Return a site with two guarded routes of one difficulty and a page that shows a form of another."""
    app = Flask("site", instance_path=str(folder))
    app.config |= {"SECRET_KEY": SECRET, "WTF_CSRF_ENABLED": False, "CAPTCHA_GUARD_DIFFICULTY": site}
    guard = CaptchaGuard(app)

    @app.get("/")
    def front() -> str:
        return "Front"

    @app.route("/letter", methods=["GET", "POST"])
    def letter() -> str:
        return render_template_string("{{ form.body }}{{ form.captcha }}", form=Letter())

    @app.route("/guarded-letter", methods=["GET", "POST"])
    @guard.protect(difficulty="easy")
    def guarded_letter() -> str:
        return render_template_string("{{ form.body }}{{ form.captcha }}", form=Letter())

    for name in ("comment", "answer"):
        app.add_url_rule(f"/{name}", name, guard.protect(difficulty=route)(lambda: "stored"), methods=["POST"])
    return app


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = [record for record in caplog.records if record.name == "captcha_guard"]
    assert all(record.levelno == logging.WARNING for record in records)
    return [record.getMessage() for record in records]


def seen(app: Flask) -> dict[str, Severity]:
    return {one.code: one.severity for one in seen_by_doctor(app).diagnoses}


@pytest.mark.parametrize("site", ["classica", Difficulty.classica, replace(Difficulty.classica, length=8)])
def test_the_setting_is_reported_at_start_up_and_by_the_doctor(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, site: object
) -> None:
    app = make_site(tmp_path, site=site)
    (warning,) = warnings(caplog)
    assert warning.startswith("CG502: ")
    assert "CAPTCHA_GUARD_DIFFICULTY is 'classica'" in warning
    assert INSTEAD in warning
    for _ in range(2):
        app.test_client().get("/")
    assert len(warnings(caplog)) == 1
    assert seen(app) == {"CG502": Severity.WARNING}


@pytest.mark.parametrize("route", ["classica", replace(Difficulty.classica, length=8)])
def test_routes_are_reported_once_at_the_first_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, route: str | Difficulty
) -> None:
    app = make_site(tmp_path, route=route)
    assert warnings(caplog) == []
    for _ in range(2):
        app.test_client().get("/")
    (warning,) = warnings(caplog)
    assert warning.startswith("CG503: ")
    assert "Guarded routes with difficulty='classica': 'answer', 'comment'." in warning
    assert INSTEAD in warning
    assert seen(app) == {"CG503": Severity.WARNING}


def test_a_field_is_reported_once_unless_its_view_overrides_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_site(tmp_path).test_client()
    assert 'width="240"' in client.get("/guarded-letter").text
    assert warnings(caplog) == []
    for _ in range(2):
        assert 'width="160"' in client.get("/letter").text
    (warning,) = warnings(caplog)
    assert warning.startswith("CG503: ")
    assert "Letter has CaptchaField(difficulty='classica'), on the route 'letter'." in warning
    assert INSTEAD in warning


@pytest.mark.parametrize("level", ["easy", "medium", Difficulty(lines=0)])
def test_other_difficulties_are_not_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, level: str | Difficulty
) -> None:
    app = make_site(tmp_path, site=level, route=level)
    app.test_client().get("/")
    assert warnings(caplog) == []
    assert seen(app) == {}
