"""Runs bots and people on one site after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from captcha_guard.cli.attack.opponent import AttackError
from tests.benchmarks.bots import plain
from tests.benchmarks.bots.bot import NotApplicableError, Plan, Record, run
from tests.benchmarks.bots.clock import Clock
from tests.benchmarks.bots.crowds import CROWDS, DAY, Crowd, Town, honest_texts
from tests.benchmarks.bots.roster import Entry
from tests.benchmarks.bots.site import Site, plain_site
from tests.benchmarks.bots.tables import Results
from tests.crowd.visitor import addresses

#: People of each kind.
PEOPLE, FEW_PEOPLE = 30, 6

#: Seconds between two bots, after which the guard compares nothing with the comments of the first one.
BETWEEN = 2 * DAY


def run_people(site: Site, home: Iterator[str], *, quick: bool) -> list[Crowd]:
    """Let people of every kind comment."""
    texts = honest_texts()
    town, number = Town(site, home, texts), FEW_PEOPLE if quick else PEOPLE
    crowds = []
    for name, (comment, _) in CROWDS.items():
        people = len(texts) if comment.__name__ == "first_time" and not quick else number
        crowds.append(Crowd(name, comment(town, people)))
        _clean_up(site)
        _report(site, name)
    return crowds


def run_bots(site: Site, home: Iterator[str], plans: Sequence[tuple[Entry, Plan]]) -> Results:
    """Let bots try one after the other. Returns the record of each, or why it wasn't run."""
    results: dict[str, Record | str] = {}
    for entry, plan in plans:
        try:
            results[entry.name] = run(entry.make(), site, plan, home)
        except (NotApplicableError, LookupError):
            results[entry.name] = "—"
        except (AttackError, ImportError, OSError) as error:
            results[entry.name] = str(error)
        _clean_up(site)
        _report(site, entry.name)
    return results


def run_plain(kind: str, folder: Path, clock: Clock, entries: Sequence[Entry], *, quick: bool) -> Results | str:
    """Let bots try a plain application. Returns a reason if its package isn't installed."""
    if missing := plain.missing(kind):
        return f"not run: {', '.join(missing)} not installed"
    with plain_site(kind, folder / kind, clock) as site:
        return run_bots(site, addresses(), [(entry, entry.small(quick=quick)) for entry in entries])


def _clean_up(site: Site) -> None:
    site.comments.clear()
    site.clock.sleep(BETWEEN)


def _report(site: Site, name: str) -> None:
    print(f"{site.name}: {name}", file=sys.stderr, flush=True)
