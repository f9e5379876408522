"""Runs bots and people on one site, one after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from captcha_guard.cli.attack.opponent import AttackError
from tests.benchmarks.bots.bot import Plan, Record, run
from tests.benchmarks.bots.crowds import CROWDS, DAY, Crowd, Town, first_time, honest_texts
from tests.benchmarks.bots.roster import Entry
from tests.benchmarks.bots.site import NotApplicableError, Site
from tests.benchmarks.bots.tables import Results

#: People of each kind in a whole run, and the fewest in a run with a share of it. There are as many new commenters as
#: there are texts.
PEOPLE, FEWEST_PEOPLE = 30, 6

#: Seconds between two bots, after which the guard compares nothing with the comments of the first one.
BETWEEN = 2 * DAY


def run_people(site: Site, home: Iterator[str], share: float) -> list[Crowd]:
    """Let people of every kind comment."""
    texts = honest_texts()
    town = Town(site, home, texts)
    crowds = []
    for name, (comment, _) in CROWDS.items():
        whole = len(texts) if comment is first_time else PEOPLE
        crowds.append(Crowd(name, comment(town, max(FEWEST_PEOPLE, round(whole * min(share, 1.0))))))
        _clean_up(site)
        _report(site, name)
    return crowds


def run_bots(site: Site, home: Iterator[str], plans: Sequence[tuple[Entry, Plan]]) -> Results:
    """Let bots try one after the other. Returns the record of each, or why it wasn't run."""
    results: dict[str, Record | str] = {}
    for entry, plan in plans:
        try:
            bot = entry.make()
        except (AttackError, ImportError, OSError) as error:
            results[entry.name] = str(error)
            continue
        try:
            results[entry.name] = run(bot, site, plan, home)
        except NotApplicableError:
            results[entry.name] = "—"
        _clean_up(site)
        _report(site, entry.name)
    return results


def _clean_up(site: Site) -> None:
    site.comments.clear()
    site.clock.sleep(BETWEEN)


def _report(site: Site, name: str) -> None:
    print(f"{site.name}: {name}", file=sys.stderr, flush=True)
