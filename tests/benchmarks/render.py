"""How long pictures take and how large they are, beside the other packages': ``python -m tests.benchmarks.render``.

``--peers FOLDER`` names where the others are installed (see :mod:`tests.benchmarks.peers`); without it only ours run.
All draw in turns in one run, and what is counted is processor time, so that what else a machine does counts for little;
read the ratios. Takes about a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles

from tests.benchmarks.peers import DISTRIBUTIONS, OURS, Drawn, Worker

_SITES = 5  # processes of ours for each level, each with a style of its own, as a site has one
_WARM_UP = 400  # pictures of ours, until most of the style's glyphs have been drawn once; peers keep nothing
_FIRST = (
    "import time\n"
    "from captcha_guard.challenge.picture import draw\n"
    "from captcha_guard.challenge.style import Style\n"
    "start = time.perf_counter()\n"
    "draw('7ACD4R', seed=b'one', style=Style.from_secret(b'a site'))\n"
    "print((time.perf_counter() - start) * 1000)"
)


def measure(names: list[str], *, peers: Path | None, rounds: int, each: int) -> dict[str, tuple[list[Drawn], float]]:
    """Return the pictures of each and the peak memory of its process in MiB."""
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(Worker(name, peers=peers, seed=f"site {site}", styles=1))
            for name in names
            for site in range(_SITES if name in OURS else 1)
        ]
        for worker in workers:
            worker.draw(_WARM_UP if worker.name in OURS else 5)
        drawn: dict[str, list[Drawn]] = {name: [] for name in names}
        for _ in range(rounds):
            for worker in workers:
                drawn[worker.name] += worker.draw(each)
        peaks = {name: max(worker.peak_mib for worker in workers if worker.name == name) for name in names}
        return {name: (drawn[name], peaks[name]) for name in names}


def first_picture(times: int = 7) -> float:
    """Return the median ms that the first picture of a fresh process takes after the import."""
    return median(
        float(subprocess.run([sys.executable, "-c", _FIRST], capture_output=True, text=True, check=True).stdout)
        for _ in range(times)
    )


def table(measured: dict[str, tuple[list[Drawn], float]]) -> str:
    """Return the measurements as Markdown; ratios are to ours at medium."""
    ours = median(one.ms for one in measured["medium"][0])
    rows = [
        "| picture | p50 ms | p99 ms | of ours | octets, median | process, peak MiB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, (drawn, peak) in measured.items():
        times = [one.ms for one in drawn]
        label = f"captcha_guard 240x120, {name}" if name in OURS else name
        size = round(median(len(one.octets) for one in drawn))
        p50, p99 = median(times), quantiles(times, n=100)[98]
        rows.append(f"| {label} | {p50:.2f} | {p99:.2f} | {p50 / ours:.1f} | {size:,} | {peak:.0f} |")
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peers", type=Path)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--each", type=int, default=20)
    given = options.parse_args()
    names = [*OURS, *(DISTRIBUTIONS if given.peers else ())]
    print(table(measure(names, peers=given.peers, rounds=given.rounds, each=given.each)))
    print(f"\nFirst picture of a fresh process, after the import: {first_picture():.0f} ms")


if __name__ == "__main__":
    main()
