"""``python -m demo_blog``: sets up the journal and serves it on this machine."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from flask_migrate import upgrade
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError
from werkzeug.serving import make_server

from captcha_guard import CaptchaGuardError
from demo_blog import create_app, post_files, samples
from demo_blog.database import cannot_be_opened, db
from demo_blog.desk import accounts, links
from demo_blog.desk.models import Owner
from demo_blog.front_matter import PostFileError
from demo_blog.rendering import JOURNAL
from demo_blog.secret import SecretError
from demo_blog.site import SettingError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

HOST = "127.0.0.1"
FIRST_PORT = 5000
PORTS_TRIED = 20
OWNER = "editor"
"""The name of the owner that a new journal gets. This owner has no password, only the printed link."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Set up the journal and serve it until Ctrl-C. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m demo_blog", description=f"Serve {JOURNAL} on this machine.")
    parser.add_argument("--port", type=int, help=f"the port to listen on (default: {FIRST_PORT} or the next free one)")
    chosen: int | None = parser.parse_args(arguments).port

    try:
        listener = listen([chosen] if chosen is not None else range(FIRST_PORT, FIRST_PORT + PORTS_TRIED))
    except (OSError, OverflowError) as error:
        print(f"Can't listen on {HOST}: {str(error).rstrip('.')}. Choose a free port with --port.", file=sys.stderr)
        return 1

    try:
        app = create_app()
        with app.app_context(), _alone(Path(app.instance_path)):
            loaded, sample_count, name, token = _set_up()
    except (SettingError, SecretError, PostFileError, CaptchaGuardError, OSError) as error:
        listener.close()
        print(f"The journal can't start: {error}", file=sys.stderr)
        return 1
    port = listener.getsockname()[1]
    with listener:  # the server uses a duplicate of this socket
        server = make_server(HOST, port, app, threaded=True, fd=listener.fileno())
    # A shell that starts this process in the background makes it ignore SIGINT, so both signals need a handler.
    _handle_signals(_interrupt)
    try:
        print(f"Posts: {loaded.added} added, {loaded.changed} changed, {loaded.unchanged} unchanged.")
        if sample_count:
            print(f"Sample comments: {sample_count}.")
        print(f"Database and secret key: {app.instance_path}")
        print(f"\n  {JOURNAL} is open at http://{HOST}:{port}/")
        print(f"  Its desk, for {name}, once and within 15 minutes: http://{HOST}:{port}{accounts.DESK}/link/{token}")
        print("\nPress Ctrl-C to stop it.", flush=True)
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    print(f"\n{JOURNAL} is closed.")
    return 0


def _set_up() -> tuple[post_files.LoadResult, int, str, str]:
    """Make the tables, the posts and an owner. Returns what was loaded, the sample comments, and a log-in link's parts.

    Raises ``OSError`` if the database can't be used.
    """
    try:
        upgrade()
        loaded = post_files.load(post_files.read_all())
        sample_count = samples.add_samples()
        owner = db.session.scalar(select(Owner).order_by(Owner.id).limit(1)) or accounts.create_owner(OWNER, None)
        return loaded, sample_count, owner.name, links.create(owner)
    except DatabaseError as error:
        raise OSError(cannot_be_opened(error)) from error


def listen(ports: Sequence[int]) -> socket.socket:
    """Return a socket that listens on the first free port of ``ports``. If none is free, raise the last error."""
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()
        except (OSError, OverflowError):
            listener.close()
            if port == ports[-1]:
                raise
        else:
            return listener
    raise ValueError("ports is empty; give at least one port")


@contextmanager
def _alone(instance: Path) -> Iterator[None]:
    """Let one process after the other set up the journal in this folder. The lock ends with the process."""
    with (instance / "set_up.lock").open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _handle_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, handler)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    _handle_signals(_ignore)  # make sends a second signal, while counts are written at the exit
    raise KeyboardInterrupt


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
