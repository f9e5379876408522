"""Real servers on free loopback ports. Each is ended by its process id."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

#: Seconds. More than a server needs to start or end on a busy machine.
PATIENCE = 30.0


def free_port() -> int:
    """Return a port on which no program listens.

    It isn't one that the system gives to outgoing connections, which could take it before the server does.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return when ``condition`` is true. Fails with ``what`` after a time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come in {seconds:.0f} s"
        time.sleep(0.02)


def wait_for_port(port: int) -> None:
    """Return when a program listens on the port."""
    wait_until(lambda: answers(port), f"a server on port {port}")


def answers(port: int) -> bool:
    """Return whether a program listens on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def children(pid: int) -> set[int]:
    """Return the process ids of a process's children (Linux)."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended in the meantime
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.add(int(stat.parent.name))
    return found
