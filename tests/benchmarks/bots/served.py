"""The applications that gunicorn serves to bots: ``gunicorn 'tests.benchmarks.bots.served:journal()'``.

Their time is that of the shared clock.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from tests.benchmarks.bots import plain as plain_apps
from tests.benchmarks.bots.clock import Clock
from tests.crowd import journal as crowd_journal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CLOCK = "BOTS_CLOCK"  # the file of the shared clock
KIND = "BOTS_PLAIN_APP"  # one of plain.KINDS
FOLDER = "BOTS_PLAIN_FOLDER"  # where the plain application keeps its comments


def journal() -> Flask:
    """Return the journal that the environment describes, as in tests/crowd/journal.py."""
    return _on_shared_time(crowd_journal.create_app)


def plain() -> Flask:
    """Return the plain application that the environment describes."""
    return _on_shared_time(lambda: plain_apps.create_app(os.environ[KIND], Path(os.environ[FOLDER])))


class _Follower:
    """Sets the time before each request."""

    def __init__(self, application: WSGIApplication, clock: Clock) -> None:
        self._application = application
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._clock.follow()
        return self._application(environ, start_response)


def _on_shared_time(create: plain_apps.Factory) -> Flask:
    clock = Clock(Path(os.environ[CLOCK]))
    clock.follow()
    app = create()
    app.wsgi_app = _Follower(app.wsgi_app, clock)  # type: ignore[method-assign]
    return app
