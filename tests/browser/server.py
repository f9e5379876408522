"""Serves an application on a free loopback port for as long as a test needs it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logging.getLogger("werkzeug").setLevel(logging.ERROR)


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve ``app`` in a thread and yield its address."""
    server = make_server("127.0.0.1", 0, closing_files(app), threaded=True)
    thread = Thread(target=server.serve_forever, name="server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def closing_files(app: WSGIApplication) -> WSGIApplication:
    """Return ``app`` with every response closed, also when the browser drops the connection.

    Werkzeug's server leaves the file of a static response open then.
    """

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        content: Iterable[bytes] = app(environ, start_response)
        try:
            yield from content
        finally:
            close = getattr(content, "close", None)
            if close is not None:
                close()

    return respond
