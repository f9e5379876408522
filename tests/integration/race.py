"""Four processes of sixteen threads post one token at the same moments. Each process is a fresh Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, cast

from limits.storage import Storage

from captcha_guard.counters.spent import Spent
from captcha_guard.web.state import NAME
from tests.integration.host_blog import make_blog
from tests.processes import fresh_processes, in_processes

PROCESSES = 4
THREADS = 16

#: Seconds. More than a race takes. Then a process without the others gives up.
PATIENCE = 60


class InStep:
    """A storage without transactions. It waits before each use of the ``nonce`` until all threads have come so far."""

    def __init__(self, storage: Storage, nonce: str, start: Barrier) -> None:
        self._storage, self._nonce, self._start = storage, nonce, start

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._storage, name)
        if name not in ("incr", "incr_and_lost_at", "get", "clear"):
            return attribute

        def act(key: str, *rest: Any) -> Any:
            if self._nonce in key:
                self._start.wait(PATIENCE)
            return attribute(key, *rest)

        return act


class GetThenDelete(Spent):
    """The broken control: unspent nonces are in the store, are looked up, then deleted.

    Other keys are claimed properly, so that only the nonce decides.
    """

    def __init__(self, storage: Storage, nonce: str) -> None:
        super().__init__(storage)
        self._nonce = nonce

    def store_unspent(self) -> None:
        """Store the nonce as unspent."""
        self._storage.incr(f"unspent/{self._nonce}", 3600)

    def claim(self, nonce: str, ttl: int, *, issued_at: float | None = None) -> bool:
        """Spend a nonce as packages do that lose this race."""
        if nonce != self._nonce:
            return super().claim(nonce, ttl, issued_at=issued_at)
        if self._storage.get(f"unspent/{nonce}") == 0:
            return False
        self._storage.clear(f"unspent/{nonce}")
        return True


@dataclass(frozen=True)
class Round:
    """One race for ``nonce``: all post ``fields`` to ``path``, each with another body. ``broken`` is the control."""

    path: str
    nonce: str
    fields: Mapping[str, str]
    broken: bool = False


def race(folder: Path, config: Mapping[str, object], rounds: Sequence[Round]) -> list[Counter[int]]:
    """Run the rounds one after the other. Returns the number of answers with each status for each round."""
    context = fresh_processes()
    start = context.Barrier(PROCESSES * THREADS)
    parts = [(number, (folder, config), rounds, start) for number in range(PROCESSES)]
    results = in_processes(context, _racer, parts)
    return [sum((result[index] for result in results), Counter()) for index in range(len(rounds))]


def _racer(
    number: int, arguments: tuple[Path, Mapping[str, object]], rounds: Sequence[Round], start: Barrier
) -> list[Counter[int]]:
    blog = make_blog(*arguments)
    store, together, results = blog.state.spent._storage, blog.state.limits._together, []
    with ThreadPoolExecutor(THREADS) as threads:
        for lap, one in enumerate(rounds):
            spent = blog.state.spent
            if one.broken or together is None:
                blog.state.limits._together = None  # in one transaction the racers would take turns
                in_step = cast("Storage", InStep(store, one.nonce, start))
                spent = GetThenDelete(in_step, one.nonce) if one.broken else Spent(in_step)
            else:
                blog.state.limits._together = lambda: (start.wait(PATIENCE), together())[1]
            blog.app.extensions[NAME] = replace(blog.state, spent=spent)

            def post(thread: int, lap: int = lap, one: Round = one) -> int:
                body = {"body": f"Comment of thread {thread} in process {number} on lap {lap}"}
                return blog.client().post(one.path, data={**one.fields, **body}).status_code

            results.append(Counter(threads.map(post, range(THREADS))))
    return results
