"""Serves an application on a free loopback port during a test."""

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
def served(app: Flask, tls: tuple[str, str] | None = None) -> Iterator[str]:
    """Serve ``app`` in a thread and yield its address. ``tls`` is the paths of a certificate and its key."""
    server = make_server("127.0.0.1", 0, closing_files(app), threaded=True, ssl_context=tls)
    thread = Thread(target=server.serve_forever, name="server")
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def closing_files(app: WSGIApplication) -> WSGIApplication:
    """Return ``app`` with every response closed, even if the browser drops the connection.

    In that case Werkzeug's server would leave the file of a static response open.
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
