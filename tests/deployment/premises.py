"""The document's blog in its own folder, and the programs that serve it. Each is ended by its process id."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask

from captcha_guard import CaptchaGuard
from captcha_guard.testing import solve
from tests.deployment.recipes import FILES, HOME, put, settings
from tests.servers import PATIENCE, children, free_port, wait_for_port, wait_until

BIN = Path(sys.executable).parent


@dataclass
class Program:
    """One running program and its log."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def log_text(self) -> str:
        """Everything that it has logged so far."""
        return self.log.read_text(errors="replace")

    def end(self) -> int:
        """Send it TERM. Returns its exit status. If it doesn't end, it is killed, and the test fails."""
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def reload(self) -> None:
        """Send gunicorn HUP, and return when all of its workers are new."""
        old = self.workers()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.workers()) == 2 * len(old), "new workers")
        wait_until(lambda: not any(map(_is_running, old)), "the end of the old workers")

    def workers(self) -> list[int]:
        """Return the process ids of all workers that gunicorn has started so far."""
        return [int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", self.log_text)]


@dataclass
class Nginx:
    """A running nginx, its configuration, and its port for visitors."""

    program: Program
    configuration: Path
    port: int

    def change(self, old: str, new: str) -> None:
        """Change its configuration, and return when the old one isn't used any more."""
        self.configuration.write_text(put(self.configuration.read_text(), {old: new}))
        before = children(self.program.process.pid)
        self.program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not before & children(self.program.process.pid), "the end of nginx's old workers")


@dataclass
class Premises:
    """A folder that replaces ``/srv/blog``. ``environ`` replaces the environment file."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    programs: list[Program] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("blog.py", "wsgi.py", "templates/page.html", "static/blog.css"):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(FILES[name])
        (self.folder / "instance").mkdir()
        assert set(settings(FILES["/etc/blog/environment"])) == {"FLASK_SECRET_KEY"}
        self.environ["FLASK_SECRET_KEY"] = secrets.token_hex()
        self._app = Flask("blog", instance_path=str(self.folder / "solver"))
        self._app.config["SECRET_KEY"] = self.environ["FLASK_SECRET_KEY"]
        CaptchaGuard(self._app)

    @property
    def comments(self) -> list[str]:
        """The comments that the blog has stored."""
        path = self.folder / "instance/comments.txt"
        return path.read_text().splitlines() if path.exists() else []

    def solve(self, token: str) -> str:
        """Return the code in a token's picture, derived from the secret."""
        return solve(self._app, token)

    def gunicorn(self, command: str, *, port: int | None = None, at: str = "127.0.0.1:8000") -> tuple[Program, int]:
        """Run a command line of gunicorn with another port. Returns when it listens."""
        port = port or free_port()
        words = shlex.split(put(command, {at: f"127.0.0.1:{port}"}))
        assert words[0] == "gunicorn"
        own = self.folder / f"run-{port}"
        own.mkdir(exist_ok=True)
        program = self.run([str(BIN / "gunicorn"), *words[1:]], f"gunicorn-{port}", XDG_RUNTIME_DIR=str(own))
        wait_for_port(port)
        return program, port

    def nginx(self, caption: str, upstreams: Mapping[str, int], wrong: Mapping[str, str] | None = None) -> Nginx:
        """Run nginx with a server of the document, in its own folder. ``wrong`` has the mistakes of a test."""
        port, folder = free_port(), self.folder / "nginx"
        folder.mkdir()
        places = {old: f"127.0.0.1:{new}" for old, new in upstreams.items()}
        server = put(FILES[caption], {"listen 80;": f"listen 127.0.0.1:{port};", HOME: str(self.folder), **places})
        (folder / "nginx.conf").write_text(
            f"daemon off; pid nginx.pid; {'user root;' if os.geteuid() == 0 else ''}\n"
            "events {}\nhttp { include mime.types; access_log off; client_body_temp_path body; proxy_temp_path proxy;\n"
            "fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
            + put(server, dict(wrong or {}))
            + "}\n"
        )
        (folder / "mime.types").write_text("types { text/css css; }\n")
        program = self.run(["nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"], "nginx")
        wait_for_port(port)
        return Nginx(program, folder / "nginx.conf", port)

    def run(self, command: Sequence[str], name: str, **more: str) -> Program:
        """Start a program in the folder. It ends with the test at the latest."""
        log = self.folder / f"{name}.log"
        environ = {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", **self.environ, **more}
        with log.open("ab") as file:
            process = subprocess.Popen(command, cwd=self.folder, env=environ, stdout=file, stderr=file)
        program = Program(process, log)
        self.programs.append(program)
        return program

    def doctor(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the doctor on the blog behind a proxy."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "captcha-guard", "doctor", *arguments]
        environ = {"PATH": str(BIN), **self.environ}
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)

    def close(self) -> None:
        """End all programs, the last one first."""
        for program in reversed(self.programs):
            program.process.terminate()
        for program in reversed(self.programs):
            program.end()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
