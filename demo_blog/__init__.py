"""The Carry Bit: a computer science journal whose comment forms are kept clean by captcha_guard."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from flask import Flask

from demo_blog import about, cli, comments, database, desk, errors, feed, front, posts, security, typesetting
from demo_blog.guard import guard
from demo_blog.secret import site_secret

INSTANCE = "DEMO_BLOG_INSTANCE"
"""Environment variable and config key: the folder for the database and the secret."""

MAX_REQUEST_OCTETS = 256 * 1024
"""No comment form comes near it; whatever is larger is answered with 413 before it is parsed."""


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Build the journal.

    ``config`` wins over the environment (``DEMO_BLOG_INSTANCE``, ``DATABASE_URL``), which wins over the
    defaults: ``instance/`` beside this package, with a SQLite database and a secret of its own in it.
    Raises :class:`~demo_blog.secret.SecretError` when the secret's file is damaged.
    """
    given = dict(config or {})
    instance = _instance_folder(given)
    app = Flask(__name__, instance_path=str(instance))
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=os.environ.get("DATABASE_URL") or f"sqlite:///{instance / 'journal.sqlite3'}",
        MAX_CONTENT_LENGTH=MAX_REQUEST_OCTETS,
        PERMANENT_SESSION_LIFETIME=timedelta(days=31),
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.config.from_mapping(given)
    if not app.config.get("SECRET_KEY"):
        app.config["SECRET_KEY"] = site_secret(instance)

    database.init_app(app)
    security.init_app(app)
    guard.init_app(app)
    typesetting.init_app(app)
    errors.init_app(app)
    desk.init_app(app)
    cli.init_app(app)
    for room in (front, posts, comments, feed, about):
        app.register_blueprint(room.bp)
    return app


def _instance_folder(given: Mapping[str, object]) -> Path:
    beside_the_package = Path(__file__).resolve().parent.parent / "instance"
    folder = Path(str(given.get(INSTANCE) or os.environ.get(INSTANCE) or beside_the_package)).resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # e-mail addresses live in it
    return folder
