"""A real redis-server on a free loopback port, in memory only, for tests."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def redis_server(folder: Path, *more: str) -> Iterator[str]:
    """Start a server that writes nothing to disk, and yield its URI."""
    port = free_port()
    settings = [
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(folder),
        *more,
    ]
    with subprocess.Popen(["redis-server", *settings], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            log = []
            for line in server.stdout:
                log.append(line)
                if "Ready to accept connections" in line:
                    break
            else:
                raise RuntimeError(f"redis-server did not start:\n{''.join(log)}")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
