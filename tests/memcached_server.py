"""A real memcached on a free loopback port, for tests."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 10  # seconds


@contextmanager
def memcached_server(port: int = 0) -> Iterator[str]:
    """Start a server, and yield its URI. It doesn't move items, so that a list of its keys is complete."""
    port = port or free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen(
        ["memcached", "-l", "127.0.0.1", "-p", str(port), "-m", "16", "-o", "no_lru_maintainer", *user]
    ) as server:
        try:
            _wait(port)
            yield f"memcached://127.0.0.1:{port}"
        finally:
            server.kill()  # otherwise it would let a second pass before it answers


def _wait(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
        else:
            return
