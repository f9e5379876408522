"""A real redis-server that a test kills, stops and restarts, and a proxy that loses or delays its answers."""

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
    """A server on one loopback port. ``uri`` stays the same after a restart.

    It keeps its data in memory only, unless ``keeps`` is true: then each change is written to a file before the answer.
    That is enough after a kill. Waiting for the disk as well would be slow on a busy machine.

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
    def is_running(self) -> bool:
        """Whether it was started, and not killed since."""
        return self._process is not None

    def start(self) -> None:
        """Start it, and return when it answers."""
        command = ["redis-server", str(self._folder / "settings"), *self._mode()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log)
        wait_until(self._answers, f"redis-server on port {self.port}")

    def kill(self) -> None:
        """Kill it with SIGKILL. Data that wasn't written is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def stop(self) -> None:
        """Stop it with SIGSTOP: connections stay open and can be made, but nothing is answered."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Continue it after a stop."""
        self._signal(signal.SIGCONT)

    def ask(self, *command: str) -> Any:
        """Return its answer to one command, over a separate connection."""
        client: Any = Redis(port=self.port, decode_responses=True, retry=Retry(NoBackoff(), 0))
        with closing(client):
            return client.execute_command(*command)

    def cut_off(self) -> None:
        """Send nothing more to replicas. They keep their data, and know that the link is down."""
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
    """Start a server, and end it after the test in any state."""
    with running(FaultyRedis(folder, *settings, keeps=keeps)) as server:
        yield server


@contextmanager
def running(server: Started) -> Iterator[Started]:
    """Start a server, and end it after the test in any state."""
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Proxy:
    """A proxy between a client and a server. It counts what the client sends, and can withhold answers.

    ``asked`` counts the client's packets, ``round_trips`` those that it sends after an answer. ``delay`` is how many
    seconds late each answer comes. ``lose_from`` is the number of the packet, counted from now, whose answer and all
    further ones are lost.
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
        """Lose the answer to that request (the next one is 1) and all later ones. ``None`` loses nothing more."""
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
            for source, target, lets in ((client, server, self._requests), (server, client, self._answers)):
                thread = threading.Thread(target=self._pass_on, args=(source, target, lets))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, lets: Callable[[], bool]) -> None:
        try:
            while data := source.recv(1 << 16):
                if lets():
                    target.sendall(data)
        except OSError:
            pass
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def _requests(self) -> bool:
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
    """Run a proxy in front of a server during the block."""
    between = Proxy(port)
    try:
        yield between
    finally:
        between.close()


def until(true: Callable[[], Any], *, seconds: float) -> float:
    """Wait until the condition is true. Returns the seconds, and fails if it isn't true in time."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > seconds:
            raise AssertionError(f"not true within {seconds} s")
    return time.monotonic() - begun
