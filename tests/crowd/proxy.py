"""A TCP proxy that can make a server slow, and counts the round trips to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Passes on what comes in at ``port``.

    ``uri`` is where a client of Redis finds it. ``trips`` counts the round trips so far: the times that
    something was sent after an answer, or first on a connection; a pipeline or a script is one.
    """

    def __init__(self, listener: socket.socket, target: int) -> None:
        self.port: int = listener.getsockname()[1]
        self.uri = f"redis://127.0.0.1:{self.port}/0"
        self.trips = 0
        self._listener = listener
        self._target = target
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._delay = 0.0

    def slow_down(self, seconds: float) -> None:
        """Hold every answer back for so long, from now on."""
        self._delay = seconds

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections, and break off those there are."""
        for end in (self._listener, *self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self._target)) as far:
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open |= {near, far}
            asked = threading.Event()
            back = threading.Thread(target=self._answers, args=(far, near, asked), daemon=True)
            back.start()
            with suppress(OSError):
                self._questions(near, far, asked)
            for end in (near, far):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            back.join()
            self._open -= {near, far}

    def _questions(self, near: socket.socket, far: socket.socket, asked: threading.Event) -> None:
        while octets := near.recv(65_536):
            if not asked.is_set():
                asked.set()
                with self._lock:
                    self.trips += 1
            far.sendall(octets)

    def _answers(self, far: socket.socket, near: socket.socket, asked: threading.Event) -> None:
        with suppress(OSError):
            while octets := far.recv(65_536):
                if self._delay:
                    time.sleep(self._delay)
                asked.clear()
                near.sendall(octets)
        with suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(target: int) -> Iterator[Proxy]:
    """Open a proxy to a port of this host, on a free port."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        proxy = Proxy(listener, target)
        serving = threading.Thread(target=proxy.serve, daemon=True)
        serving.start()
        try:
            yield proxy
        finally:
            proxy.close()
            serving.join()
