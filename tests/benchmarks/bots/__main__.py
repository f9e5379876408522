"""A zoo of bots, and people, against the journal and plain applications: ``python -m tests.benchmarks.bots``.

gunicorn serves each site with two workers, and every request goes over a socket on the loopback interface. A site and
its visitors share a clock that the program moves forward, so that hours and days pass within minutes. ``--data`` is the
folder of the spam benchmark (see spam_data.py); without it, bots post invented spam. ``--network`` is the file of a
network that ``python -m tests.benchmarks.universal --save FILE`` has trained; without it, that bot isn't run.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.bots import tables
from tests.benchmarks.bots.bot import ASIDE, HELD, PUBLISHED, Record
from tests.benchmarks.bots.hider import PLACES
from tests.benchmarks.bots.links import SPELLINGS
from tests.benchmarks.bots.parts import Options, run_parts
from tests.benchmarks.bots.tables import Judged, Results
from tests.benchmarks.bots.texts import Collection, rules_alone
from tests.benchmarks.bots.writers import tricks

#: The packages whose versions are printed.
PACKAGES = (
    "Flask-Limiter",
    "flask-simple-captcha",
    "flask-session-captcha",
    "altcha",
    "ddddocr",
    "rapidocr",
)


#: The share of a whole run's attempts in a quick one.
QUICK = 0.06


def main() -> None:
    """Run everything, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help=f"as --share {QUICK}: within 2.5 minutes of two idle cores"
    )
    parser.add_argument("--share", type=float, default=1.0, help="make this share of the attempts")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the folder with youtube/ and sms/")
    parser.add_argument("--network", type=Path, metavar="FILE", help="a network that reads pictures")
    given = parser.parse_args()
    begin = time.perf_counter()
    with TemporaryDirectory() as name:
        options = Options(Path(name), QUICK if given.quick else given.share, given.data, given.network)
        found = run_parts(options)
    entries, spam = options.entries(), options.spam()
    results, judged = found.results, [*_judged(spam, found.results), *found.judged]
    _print("Bots on the journal", tables.bots(entries, results))
    _print("Attempts that were refused, by status", tables.refusals(entries, results))
    _print("People on the journal", tables.people(found.crowds))
    _print("Targets", tables.targets(entries, results, found.crowds, judged))
    _print("Spellings and places of spam", tables.kinds(_kinds(results)))
    _print("Comments with right codes", tables.judged(judged))
    _print("The same bots on other sites", tables.peers(entries, {"the journal": results, **found.sites}))
    seconds = time.perf_counter() - begin
    without = "" if given.data else " No data given, so the taught journal wasn't run."
    print(f"{_machine()} Spam of solvers: {spam.source}.{without} {seconds:,.0f} s in all.")


def _kinds(results: Results) -> Mapping[str, tuple[Record, Sequence[str]]]:
    names = {"link dropper": SPELLINGS, "letter tricks": tricks(), "field hider": PLACES}
    return {
        bot: (record, [str(kind) for kind in kinds])
        for bot, kinds in names.items()
        if isinstance(record := results[bot], Record)
    }


def _judged(spam: Collection, results: Results) -> Iterator[Judged]:
    """Yield each bot that posts the spam texts, with the share of its stored texts that the rules stop alone."""
    for name in ("trained network", "solving farm", "header forger", "distributed farm", "subtle spammer"):
        record = results[name]
        if isinstance(record, Record):
            stored = [one.number for one in record.attempts if one.outcome in (PUBLISHED, HELD, ASIDE)]
            if stored:
                yield Judged.of(record, name, rules_alone([spam.write(number) for number in stored]))


def _machine() -> str:
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}; {versions}."


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _print(title: str, lines: str) -> None:
    print(f"**{title}**\n\n{lines}\n", flush=True)


if __name__ == "__main__":
    main()
