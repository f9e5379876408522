"""The Carry Bit: a computer science journal that protects its comment forms with captcha_guard."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from flask import Flask

try:
    from demo_blog import (
        about,
        archive,
        caching,
        cli,
        comment_text,
        comments,
        database,
        desk,
        edits,
        errors,
        feed,
        front,
        identicons,
        maintenance,
        moderation,
        own_comments,
        own_links,
        posts,
        preview,
        rendering,
        search,
        security,
        site,
        sitemap,
        stylesheet,
        tags,
        threads,
        wordpress,
    )
    from demo_blog.desk import accounts, mail
    from demo_blog.guard import guard
    from demo_blog.secret import site_secrets
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"The journal needs {error.name}, which isn't installed. In its folder: pip install --editable '.[demo]'",
        name=error.name,
        path=error.path,
    ) from None

INSTANCE = "DEMO_BLOG_INSTANCE"
"""Environment variable and config key: the folder that holds the database and the secret key."""

MAX_REQUEST_BYTES = 256 * 1024
"""Larger requests get the status 413 before they are parsed. Comment forms are far smaller."""

PICTURE_COLOURS = ("#1f1c18", "#bfb39a")
"""Ink and paper of the security code: the ink of the page, on a paper that suits light and dark pages."""


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Create the journal's application.

    ``config`` overrides the environment (``DEMO_BLOG_INSTANCE``, ``DATABASE_URL``), which overrides the
    defaults: the folder ``instance/`` beside this package, with a SQLite database and a generated secret key.
    Raises :class:`~demo_blog.secret.SecretError` if the secret key's file is damaged.
    """
    given = dict(config or {})
    instance = _instance_folder(given)
    app = Flask(__name__, instance_path=str(instance))
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=os.environ.get("DATABASE_URL") or f"sqlite:///{instance / database.FILE_NAME}",
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        PERMANENT_SESSION_LIFETIME=timedelta(days=31),
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,  # pages and pictures that everybody may cache must not set a cookie
        CAPTCHA_GUARD_COLOURS=PICTURE_COLOURS,
    )
    app.config.from_mapping(given)
    if not app.config.get("SECRET_KEY"):
        app.config["SECRET_KEY"], *older = site_secrets(instance)
        app.config["SECRET_KEY_FALLBACKS"] = [*older, *(app.config["SECRET_KEY_FALLBACKS"] or [])]

    database.init_app(app)
    accounts.init_app(app)
    threads.init_app(app)
    security.init_app(app)
    caching.init_app(app)
    stylesheet.init_app(app)
    guard.init_app(app)
    rendering.init_app(app)
    comment_text.init_app(app)
    identicons.init_app(app)
    own_links.init_app(app)
    errors.init_app(app)
    moderation.init_app(app)
    site.init_app(app)
    mail.init_app(app)
    maintenance.init_app(app)
    cli.init_app(app)
    for module in (front, posts, comments, preview, edits, own_comments, identicons, feed):
        app.register_blueprint(module.bp)
    for module in (archive, tags, search, sitemap, about, wordpress, stylesheet):
        app.register_blueprint(module.bp)
    desk.init_app(app)
    return app


def _instance_folder(given: Mapping[str, object]) -> Path:
    beside_the_package = Path(__file__).resolve().parent.parent / "instance"
    folder = Path(str(given.get(INSTANCE) or os.environ.get(INSTANCE) or beside_the_package)).resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # the database contains e-mail addresses
    return folder
