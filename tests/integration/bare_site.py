"""A site with the guard and nothing else, and its state."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from captcha_guard import CaptchaGuard
from captcha_guard.web.state import NAME, State

SECRET = "a secret that only these tests know"


def make_site(folder: Path, **settings: object) -> Flask:
    """Return a site whose root is ``folder``. ``settings`` are named without their prefix."""
    app = Flask("site", instance_path=str(folder / "instance"), root_path=str(folder))
    app.config["SECRET_KEY"] = SECRET
    app.config.update({f"CAPTCHA_GUARD_{name}": value for name, value in settings.items()})
    CaptchaGuard(app)
    return app


def state_of(app: Flask) -> State:
    """Return the guard's state."""
    state = app.extensions[NAME]
    assert isinstance(state, State)
    return state
