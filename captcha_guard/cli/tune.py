"""``flask captcha-guard tune``: serves a page with sliders and live pictures, only to this machine."""

from __future__ import annotations

import os
import socket

import click
from flask.cli import with_appcontext
from werkzeug.serving import WSGIRequestHandler, make_server

from ..web.state import current_state
from .preview_renderer import PreviewRenderer
from .tuner import make_tuner
from .tuning import Tuning

HOST = "127.0.0.1"


#: Connections that wait to be accepted, as many as for Werkzeug's own sockets.
_WAITING = 128


class _SilentHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing, because a slider requests dozens of pages."""


@click.command("tune")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=5055, show_default=True, help="The port; 0: any that is free."
)
@with_appcontext
def tune(port: int) -> None:
    """Open a page with a slider for each difficulty setting.

    The page shows pictures with the current settings, their time and size, and the lines to copy into the
    configuration. It isn't part of your site and changes nothing there. It is served on 127.0.0.1 until Ctrl+C.
    """
    state = current_state()
    tuner = make_tuner(PreviewRenderer.of_this_site(), Tuning.of(state.settings, state.difficulty))
    with _listening(port) as listener:
        server = make_server(
            HOST, listener.getsockname()[1], tuner, threaded=True, request_handler=_SilentHandler, fd=listener.fileno()
        )
    with server:
        click.echo(f"Tuning page: http://{HOST}:{server.port}/")
        click.echo("Only this machine can open it. Your site doesn't serve it. Press Ctrl+C to stop.")
        server.serve_forever()
    click.echo("Tuning page closed. Nothing was changed.")


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=_WAITING)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise click.ClickException(
            f"can't listen on {HOST}:{port}: {reason}. Choose another port with --port; 0 is any that is free."
        ) from error
