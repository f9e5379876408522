"""The journal for gunicorn, with its guard or without: ``gunicorn 'tests.crowd.journal:create_app()'``."""

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

SETTINGS = "CROWD_JOURNAL_SETTINGS"  # JSON of the configuration for the journal's create_app
UNGUARDED = "CROWD_JOURNAL_UNGUARDED"  # any value: the journal has no guard

#: The journal's files: its database, and the secret with which its guard signs.
DATABASE, SECRET = "journal.sqlite3", "secret_key"


class NoGuard(captcha_guard.CaptchaGuard):
    """Replaces the guard in a journal without one."""

    def init_app(self, app: Flask) -> None:
        """Render nothing in the place of the field."""
        app.jinja_env.globals.update(captcha_guard=_nothing, captcha_guard_assets=_nothing)

    @property
    def client(self) -> str:
        """The client of a request, which is unknown without a guard."""
        return ""

    @property
    def verdict(self) -> captcha_guard.Verdict:
        """The verdict on a request, which accepts everything."""
        return captcha_guard.Verdict()

    def protect(self, view: Callable[..., Any] | None = None, **_: object) -> Any:
        """Return the view unchanged."""
        return view if view is not None else lambda own: own


def _nothing(*_: object, **__: object) -> Markup:
    return Markup()


def environment(folder: Path, settings: Mapping[str, object], *, guarded: bool) -> dict[str, str]:
    """Return the environment variables for a journal in another process."""
    variables = {SETTINGS: json.dumps({"DEMO_BLOG_INSTANCE": str(folder), **settings})}
    return variables | ({} if guarded else {UNGUARDED: "yes"})


def create_app() -> Flask:
    """Return the journal that the environment describes."""
    if os.environ.get(UNGUARDED):
        captcha_guard.CaptchaGuard = NoGuard  # type: ignore[misc]
    import demo_blog  # noqa: PLC0415 - its guard is made on import

    return demo_blog.create_app(json.loads(os.environ[SETTINGS]))


def make_journal(folder: Path) -> list[str]:
    """Make a journal with all its posts and no comments in ``folder``. Returns the paths of the posts."""
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


def copy_journal(source: Path, folder: Path) -> None:
    """Copy a journal to ``folder``."""
    folder.mkdir()
    for name in (DATABASE, SECRET):
        shutil.copy(source / name, folder)


def clear_comments(folder: Path) -> int:
    """Delete a journal's comments, so that its pages have their old length. Returns how many there were."""
    with closing(sqlite3.connect(folder / DATABASE, timeout=60)) as database, database:
        return database.execute("DELETE FROM comment").rowcount
