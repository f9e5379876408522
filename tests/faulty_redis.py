"""A real redis-server that a test kills, stops and starts again, and a proxy that loses or delays its answers."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.servers import free_port, wait_until

Started = TypeVar("Started", bound="FaultyRedis")


class FaultyRedis:
    """A server on one loopback port; ``uri`` stays the same however often it is started.

    It is in memory only, unless it ``keeps`` what it is told: then each change is written to a file before it is
    answered, which is all that a kill asks for; to wait for the disk as well would be slow on a busy machine.

    :param settings: more lines of its configuration, such as ``"replicaof 127.0.0.1 7001"``.
    """

    def __init__(self, folder: Path, *settings: str, keeps: bool = False) -> None:
        self.port = free_port()
        self.uri = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder / str(self.port)
        self._folder.mkdir()
        appendonly = ["appendonly yes", "appendfsync no"] if keeps else ["appendonly no"]
        lines = ["bind 127.0.0.1", f"port {self.port}", 'save ""', *appendonly, f"dir {self._folder}", *settings]
        (self._folder / "settings").write_text("\n".join([*lines, ""]))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started, and not killed since."""
        return self._process is not None

    def start(self) -> None:
        """Start it, and return once it answers."""
        command = ["redis-server", str(self._folder / "settings"), *self._mode()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log)
        wait_until(self._answers, f"redis-server on port {self.port}")

    def kill(self) -> None:
        """Let it die without a last word; all that it did not keep is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def stop(self) -> None:
        """Let it hang: connections stay open, and are made, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on where it was stopped."""
        self._signal(signal.SIGCONT)

    def ask(self, *command: str) -> Any:
        """Return what it says to one command, over a connection of its own."""
        client: Any = Redis(port=self.port, decode_responses=True, retry=Retry(NoBackoff(), 0))
        with closing(client):
            return client.execute_command(*command)

    def cut_off(self) -> None:
        """Send replicas nothing more: they keep what they have, and know that the link is down."""
        self.ask("ACL", "SETUSER", "default", "-psync", "-sync")
        self.ask("CLIENT", "KILL", "TYPE", "replica")

    def _mode(self) -> Sequence[str]:
        return ()

    def _answers(self) -> bool:
        self._answered = True
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        with suppress(RedisError):
            return self.ask("PING") in (True, "PONG")
        return False

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def faulty_redis(folder: Path, *settings: str, keeps: bool = False) -> Iterator[FaultyRedis]:
    """Start a server, and end it however the test has left it."""
    with running(FaultyRedis(folder, *settings, keeps=keeps)) as server:
        yield server


@contextmanager
def running(server: Started) -> Iterator[Started]:
    """Start a server, and end it however the test has left it."""
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Proxy:
    """Stands between a client and a server, counts what the client sends, and can keep answers back.

    ``asked`` counts the packets of the client, ``round_trips`` those that it sends after an answer. ``delay`` is how
    many seconds late each answer comes. ``lose_from`` is the number of the question, counted from
    now, whose answer and all further ones are lost.
    """

    def __init__(self, port: int) -> None:
        self.asked = self.round_trips = 0
        self._answered = True
        self.delay = 0.0
        self._lose_from: int | None = None
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.uri = f"redis://127.0.0.1:{self.port}/0"
        self._sockets: list[socket.socket] = [self._listening]
        self._threads = [threading.Thread(target=self._accept)]
        self._closing = threading.Event()
        self._threads[0].start()

    def lose_from(self, question: int | None) -> None:
        """Lose the answer to that question, the next one being 1, and all after it; ``None`` loses nothing more."""
        self.asked = 0
        self._lose_from = question

    def close(self) -> None:
        """End all connections."""
        self._closing.set()
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._sockets += [client, server]
            for source, target, lets in ((client, server, self._asks), (server, client, self._answers)):
                thread = threading.Thread(target=self._pass_on, args=(source, target, lets))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, lets: Callable[[], bool]) -> None:
        try:
            while octets := source.recv(1 << 16):
                if lets():
                    target.sendall(octets)
        except OSError:
            pass
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def _asks(self) -> bool:
        self.asked += 1
        self.round_trips += self._answered
        self._answered = False
        return True

    def _answers(self) -> bool:
        self._answered = True
        if self.delay:
            self._closing.wait(self.delay)
        return self._lose_from is None or self.asked < self._lose_from


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """Stand before a server for as long as a test needs it."""
    between = Proxy(port)
    try:
        yield between
    finally:
        between.close()


def until(true: Callable[[], Any], *, seconds: float) -> float:
    """Ask until it is true; return how many seconds that took, and fail when it is not true in time."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > seconds:
            raise AssertionError(f"not true within {seconds} s")
    return time.monotonic() - begun
