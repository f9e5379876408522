"""A real gunicorn on a free loopback port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

#: Seconds for all workers to start, or to end.
PATIENCE = 60


@dataclass(frozen=True)
class Gunicorn:
    """A running server: its ``port``, the process ids of its ``workers``, and the file of its ``log``."""

    port: int
    workers: tuple[int, ...]
    log: Path


@contextmanager
def gunicorn(
    application: str, folder: Path, *, workers: int = 1, threads: int = 1, environment: Mapping[str, str]
) -> Iterator[Gunicorn]:
    """Serve ``application`` (module and factory) with this many workers: sync ones, or gthread with several threads.

    Yields when every worker has started. The log goes to a file in ``folder``. Slow workers aren't killed. Raises
    ``RuntimeError`` if the workers don't start.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        port = listener.getsockname()[1]
        log = folder / f"gunicorn-{port}.log"
        options = {
            "--config": "python:tests.crowd.imported",
            "--bind": f"fd://{listener.fileno()}",
            "--workers": str(workers),
            "--worker-class": "gthread" if threads > 1 else "sync",
            "--threads": str(threads),
            "--timeout": "300",
            "--graceful-timeout": "5",
            "--log-file": str(log),
        }
        command = [sys.executable, "-m", "gunicorn", *(part for pair in options.items() for part in pair)]
        with log.with_suffix(".out").open("wb") as output:
            server = subprocess.Popen(
                [*command, "--no-control-socket", application],
                cwd=REPOSITORY,
                env={**os.environ, **environment},
                pass_fds=[listener.fileno()],
                stdout=output,
                stderr=output,
            )
    try:
        yield Gunicorn(port, _started(server, log, workers), log)
    finally:
        server.terminate()
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _started(server: subprocess.Popen[bytes], log: Path, workers: int) -> tuple[int, ...]:
    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience and server.poll() is None:
        lines = log.read_text().splitlines() if log.exists() else []
        started = [int(line.rpartition(" ")[2]) for line in lines if "Booting worker with pid" in line]
        if len(started) == workers:
            return tuple(started)
        time.sleep(0.02)
    raise RuntimeError(f"gunicorn did not start:\n{log.read_text() if log.exists() else ''}")
