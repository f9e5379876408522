"""Comments without a pause while the store fails, and what happened to each of them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from math import inf
from pathlib import Path

from flask import Flask

from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.crowd.blog import MODERATED, OPEN, environment, kept
from tests.crowd.gunicorn_server import gunicorn
from tests.crowd.race import settings_of, solver
from tests.crowd.visitor import Answer, Visitor, addresses

APPLICATION = "tests.crowd.blog:create_app()"

#: The networks from which comments come, and those from which their tokens are posted again: from 127.1 and 127.150 on.
FIRST, AGAIN = 1, 150

#: Seconds until a condition must be true.
PATIENCE = 60


@dataclass(frozen=True)
class Sent:
    """One POST: its ``form``, when it ``began`` and ``ended`` (monotonic seconds), and the answer.

    ``status`` is 0 if there was no answer. ``shown`` means that the answer showed the text.
    """

    path: str
    form: Mapping[str, str]
    began: float
    ended: float
    status: int
    shown: bool

    @property
    def body(self) -> str:
        """The comment."""
        return self.form["body"]


@dataclass
class Siege:
    """Clients that comment on both routes of the blog at ``port`` alternately, each time from another address."""

    port: int
    folder: Path
    solver: Flask
    sent: list[Sent] = field(default_factory=list)
    formless: list[Answer] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, writers: int = 4) -> Iterator[None]:
        """Let this many clients comment until the end of the block."""
        rest = count()
        threads = [threading.Thread(target=self._write, args=(number, writers, rest)) for number in range(writers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _write(self, number: int, writers: int, rest: Iterator[int]) -> None:
        for address in islice(addresses(FIRST), number, None, writers):
            if self._stop.is_set():
                return
            path = (OPEN, MODERATED)[next(rest) % 2]
            page = Visitor(self.port, address).get(path)
            if TOKEN not in page.fields():
                self.formless.append(page)
                continue
            form = {**page.fields(), "author": "Ada", "body": f"Said by {address} & kept, or shown to me again."}
            form[ANSWER] = solve(self.solver, form[TOKEN])
            self.sent.append(post(self.port, address, path, form))

    def until(self, enough: Callable[[Sequence[Sent]], bool], since: float) -> None:
        """Wait until ``enough`` is true for the POSTs that began since then."""
        patience = time.monotonic() + PATIENCE
        while not enough([one for one in self.sent if one.began >= since]):
            if time.monotonic() > patience:
                raise TimeoutError("what was waited for has not come")
            time.sleep(0.02)


def post(port: int, address: str, path: str, form: Mapping[str, str]) -> Sent:
    """Send one comment."""
    began = time.monotonic()
    try:
        answer = Visitor(port, address).post(path, form)
    except OSError:
        return Sent(path, form, began, time.monotonic(), 0, shown=False)
    return Sent(path, form, began, time.monotonic(), answer.status, answer.shows(form["body"]))


def states(folder: Path, sent: Sequence[Sent]) -> list[str]:
    """Return the state of each POST: ``published``, ``held``, ``shown`` back, or ``lost``."""
    stored = {one.body: one for one in kept(folder)}

    def of(one: Sent) -> str:
        if one.body in stored:
            return "held" if stored[one.body].held else "published"
        return "shown" if one.shown else "lost"

    return [of(one) for one in sent]


@contextmanager
def besieged(
    folder: Path,
    uri: str,
    *,
    workers: int = 4,
    settings: Mapping[str, object] | None = None,
    forgetful: bool = False,
) -> Iterator[Siege]:
    """Serve a blog in ``folder`` that counts at ``uri``. With ``forgetful``, it doesn't notice lost data."""
    folder.mkdir(parents=True, exist_ok=True)
    configured = settings_of(uri, settings)
    variables = environment(folder, configured, forgetful=forgetful)
    with gunicorn(APPLICATION, folder, workers=workers, environment=variables) as server:
        yield Siege(server.port, folder, solver(folder, configured))


@dataclass(frozen=True)
class Account:
    """The result of a siege: ``states`` by route, and ``recovery`` in seconds after each return of the store.

    ``twice`` counts tokens that published a comment and, posted once more afterwards, another one.
    """

    states: Mapping[str, Counter[str]]
    statuses: Counter[int]
    formless: Counter[int]
    twice: int
    recovery: Sequence[float]
    longest: float

    @property
    def lost(self) -> int:
        """Comments that are neither stored nor in the answer."""
        return sum(counts["lost"] for counts in self.states.values())

    @property
    def failures(self) -> int:
        """Requests without an answer, and answers with a server error other than an intended 503."""
        return sum(times for status, times in (self.statuses + self.formless).items() if not _is_fair(status))


def account(siege: Siege, faults: Sequence[tuple[float, float]]) -> Account:
    """Return the result. ``faults`` are the times (monotonic) at which each fault began and ended.

    Every token that has published a comment is posted once more, with another text. If it wasn't spent, that would be
    published too.
    """
    sent = sorted(siege.sent, key=lambda one: one.began)
    became = list(zip(sent, states(siege.folder, sent), strict=True))
    begins = [*(begin for begin, _ in faults[1:]), inf]
    return Account(
        {path: Counter(state for one, state in became if one.path == path) for path in (OPEN, MODERATED)},
        Counter(one.status for one in sent),
        Counter(answer.status for answer in siege.formless),
        _posted_again(siege, [one for one, state in became if state == "published"]),
        [_recovery(became, end, following) for (_, end), following in zip(faults, begins, strict=True)],
        max(one.ended - one.began for one in sent),
    )


def _is_fair(status: int) -> bool:
    return status == 503 or 200 <= status < 500


def _recovery(became: Sequence[tuple[Sent, str]], returned: float, next_fault: float) -> float:
    """Return the seconds from the store's return to the last answer that the fault affected."""
    ailing = (
        one.ended - returned
        for one, state in became
        if returned <= one.began and one.ended < next_fault and state != "published"
    )
    return max(ailing, default=0.0)


def _posted_again(siege: Siege, published: Sequence[Sent]) -> int:
    again = [
        post(siege.port, address, one.path, {**one.form, "body": f"Once more: {one.body}"})
        for one, address in zip(published, addresses(AGAIN), strict=False)
    ]
    return states(siege.folder, again).count("published")
