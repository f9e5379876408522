"""A real PostgreSQL on a free loopback port for tests, run by an unprivileged user."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg

from tests.servers import free_port, wait_until

#: Only for tests: the data doesn't need to survive the machine.
SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "unix_socket_directories=",
    "max_connections=60",
)


#: Files in memory. A database takes a fifth of the time here.
MEMORY = Path("/dev/shm")  # noqa: S108, mkdtemp makes a folder of our own in it
ROOM = 2**30  # bytes


class PostgreSQL:
    """A server. ``database()`` creates a database and returns its SQLAlchemy URL, and ``drop()`` removes them all."""

    def __init__(self, folder: Path, given: dict[str, Any]) -> None:
        self.port = free_port()
        self._given = given
        self._folder = folder
        self._strategy = "FILE_COPY" if folder.parent == MEMORY else "WAL_LOG"  # the sooner one
        self._process: subprocess.Popen[bytes] | None = None
        self._made: list[str] = []

    def start(self) -> None:
        """Start or restart it, and wait until it answers."""
        options = [part for setting in SETTINGS for part in ("-c", setting)]
        command = [program("postgres"), "-D", str(self._folder / "data"), "-h", "127.0.0.1", "-p", str(self.port)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*command, *options], stdout=log, stderr=log, **self._given)
        wait_until(self._answers, f"PostgreSQL on port {self.port}")

    def stop(self) -> None:
        """Stop it at once, as a restart does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # without waiting for clients
            self._process.wait(30)
            self._process = None

    def database(self, *, copy: str = "template1", kept: bool = False) -> str:
        """Create a database, empty or a copy of the one that has this name or URL, and return its URL.

        One that is ``kept`` isn't dropped.
        """
        name, original = f"blog_{secrets.token_hex(6)}", copy.rpartition("/")[2]
        with closing(self.connect()) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {original} STRATEGY {self._strategy}".encode())
        if not kept:
            self._made.append(name)
        return f"postgresql+psycopg://guard@127.0.0.1:{self.port}/{name}"

    def drop(self) -> None:
        """Remove the databases that aren't kept, so that hundreds of tests don't leave gigabytes."""
        if self._made:
            with closing(self.connect()) as connection:
                while self._made:
                    connection.execute(f"DROP DATABASE {self._made.pop()} WITH (FORCE)".encode())

    def connect(self, name: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(f"host=127.0.0.1 port={self.port} user=guard dbname={name}", autocommit=True)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgresql_server() -> Iterator[PostgreSQL]:
    """Start a server with empty data in a temporary folder. PostgreSQL refuses to run as root."""
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    folder = Path(mkdtemp(prefix="postgresql-", dir=MEMORY if in_memory else None))
    given: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        given |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    server = PostgreSQL(folder, given)
    try:
        command = ["-D", str(folder / "data"), "-U", "guard", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run([program("initdb"), *command], check=False, capture_output=True, text=True, **given)
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs. Debian doesn't put them in the PATH."""
    found = shutil.which(name) or next(
        (str(one) for one in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None
    )
    if found is None:
        raise RuntimeError(f"{name} is missing here; as root, run: apt-get install postgresql")
    return found
