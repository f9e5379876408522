"""Half an hour of mixed load on the journal under gunicorn: ``python -m tests.benchmarks.soak [--minutes 30]``.

Readers, commenters with right and with wrong codes, listeners, JSON clients, an owner at the desk and a flooding client
visit the journal at a fixed pace, over sockets. In the five minutes before, they come eight times as often, so that
caches of a fixed size (drawn letters, rendered comments) are full when the measurement begins. Once a minute, the
program reads each worker's memory, open files, threads and processor time, and the sizes of the databases. Comments
older than a minute are deleted then, so that pages keep their length. It prints a row every few minutes and, for each
figure, its values after the first five minutes and its slope, which is also given for the second half alone. The load
of the machine is printed beside, because latency depends on it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import linear_regression
from tempfile import TemporaryDirectory

from flask import Flask

from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, NO_CODE, TOKEN
from demo_blog import create_app
from demo_blog.database import db
from demo_blog.desk import accounts, links
from tests.benchmarks.endurance import table
from tests.crowd.gunicorn_server import gunicorn
from tests.crowd.journal import DATABASE, SECRET, environment, make_journal
from tests.crowd.race import solver
from tests.crowd.visitor import Answer, Visitor, addresses
from tests.crowd.visits import WORDS

WORKERS, THREADS = 2, 4
MINUTES = 30

#: The minutes before the measurement, and how many times as often visitors come then.
WARM, EAGER = 5, 8

#: The quantiles of the times that are shown, by kind of request.
QUANTILES: Mapping[str, Sequence[float]] = {"page": (0.5, 0.95, 0.99), "comment": (0.5, 0.95), "desk": (0.5, 0.95)}

READ = ("/", "/archive", "/tags", "/about", "/search?q=hash+table", "/feed.atom", "/sitemap.xml", "/journal.css")
DESK = (
    *("/desk", "/desk?list=all", "/desk/statistics?span=day", "/desk/words", "/desk/what-if?hold=50"),
    *("/desk/decisions", "/desk/bans", "/desk/notices", "/desk/comments.csv"),
)
FLOODER = "127.250.0.7"


@dataclass
class Minute:
    """The times of one minute's requests in ms by kind of request, the answers' statuses, and the failed requests."""

    times: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def at(self, kind: str, share: float) -> float:
        """Return a quantile of a kind's times in ms."""
        ordered = sorted(self.times.get(kind, [0.0]))
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass
class Site:
    """The served journal: its ``pages``, the application that solves its codes, and what happens in this minute.

    ``owner`` is logged in to the desk. ``flooder`` has opened a form, whose fields are ``flooded``.
    """

    port: int
    pages: Sequence[str]
    solver: Flask
    owner: Visitor
    flooder: Visitor
    flooded: dict[str, str] = field(default_factory=dict)
    minute: Minute = field(default_factory=Minute)

    def ask(self, kind: str, visitor: Visitor, path: str, fields: Mapping[str, str] | None = None) -> Answer:
        """Send a request, and record its time and its answer's status. With ``fields`` it is a form."""
        return self._timed(kind, path, lambda: visitor.get(path) if fields is None else visitor.post(path, fields))

    def ask_json(self, visitor: Visitor, path: str, document: Mapping[str, object]) -> Answer:
        """Send a JSON document, and record its time and its answer's status."""
        return self._timed("JSON", path, lambda: visitor.post_json(path, document))

    def _timed(self, kind: str, path: str, send: Callable[[], Answer]) -> Answer:
        begin, minute = time.monotonic(), self.minute
        answer = send()
        minute.times.setdefault(kind, []).append((time.monotonic() - begin) * 1000)
        minute.statuses[f"{kind} {answer.status}"] += 1
        if answer.status >= 500:
            minute.failed.append(f"{kind} {path}: {answer.status}")
        return answer


def read(site: Site, address: str, chance: random.Random) -> None:
    """Read a page, or a post with its comments."""
    site.ask("page", Visitor(site.port, address), chance.choice((*site.pages, *READ)))


def text(chance: random.Random) -> str:
    """Return a comment."""
    return f"{' '.join(chance.choices(WORDS, k=20)).capitalize()} {chance.randrange(10**9)}."


def opened(site: Site, address: str, chance: random.Random) -> tuple[Visitor, str, dict[str, str]]:
    """Open a post. Returns the visitor, the address of the form, and its fields with a comment typed into them."""
    visitor, page = Visitor(site.port, address), chance.choice(site.pages)
    fields = site.ask("page", visitor, page).fields()
    fields.pop(NO_CODE, None)
    return visitor, f"{page}/comments", fields | {"author": chance.choice(WORDS).title(), "body": text(chance)}


def comment(site: Site, address: str, chance: random.Random) -> None:
    """Fetch the picture, type the code, send the comment, and read the page that shows it."""
    visitor, form, fields = opened(site, address, chance)
    site.ask("picture", visitor, f"/captcha-guard/{fields[TOKEN]}.png")
    answer = site.ask("comment", visitor, form, fields | {ANSWER: solve(site.solver, fields[TOKEN])})
    if answer.status == 303:
        site.ask("page", visitor, answer.headers["location"].partition("#")[0])


def mistype(site: Site, address: str, chance: random.Random) -> None:
    """Type a wrong code, and then the right one for the picture that follows."""
    visitor, form, fields = opened(site, address, chance)
    again = site.ask("comment", visitor, form, fields | {ANSWER: "WRONGWRONG"}).fields()
    if TOKEN in again:
        site.ask("comment", visitor, form, fields | {TOKEN: again[TOKEN], ANSWER: solve(site.solver, again[TOKEN])})


def listen(site: Site, address: str, chance: random.Random) -> None:
    """Fetch the sound of a code twice, and send the comment with the code."""
    visitor, form, fields = opened(site, address, chance)
    for _ in range(2):
        site.ask("sound", visitor, f"/captcha-guard/{fields[TOKEN]}.wav")
    site.ask("comment", visitor, form, fields | {ANSWER: solve(site.solver, fields[TOKEN])})


def send_without_code(site: Site, address: str, chance: random.Random) -> None:
    """Send a comment to the moderator without a code."""
    visitor, form, fields = opened(site, address, chance)
    site.ask("comment", visitor, form, fields | {NO_CODE: "1"})


def ask_for_codes(site: Site, address: str, chance: random.Random) -> None:
    """Ask for a new challenge as a script does, replace it with another one, and send a document that isn't right."""
    visitor, scope = Visitor(site.port, address), f"comment:{chance.choice(site.pages).rpartition('/')[2]}"
    first = site.ask_json(visitor, "/captcha-guard/challenge", {"scope": scope})
    site.ask_json(visitor, "/captcha-guard/challenge", {"scope": scope, "token": json.loads(first.text)["token"]})
    site.ask_json(visitor, "/captcha-guard/challenge", {"scope": ["?"], "token": 7})


def moderate(site: Site, _: str, chance: random.Random) -> None:
    """Open a page of the desk, decide about a held comment, and try a list of words."""
    site.ask("desk", site.owner, chance.choice(DESK))
    queue = site.ask("desk", site.owner, "/desk")
    fields, ids = queue.fields(), re.findall(r'name="id" value="(\d+)"', queue.text)
    if ids:
        pressed = {chance.choice(("approve", "spam")): ids[0]}
        site.ask("desk", site.owner, "/desk/decide", {"csrf_token": fields["csrf_token"], "back": "", **pressed})
    words = {"csrf_token": fields["csrf_token"], "entries": f"casino\n{chance.choice(WORDS)}"}
    site.ask("desk", site.owner, "/desk/words/moderated", words)


def flood(site: Site, _: str, chance: random.Random) -> None:
    """Post spam with a wrong code, always from the same address and with the same form."""
    if not site.flooded:
        site.flooded.update(site.flooder.get(site.pages[0]).fields())
    spam = site.flooded | {"author": "Bot", "body": f"Buy {text(chance)}", ANSWER: "WRONG"}
    site.ask("flood", site.flooder, f"{site.pages[0]}/comments", spam)


@dataclass(frozen=True)
class Kind:
    """A kind of visitor: what one of them does, how many come in ten seconds, and from which networks (127.x)."""

    visit: Callable[[Site, str, random.Random], None]
    pace: float
    network: int


KINDS: Sequence[Kind] = (
    Kind(read, 20, 1),
    Kind(comment, 5, 40),
    Kind(mistype, 2, 80),
    Kind(listen, 1, 120),
    Kind(send_without_code, 0.5, 140),
    Kind(ask_for_codes, 3, 160),
    Kind(moderate, 1, 200),
    Kind(flood, 15, 220),
)


def keep_visiting(kind: Kind, site: Site, warm: float, until: float) -> None:
    """Send visitors of one kind at their pace, each from another address. A late visit isn't made up for.

    ``warm`` and ``until`` are the ends of the eager minutes and of all, in monotonic seconds.
    """
    chance = random.Random(kind.network)
    due = time.monotonic()
    for address in addresses(kind.network):
        pause = 10 / kind.pace / (EAGER if due < warm else 1)
        due = max(due + pause * chance.uniform(0.5, 1.5), time.monotonic())
        if due >= until:
            return
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            kind.visit(site, address, chance)
        except (OSError, ValueError, LookupError) as error:
            site.minute.failed.append(f"{kind.visit.__name__}: {type(error).__name__}: {error}")


@dataclass(frozen=True)
class Sample:
    """The state of one minute. ``figures`` has a column's values by the column's name."""

    minute: int
    figures: Mapping[str, float]


def sample(minute: int, done: Minute, workers: Sequence[int], folder: Path) -> Sample:
    """Return the figures of a minute that is over. Memory is in MiB, times are in ms."""
    figures: dict[str, float] = {"load": os.getloadavg()[0], "requests": sum(done.statuses.values())}
    figures["failed"] = len(done.failed)
    for kind, shares in QUANTILES.items():
        figures |= {f"{kind} p{100 * share:.0f}": done.at(kind, share) for share in shares}
    for number, worker in enumerate(workers, 1):
        proc = Path(f"/proc/{worker}")
        figures[f"MiB {number}"] = int((proc / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    opened = [target for worker in workers for target in open_files(Path(f"/proc/{worker}/fd"))]
    figures["sockets"] = sum(target.startswith("socket:") for target in opened)
    figures["files"] = len(opened) - figures["sockets"]
    figures["threads"] = sum(len(list(Path(f"/proc/{worker}/task").iterdir())) for worker in workers)
    for name, pattern in (("MB of databases", "*.sqlite3"), ("MB of logs", "*-wal")):
        figures[name] = sum(file.stat().st_size for file in folder.glob(pattern)) / 1e6
    return Sample(minute, figures)


def open_files(folder: Path) -> Iterator[str]:
    """Yield what a process has open: the path of a file, or what the system calls a socket or a pipe."""
    for link in folder.iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            yield str(link.readlink())


def delete_old_comments(folder: Path) -> None:
    """Delete the comments that are older than a minute."""
    before = (datetime.now(UTC) - timedelta(minutes=1)).replace(tzinfo=None)
    with closing(sqlite3.connect(folder / DATABASE, timeout=60)) as database, database:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("DELETE FROM comment WHERE created < ?", (f"{before:%Y-%m-%d %H:%M:%S.%f}",))


@contextmanager
def served(folder: Path) -> Iterator[tuple[Site, tuple[int, ...]]]:
    """Serve a journal in a folder. Yields it with the ids of the workers' processes."""
    pages = make_journal(folder)
    app = create_app({"DEMO_BLOG_INSTANCE": folder})
    with app.app_context():
        link = links.create(accounts.create_owner("otto", "nine gaps between ten posts"))
        db.session.remove()
        db.engine.dispose()
    settings = {"CAPTCHA_GUARD_MIN_SECONDS": 0}
    solving = {**settings, "SECRET_KEY": (folder / SECRET).read_text().strip(), "CAPTCHA_GUARD_LEARNING": "off"}
    variables = environment(folder, settings, guarded=True)
    with gunicorn(
        "tests.crowd.journal:create_app()", folder, workers=WORKERS, threads=THREADS, environment=variables
    ) as server:
        owner = Visitor(server.port, "127.249.0.7")
        owner.post(f"/desk/link/{link}", owner.get(f"/desk/link/{link}").fields())
        codes = solver(folder, solving, "demo_blog")
        yield Site(server.port, pages, codes, owner, Visitor(server.port, FLOODER)), server.workers


def soak(minutes: int, folder: Path) -> tuple[list[Sample], Counter[str], list[str]]:
    """Let all visitors come for some minutes after the eager ones.

    Returns a sample for each minute, all answers, and the failed requests.
    """
    samples, answers, failed = [], Counter[str](), []
    minutes += WARM
    with served(folder) as (site, workers):
        warm = time.monotonic() + 60 * WARM
        until = warm + 60 * (minutes - WARM)
        threads = [threading.Thread(target=keep_visiting, args=(kind, site, warm, until)) for kind in KINDS]
        for thread in threads:
            thread.start()
        for minute in range(1, minutes + 1):
            time.sleep(max(0.0, until - 60 * (minutes - minute) - time.monotonic()))
            done, site.minute = site.minute, Minute()
            samples.append(sample(minute, done, workers, folder))
            answers += done.statuses
            failed += done.failed
            print(minute, {name: round(value, 1) for name, value in samples[-1].figures.items()}, file=sys.stderr)
            delete_old_comments(folder)
        for thread in threads:
            thread.join()
    return samples, answers, failed


def trend(samples: Sequence[Sample], name: str) -> list[str]:
    """Return a figure's first, last and largest value after the start, and its slopes: after the start, and at last."""
    later = [one for one in samples if one.minute > WARM]
    values = [one.figures[name] for one in later]
    slopes = [slope(later, name), slope(later[len(later) // 2 :], name)]
    return [name, *(f"{one:,.1f}" for one in (values[0], values[-1], max(values))), *slopes]


def slope(samples: Sequence[Sample], name: str) -> str:
    """Return a figure's change in an hour in percent of its mean (least squares)."""
    values = [one.figures[name] for one in samples]
    mean = sum(values) / len(values)
    per_minute = linear_regression([one.minute for one in samples], values).slope
    return f"{100 * 60 * per_minute / mean:+.0f} %" if mean else "0 %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=int, default=MINUTES)
    minutes = max(4, parser.parse_args().minutes)
    with TemporaryDirectory() as folder:
        samples, answers, failed = soak(minutes, Path(folder))
    names = list(samples[0].figures)
    every = max(1, len(samples) // 7)
    shown = [one for one in samples if one.minute % every == 0]
    print(
        table(
            ("minute", *names), [[str(one.minute), *(f"{one.figures[name]:,.0f}" for name in names)] for one in shown]
        )
    )
    print()
    head = (f"after the first {WARM} minutes", "first", "last", "most", "change in an hour", "in the second half")
    print(table(head, [trend(samples, name) for name in names]), end="\n\n")
    print(", ".join(f"{times:,} {what}" for what, times in sorted(answers.items())), end=".\n\n")
    print(f"{len(failed)} failed: {Counter(failed).most_common(5)}.", end="\n\n")
    print(f"{WORKERS} workers with {THREADS} threads; {os.cpu_count()} cores, Python {platform.python_version()}.")


if __name__ == "__main__":
    main()
