"""One worker's memory over hundreds of thousands of requests, each passed to the application as gunicorn passes them.

Every worker is a fresh process. No sockets are used, because only its memory is measured.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.web.post.posted import ANSWER, TOKEN
from captcha_guard.web.state import NAME, State
from tests.crowd.blog import OPEN, create_app, environment
from tests.crowd.race import settings_of
from tests.processes import fresh_processes, in_processes

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import WSGIEnvironment

#: How often memory is measured in a run, at equal distances.
SAMPLES = 100

#: The share of a run after which a worker counts as warm: its fonts are loaded, its caches full.
WARM = 0.1

#: One of this many challenges has its picture drawn.
ONE_DRAWN_IN = 4

#: The number of addresses in a flood, each in its own network. Each soon exceeds its limits.
BOTS = 256


@dataclass(frozen=True)
class Run:
    """A worker's answers by status, and its resident memory (bytes) at equal distances of the run.

    ``file`` and ``log`` are the largest sizes of the store's file and of its write-ahead log, in bytes.
    """

    statuses: Mapping[int, int]
    resident: Sequence[int]
    file: int
    log: int

    @property
    def warm(self) -> int:
        """The resident memory when the worker was warm, in bytes."""
        return self.resident[int(len(self.resident) * WARM)]

    @property
    def drift(self) -> float:
        """The largest difference from the memory of the warm worker: 0.05 is 5 % more, -0.05 is 5 % less."""
        later = self.resident[int(len(self.resident) * WARM) :]
        return max(((size - self.warm) / self.warm for size in later), key=abs)


Task = Callable[[Flask, int], int]


def challenge(app: Flask, number: int) -> int:
    """Request a new challenge, as the script of a form does. One in four is drawn. Each client does this ten times."""
    address = f"10.{number // 2560 % 256}.{number // 10 % 256}.7"
    status, body = call(app, "POST", "/captcha-guard/challenge", address, {"scope": "open"})
    if number % ONE_DRAWN_IN == 0:
        status, _ = call(app, "GET", json.loads(body)["picture"], address)
    return status


def flood(app: Flask, number: int) -> int:
    """Post another genuine token with a wrong code, from one of the bots' addresses in turn."""
    state: State = app.extensions[NAME]
    token = state.issuer.issue(OPEN.removeprefix("/"), difficulty=Difficulty.medium)
    spam = {"author": "Bot", "body": f"Buy number {number} now.", TOKEN: token, ANSWER: "WRONG"}
    status, _ = call(app, "POST", OPEN, f"10.0.{number % BOTS}.7", spam)
    return status


def call(
    app: Flask, method: str, path: str, address: str, document: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Pass one request to the application, with a JSON document or without. Returns status and body."""
    body = json.dumps(document).encode() if document is not None else b""
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": address,
        "HTTP_ACCEPT": "application/json",
        "CONTENT_TYPE": "application/json" if document is not None else "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    statuses: list[int] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None) -> Callable[..., object]:
        statuses.append(int(status[:3]))
        return statuses.append

    answer = app.wsgi_app(environ, start)
    try:
        body = b"".join(answer)
    finally:
        close: Callable[[], object] | None = getattr(answer, "close", None)
        if close is not None:
            close()
    return statuses[-1], body


def run(task: Task, times: int, folder: Path, *, workers: int = 1) -> list[Run]:
    """Run a task this many times in all, shared by workers with one blog and its counters in SQLite."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = settings_of(f"sqlite:///{_file(folder)}", LIMITS)
    parts = [(task, range(number, times, workers), folder, settings) for number in range(workers)]
    return in_processes(fresh_processes(), _work, parts)


#: The configuration of a site with default limits. The limits of other tests are larger.
LIMITS = {"CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute; 10 per hour; 30 per day"}


def _work(task: Task, numbers: range, folder: Path, settings: Mapping[str, object]) -> Run:
    os.environ.update(environment(folder, settings))
    app = create_app()
    statuses: Counter[int] = Counter()
    resident: list[int] = []
    file, log, step = 0, 0, max(1, len(numbers) // SAMPLES)
    for done, number in enumerate(numbers):
        statuses[task(app, number)] += 1
        if done % step == step - 1:
            resident.append(_resident())
            file = max(file, _file(folder).stat().st_size)
            log = max(log, _file(folder).with_name(f"{_file(folder).name}-wal").stat().st_size)
    return Run(statuses, resident, file, log)


def _file(folder: Path) -> Path:
    return folder / "counters.sqlite3"


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
