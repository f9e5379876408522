"""A redis-server that can be killed, started again, stopped and let go on."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RedisProcess:
    """One redis-server on one port.

    Each change is on disk before it is answered, so a kill takes back none. A ``forgetful`` one keeps nothing on disk:
    with the nonces that were spent before it fell, it lets their tokens through again.
    """

    def __init__(self, folder: Path, *, forgetful: bool = False) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._folder = folder
        self._keeps = {"appendonly": "no"} if forgetful else {"appendonly": "yes", "appendfsync": "always"}
        self._process: subprocess.Popen[str] | None = None

    @property
    def uri(self) -> str:
        """Where it is, for a client."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        settings = {"bind": "127.0.0.1", "port": str(self.port), "save": "", "dir": str(self._folder)}
        arguments = [part for name, value in (settings | self._keeps).items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        log = []
        for line in self._process.stdout:
            log.append(line)
            if "Ready to accept connections" in line:
                return
        raise RuntimeError(f"redis-server did not start:\n{''.join(log)}")

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def stop(self) -> None:
        """Let it hang: its connections stay open, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on where it hung."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def redis_process(folder: Path, *, forgetful: bool = False) -> Iterator[RedisProcess]:
    """Start one in ``folder``, and kill it in the end."""
    redis = RedisProcess(folder, forgetful=forgetful)
    redis.start()
    try:
        yield redis
    finally:
        redis.kill()
