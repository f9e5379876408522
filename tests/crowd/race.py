"""Two gunicorns of four workers race for tokens and for limits, over sockets, at the same moments.

A sync worker with a request takes no other, and each waits until all eight workers have one. So every token is posted
to eight processes at the same moment.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from flask import Flask

from captcha_guard import CaptchaGuard
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.crowd.blog import MODERATED, OPEN, environment, kept
from tests.crowd.gunicorn_server import gunicorn
from tests.crowd.visitor import PATIENCE, Answer, Visitor, addresses, connect, read_answer, request

INSTANCES = 2
WORKERS = 4
RACERS = INSTANCES * WORKERS

#: Further headers of a racer's POST. Problems in JSON take a server less time than pages.
IN_STEP = {"In-Step": "yes", "Accept": "application/json"}

#: The addresses of the clients, with other networks for each race: from 127.1 on, and so forth.
RACING, LIMITED, FORGING = 1, 150, 200

#: The number of tokens fetched ahead of their races.
BATCH = 250

Item = TypeVar("Item")


def settings_of(uri: str, given: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return a blog's settings: its own secret, its counters at ``uri``, and those in ``given``."""
    return {
        "SECRET_KEY": secrets.token_hex(),
        "CAPTCHA_GUARD_STORAGE_URI": uri,
        "CAPTCHA_GUARD_MIN_SECONDS": 0,
        "CAPTCHA_GUARD_COMMENT_LIMITS": "200 per hour",
        "CAPTCHA_GUARD_LEARNING": "off",
        "CAPTCHA_GUARD_LOG": "off",
        "CAPTCHA_GUARD_TTL": 3600,
        **(given or {}),
    }


def solver(folder: Path, settings: Mapping[str, object], name: str = "crowd_blog") -> Flask:
    """Return an application with a blog's name and secret, for ``solve``. It counts nothing, and opens no store."""
    app = Flask(name, instance_path=str(folder))
    app.config.update(settings)
    app.config["CAPTCHA_GUARD_STORAGE_URI"] = "memory://"
    CaptchaGuard(app, rules=())
    return app


@dataclass
class Result:
    """The result of races: ``accepted`` counts tokens by the number of their stored POSTs. ``seconds`` is the time."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def stored(self) -> int:
        """How many POSTs were stored."""
        return sum(times * tokens for times, tokens in self.accepted.items())


class Racers:
    """Eight workers that continue at the same moment."""

    def __init__(self, folder: Path, settings: Mapping[str, object], ports: Sequence[int], meeting: socket.socket):
        self._folder = folder
        self._solver = solver(folder, settings)
        self._ports = [port for port in ports for _ in range(WORKERS)]
        self._meeting = meeting
        self._workers: list[socket.socket] = []

    def form(self, address: str, path: str = OPEN) -> dict[str, str]:
        """Fetch a form and solve its code."""
        fields = Visitor(self._ports[0], address).get(path).fields()
        return {**fields, "author": "Ada", ANSWER: solve(self._solver, fields[TOKEN])}

    def post(
        self,
        forms: Sequence[Mapping[str, str]],
        address: str,
        path: str = OPEN,
        headers: Sequence[Mapping[str, str]] = ({},) * RACERS,
    ) -> list[Answer]:
        """Send eight forms from one address, one to each worker. All continue when all have arrived."""
        with ExitStack() as stack:
            connections = [stack.enter_context(connect(port, address)) for port in self._ports]
            for connection, form, extra in zip(connections, forms, headers, strict=True):
                connection.sendall(request("POST", path, form, {**IN_STEP, **extra}))
            self._let_go()
            return [read_answer(connection) for connection in connections]

    def stored(self) -> Counter[str]:
        """Count the stored comments by their nonces."""
        return Counter(one.nonce for one in kept(self._folder))

    def close(self) -> None:
        """Close the meeting."""
        for worker in self._workers:
            worker.close()

    def _let_go(self) -> None:
        while len(self._workers) < RACERS:
            worker, _ = self._meeting.accept()
            worker.settimeout(PATIENCE)
            self._workers.append(worker)
        for worker in self._workers:
            if not worker.recv(1):
                raise RuntimeError("a worker has ended in the middle of a race")
        for worker in self._workers:
            worker.sendall(b"g")


@contextmanager
def racers(folder: Path, settings: Mapping[str, object], *, control: bool = False) -> Iterator[Racers]:
    """Start the two gunicorns with one blog in ``folder``. With ``control``, the broken control spends its nonces."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        meeting = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        meeting.settimeout(PATIENCE)
        variables = environment(folder, settings, meeting=meeting.getsockname()[1], control=control)
        servers = [
            stack.enter_context(
                gunicorn("tests.crowd.blog:create_app()", folder, workers=WORKERS, environment=variables)
            )
            for _ in range(INSTANCES)
        ]
        crew = Racers(folder, settings, [server.port for server in servers], meeting)
        try:
            yield crew
        finally:
            crew.close()


def race_for_tokens(crew: Racers, tokens: int, path: str = OPEN) -> Result:
    """Post this many tokens eight times at once, each time with another text, and each token from another address."""
    result, before, begin = Result(), crew.stored(), time.monotonic()
    for batch in _batches(list(islice(addresses(RACING), tokens)), BATCH):
        forms = [(address, crew.form(address, path)) for address in batch]
        for address, form in forms:
            texts = [{**form, "body": f"Text {number} with {form[TOKEN]}"} for number in range(RACERS)]
            result.statuses.update(answer.status for answer in crew.post(texts, address, path))
    counts = crew.stored() - before
    result.accepted.update(counts.values())
    if tokens > len(counts):
        result.accepted[0] = tokens - len(counts)
    result.seconds = time.monotonic() - begin
    return result


#: Headers with which a client may try to look like another one.
FORGERIES = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP")


def race_for_limits(crew: Racers, clients: int, rounds: int, *, forged: bool = False) -> list[int]:
    """Let each client post eight comments at once in each round, each with a new code. Returns the stored ones of each.

    With ``forged``, every POST has all usual headers with another address.
    """
    granted = []
    for number, address in enumerate(islice(addresses(FORGING if forged else LIMITED), clients)):
        took = 0
        for lap in range(rounds):
            elsewhere = [f"203.{number % 250}.{lap}.{racer}" for racer in range(RACERS)]
            headers = [{name: _claim(name, other) for name in FORGERIES} if forged else {} for other in elsewhere]
            forms = [{**crew.form(address), "body": f"{address}, lap {lap}, {racer}"} for racer in range(RACERS)]
            took += sum(answer.status == 201 for answer in crew.post(forms, address, headers=headers))
        granted.append(took)
    return granted


def _claim(header: str, address: str) -> str:
    return f"for={address}" if header == "Forwarded" else address


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


__all__ = ["MODERATED", "OPEN", "RACERS", "Result", "race_for_limits", "race_for_tokens", "racers", "settings_of"]
