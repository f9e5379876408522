"""Measures the guard's requests to its store, and its data there: ``python -m tests.benchmarks.store_cost [--quick]``.

One gunicorn worker serves the journal, with a counting proxy in front of a real redis-server. A round trip is a message
and its answer, however many commands the message has. Redis counts the commands and its processor time (INFO) and the
bytes of each key (MEMORY USAGE). SQLite's bytes are those of its pages (dbstat). There is one visitor at a time, so
that nothing else is counted.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import redis
from flask import Flask

from captcha_guard.counters.storages.data_loss import MARK
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.benchmarks.endurance import table
from tests.crowd.gunicorn_server import gunicorn
from tests.crowd.journal import SECRET, environment, make_journal
from tests.crowd.race import solver
from tests.crowd.visitor import Answer, Visitor, addresses
from tests.faulty_redis import Proxy, proxy
from tests.redis_cluster import redis_cluster
from tests.redis_server import redis_server

#: Less than twice a surge, because comments above the limits aren't charged to it.
COMMENTS = 100

#: What the usual limits allow a client in a day. Posted at once here, to measure the busiest client.
DAILY = 30
AT_ONCE = f"{DAILY} per minute; {DAILY + 1} per hour; {DAILY + 2} per day"

#: The placeholders for one client or comment in a key, and for one nonce.
DIGEST, NONCE = re.compile(r"(?<![A-Za-z0-9_-])[0-9a-f]{32}(?![A-Za-z0-9_-])"), re.compile(r"(?<=/)[A-Za-z0-9_-]{22}$")

#: The numbers of nodes of the projection, each with this many comments a second, all from new clients.
NODES, RATE = (10, 100, 1000), 1.0

#: The commands of the measurement itself.
OURS = {"scan", "memory|usage", "pttl", "client|setinfo", "hello", "select"}


@dataclass(frozen=True)
class Taken:
    """The cost of one request: round trips, and Redis's commands by name, including those in scripts."""

    trips: int
    commands: Counter[str]


@dataclass(frozen=True)
class Journal:
    """A journal that is served at ``port``. ``page`` is an article, and ``app`` solves its codes."""

    port: int
    page: str
    app: Flask

    def filled(self, visitor: Visitor, text: str) -> dict[str, str]:
        """Fetch the form and fill it in."""
        return self.answered(visitor.get(self.page), text)

    def answered(self, shown: Answer, text: str) -> dict[str, str]:
        """Fill in the form of a page."""
        fields = shown.fields()
        return {**fields, "author": "Ada", "body": text, ANSWER: solve(self.app, fields[TOKEN])}

    def send(self, visitor: Visitor, fields: Mapping[str, str]) -> Answer:
        """Post the form."""
        return visitor.post(f"{self.page}/comments", fields)


@contextmanager
def journal(uri: str, limits: str = "") -> Iterator[Journal]:
    """Serve a new journal that counts at ``uri``."""
    settings: dict[str, object] = {"CAPTCHA_GUARD_STORAGE_URI": uri, "CAPTCHA_GUARD_MIN_SECONDS": 0}
    settings |= {"CAPTCHA_GUARD_COMMENT_LIMITS": limits} if limits else {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        page = make_journal(folder)[0]
        solving = {**settings, "SECRET_KEY": (folder / SECRET).read_text().strip()}
        app = solver(folder, solving, "demo_blog")
        variables = environment(folder, settings, guarded=True)
        with gunicorn("tests.crowd.journal:create_app()", folder, environment=variables) as server:
            yield Journal(server.port, page, app)


class Meter:
    """Reads what Redis and the proxy have counted for one request."""

    def __init__(self, between: Proxy, client: Any) -> None:
        self.taken: dict[str, list[Taken]] = {}
        self._proxy, self._client = between, client
        self._asked = 0

    def of(self, kind: str, ask: Callable[[], Answer]) -> Answer:
        """Send a request, and record its cost."""
        before, trips = self._calls(), self._proxy.asked
        answer = ask()
        taken = Taken(self._proxy.asked - trips, self._calls() - before)
        self.taken.setdefault(f"{kind}: {answer.status}", []).append(taken)
        return answer

    def comment(self) -> list[list[Taken]]:
        """Return the requests of one comment: page, picture, POST."""
        parts = ("page with a form: 200", "picture: 200", "comment, code right: 303")
        return [self.taken[part] for part in parts]

    def _calls(self) -> Counter[str]:
        self._asked += 1
        statistics: dict[str, dict[str, int]] = self._client.info("commandstats")
        calls = Counter({name.removeprefix("cmdstat_"): one["calls"] for name, one in statistics.items()})
        calls["info"] -= self._asked  # in addition to those of the scripts
        return Counter({name: count for name, count in calls.items() if name not in OURS})


def metered(site: Journal, meter: Meter, commenters: int) -> None:
    """Come as commenter, each time from another address; every tenth time as one who guesses, and too often."""
    for address in islice(addresses(), commenters):
        visitor = Visitor(site.port, address)
        shown = meter.of("page with a form", lambda: visitor.get(site.page))  # noqa: B023 - called at once, as below
        token = shown.fields()[TOKEN]
        meter.of("picture", lambda: visitor.get(f"/captcha-guard/{token}.png"))  # noqa: B023
        fields = site.answered(shown, f"The loop reads its bound anew, says {address}.")
        meter.of("comment, code right", lambda: site.send(visitor, fields))  # noqa: B023
    for address in islice(addresses(200), max(2, commenters // 10)):
        visitor = Visitor(site.port, address)
        for attempt in range(4):
            wrong = site.filled(visitor, f"Guess {attempt} of {address}.") | {ANSWER: "WRONG"}
            meter.of("comment, code wrong or one too many", lambda: site.send(visitor, wrong))  # noqa: B023


def empty(client: Any) -> None:
    """Delete all keys except the one that records when the store's history starts, so that no worker must find out."""
    for key in list(client.scan_iter(count=1000)):
        if MARK not in key.decode():
            client.delete(key)


def spent_on_one(site: Journal, client: Any, comments: int) -> tuple[float, float]:
    """Return Redis's processor time in seconds for one comment with page and picture, and its bytes."""
    seconds, memory = _used(client)
    for address in islice(addresses(100), comments):
        visitor = Visitor(site.port, address)
        shown = visitor.get(site.page)
        visitor.get(f"/captcha-guard/{shown.fields()[TOKEN]}.png")
        site.send(visitor, site.answered(shown, f"Let me add this: {address}."))
    seconds_now, memory_now = _used(client)
    return (seconds_now - seconds) / comments, (memory_now - memory) / comments


def _used(client: Any) -> tuple[float, int]:
    processor: dict[str, float] = client.info("cpu")
    return processor["used_cpu_sys"] + processor["used_cpu_user"], client.info("memory")["used_memory"]


@dataclass(frozen=True)
class Keys:
    """The keys of one ``kind``: how ``many`` there are, and the means of their bytes and of the seconds ``left``."""

    kind: str
    many: int
    size: float
    left: float


def held(client: Any) -> Iterator[Keys]:
    """Yield the kinds of keys in Redis."""
    kinds: dict[str, list[tuple[int, int]]] = {}
    for key in client.scan_iter(count=1000):
        kind = NONCE.sub("NONCE", DIGEST.sub("DIGEST", key.decode()))
        kinds.setdefault(kind, []).append((client.memory_usage(key, samples=0), client.pttl(key)))
    for kind, keys in sorted(kinds.items()):
        yield Keys(kind, len(keys), mean(size for size, _ in keys), mean(left for _, left in keys) / 1000)


def on_redis(comments: int) -> str:
    with (
        TemporaryDirectory() as name,
        redis_server(Path(name)) as uri,
        closing(redis.Redis.from_url(uri)) as client,
        proxy(urlsplit(uri).port or 0) as between,
    ):
        with journal(between.uri) as site:
            metered(site, Meter(between, client), 2)  # opens connections, loads scripts
            empty(client)
            meter = Meter(between, client)
            metered(site, meter, comments)
            empty(client)
            seconds, size = spent_on_one(site, client, comments)
            keys = list(held(client))
        empty(client)
        with journal(uri, AT_ONCE) as site:
            busy = busiest(site)
            busy_keys = list(held(client))
    parts = [table(("A request and its answer", "round trips", "Redis's commands"), taken(meter.taken))]
    parts.append(
        f"A comment with its page and picture takes {seconds * 1e6:,.0f} µs of Redis's processor time and, if its "
        f"client is new, {size:,.0f} bytes of its memory."
    )
    head = ("Keys", "of each comment", "bytes", "seconds to live")
    rows = [
        (
            f"`{one.kind}`",
            f"{one.many / comments:.2f}",
            f"{one.size:,.0f}",
            "no end" if one.left < 0 else f"{one.left:,.0f}",
        )
        for one in keys
    ]
    total = sum(one.many * one.size for one in keys) / comments
    parts.append(table(head, [*rows, ("together", "", f"{total:,.0f}", "")]))
    most = sum(one.many * one.size for one in busy_keys)
    parts.append(f"A client who posts {busy} comments in a day leaves {most:,.0f} bytes.")
    parts.append(table(PAPER, on_paper(meter, keys, seconds, comments)))
    return "\n\n".join(parts)


PAPER = ("Nodes", "comments/s", "round trips/s", "Redis's commands/s", "cores of Redis", "GB of Redis after a day")


def on_paper(meter: Meter, keys: Sequence[Keys], seconds: float, comments: int) -> Iterator[list[str]]:
    """Yield the projected load of Redis for each number of nodes. Each key counts until it expires."""
    trips = sum(mean(one.trips for one in requests) for requests in meter.comment())
    commands = sum(mean(one.commands.total() for one in requests) for requests in meter.comment())
    lasting = sum(one.many / comments * one.size * one.left for one in keys)
    for nodes in NODES:
        rate = nodes * RATE
        figures = [f"{rate:,.0f}", f"{rate * trips:,.0f}", f"{rate * commands:,.0f}"]
        yield [f"{nodes:,}", *figures, f"{rate * seconds:.2f}", f"{rate * lasting / 1e9:,.1f}"]


def on_cluster(comments: int) -> str:
    """Return the requests to a cluster. It has one node, which announces the proxy as its address."""
    with TemporaryDirectory() as name, redis_cluster(Path(name), primaries=1) as cluster:
        port = cluster.primaries[0].port
        with closing(redis.Redis(port=port)) as client, proxy(port) as between:
            announced = urlsplit(between.uri).port or 0
            client.config_set("cluster-announce-port", announced)
            with journal(f"redis+cluster://127.0.0.1:{announced}") as site:
                metered(site, Meter(between, client), 2)
                empty(client)
                meter = Meter(between, client)
                metered(site, meter, comments)
    return table(("On a cluster, a request and its answer", "round trips", "Redis's commands"), taken(meter.taken))


def busiest(site: Journal) -> int:
    """Post as many comments as a client may. Returns how many were accepted."""
    visitor = Visitor(site.port, "127.9.9.7")
    answers = [site.send(visitor, site.filled(visitor, f"Remark {number}.")).status for number in range(DAILY)]
    return answers.count(303)


def taken(found: Mapping[str, Sequence[Taken]]) -> Iterator[list[str]]:
    """Yield a row for each kind of request: the least and most round trips, and the mean number of each command."""
    for kind, requests in found.items():
        trips = sorted({one.trips for one in requests})
        commands = sum((one.commands for one in requests), Counter[str]())
        means = ", ".join(f"{count / len(requests):.1f} {name}" for name, count in commands.most_common())
        yield [kind, " to ".join(map(str, dict.fromkeys((trips[0], trips[-1])))), means]


def on_sqlite(comments: int) -> str:
    with TemporaryDirectory() as name:
        path = Path(name) / "counters.sqlite3"
        with journal(f"sqlite:///{path}") as site:
            for address in islice(addresses(), comments):
                visitor = Visitor(site.port, address)
                site.send(visitor, site.filled(visitor, f"The loop reads its bound anew, says {address}."))
        with closing(sqlite3.connect(path)) as file:
            pages = "SELECT name, SUM(pgsize) FROM dbstat WHERE name LIKE 'limits%' GROUP BY name ORDER BY name"
            sizes: list[tuple[str, int]] = file.execute(pages).fetchall()
    rows = [(f"`{what}`", f"{size / comments:,.0f}") for what, size in sizes]
    total = sum(size for _, size in sizes) / comments
    return table(
        ("SQLite's table or index", "bytes for a client with one comment"), [*rows, ("together", f"{total:,.0f}")]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--comments", type=int, default=COMMENTS)
    parser.add_argument("--quick", action="store_true", help="20 comments, to see that it works")
    given = parser.parse_args()
    for measure in (on_redis, on_cluster, on_sqlite):
        print(measure(20 if given.quick else given.comments), end="\n\n")
