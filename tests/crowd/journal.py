"""The journal for gunicorn to serve, with its guard or without: ``gunicorn 'tests.crowd.journal:create_app()'``."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from flask import Flask
from markupsafe import Markup

import captcha_guard

SETTINGS = "CROWD_JOURNAL_SETTINGS"  # JSON of what create_app of the journal is given
UNGUARDED = "CROWD_JOURNAL_UNGUARDED"  # anything: the journal's forms are open

#: The journal's files: its database, and the secret that its guard signs with.
DATABASE, SECRET = "journal.sqlite3", "secret_key"


class NoGuard(captcha_guard.CaptchaGuard):
    """What the journal takes for its guard when it is to have none."""

    def init_app(self, app: Flask) -> None:
        """Put nothing where the field would be."""
        app.jinja_env.globals.update(captcha_guard=_nothing, captcha_guard_assets=_nothing)

    def protect(self, view: Callable[..., Any] | None = None, **_: object) -> Any:
        """Leave the view as it is."""
        return view if view is not None else lambda own: own


def _nothing(*_: object, **__: object) -> Markup:
    return Markup()


def environment(folder: Path, settings: Mapping[str, object], *, guarded: bool) -> dict[str, str]:
    """Return what tells a journal in another process who it is."""
    told = {SETTINGS: json.dumps({"DEMO_BLOG_INSTANCE": str(folder), **settings})}
    return told | ({} if guarded else {UNGUARDED: "yes"})


def create_app() -> Flask:
    """Build the journal that the environment describes."""
    if os.environ.get(UNGUARDED):
        captcha_guard.CaptchaGuard = NoGuard  # type: ignore[misc]
    import demo_blog  # noqa: PLC0415 - its guard is made on import

    return demo_blog.create_app(json.loads(os.environ[SETTINGS]))


def print_journal(folder: Path) -> list[str]:
    """Make a journal with all its posts and no comment in ``folder``; return where the posts are read."""
    from flask_migrate import upgrade  # noqa: PLC0415 - as below

    import demo_blog  # noqa: PLC0415 - not before create_app
    from demo_blog import post_files  # noqa: PLC0415
    from demo_blog.database import db  # noqa: PLC0415
    from demo_blog.models import Post  # noqa: PLC0415

    app = demo_blog.create_app({"DEMO_BLOG_INSTANCE": folder})
    with app.app_context():
        upgrade()
        post_files.load(post_files.read_all())
        slugs = [post.slug for post in Post.newest_first()]
        db.session.remove()
        db.engine.dispose()
    return [f"/posts/{slug}" for slug in slugs]


def reprint(source: Path, folder: Path) -> None:
    """Copy a journal to ``folder``."""
    folder.mkdir()
    for name in (DATABASE, SECRET):
        shutil.copy(source / name, folder)


def clear_comments(folder: Path) -> int:
    """Delete a journal's comments, so that its pages are as long as before; return how many there were."""
    with closing(sqlite3.connect(folder / DATABASE, timeout=60)) as database, database:
        return database.execute("DELETE FROM comment").rowcount
