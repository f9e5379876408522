"""Measures the time and size of pictures, ours and other packages': ``python -m tests.benchmarks.render``.

``--peers FOLDER`` is where the other packages are installed (see :mod:`tests.benchmarks.peers`). Without it only ours
run. All alternate in one run, and processor time is measured, so that other load on the machine has little effect.
Compare the ratios. Takes about a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

from tests.benchmarks.peers import DISTRIBUTIONS, OURS, Drawn, Worker

_SITES = 5  # the number of our processes for each level, each with its own style, like a site
_WARM_UP = 400  # pictures of ours, after which most glyphs of the style are cached. Other packages cache nothing.

#: The targets: ms, ms, bytes, and how often as fast as the peer that draws as many pixels.
FIRST, MEAN, SIZE, FASTER, EQUAL = 30.0, 2.5, 4096, 5, "captcha 240x120"

_RESTART = """
import random, time
from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.challenge.drawing.picture import draw
from captcha_guard.challenge.drawing.style import Style
style, rng = Style.from_secret(SECRET.encode()), random.Random(SECRET)
took = []
for number in range(60):
    code = "".join(rng.choice(ALPHABET) for _ in range(rng.choice((5, 6))))
    start = time.process_time()
    draw(code, seed=str(number).encode(), style=style)
    took.append((time.process_time() - start) * 1000)
print(took[0], sum(took) / len(took))
"""


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


def restarted(times: int = 7) -> tuple[float, float]:
    """Return the medians over fresh processes, each with its own style, after the import.

    Both are ms of processor time: of the first picture, and the mean of the first 60.
    """
    printed = [
        subprocess.run(
            [sys.executable, "-c", f"SECRET = 'site {number}'\n{_RESTART}"], capture_output=True, text=True, check=True
        ).stdout.split()
        for number in range(times)
    ]
    return median(float(first) for first, _ in printed), median(float(mean) for _, mean in printed)


def table(measured: dict[str, tuple[list[Drawn], float]], missing: Sequence[str] = ()) -> str:
    """Return the measurements as Markdown. Ratios are relative to ours at medium. ``missing`` weren't measured."""
    ours = median(one.ms for one in measured["medium"][0])
    rows = [
        "| picture | p50 ms | p99 ms | of ours | bytes, median | process, peak MiB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, (drawn, peak) in measured.items():
        times = [one.ms for one in drawn]
        label = f"captcha_guard 240x120, {name}" if name in OURS else name
        size = round(median(len(one.image) for one in drawn))
        p50, p99 = median(times), quantiles(times, n=100)[98]
        rows.append(f"| {label} | {p50:.2f} | {p99:.2f} | {p50 / ours:.1f} | {size:,} | {peak:.0f} |")
    rows += [f"| {name} | not measured: it isn't in the folder of peers | | | | |" for name in missing]
    return "\n".join(rows)


def targets(measured: dict[str, tuple[list[Drawn], float]], first: float, mean: float) -> str:
    """Return the targets at medium with what was measured. ``first`` and ``mean`` are from :func:`restarted`."""
    drawn = measured["medium"][0]
    size = round(median(len(one.image) for one in drawn))
    rows = [
        _target(
            "first picture of a process, after the import", f"at most {FIRST:.0f} ms", f"{first:.0f} ms", first <= FIRST
        ),
        _target("mean of the first 60 pictures", f"at most {MEAN} ms", f"{mean:.2f} ms", mean <= MEAN),
        _target("median PNG at 1x", f"at most {SIZE:,} bytes", f"{size:,} bytes", size <= SIZE),
    ]
    if EQUAL in measured:
        ratio = median(one.ms for one in measured[EQUAL][0]) / median(one.ms for one in drawn)
        rows.insert(
            0, _target(f"as fast as `{EQUAL}`", f"at least {FASTER} times", f"{ratio:.1f} times", ratio >= FASTER)
        )
    return "\n".join(["| at medium | aim | measured |", "| --- | ---: | ---: |", *rows])


def _target(what: str, aim: str, measured: str, met: bool) -> str:
    return f"| {what} | {aim} | {measured}{'' if met else ': missed'} |"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peers", type=Path)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--each", type=int, default=20)
    given = options.parse_args()
    peers = [name for name, package in DISTRIBUTIONS.items() if given.peers and (given.peers / package).is_dir()]
    measured = measure([*OURS, *peers], peers=given.peers, rounds=given.rounds, each=given.each)
    print(table(measured, [name for name in DISTRIBUTIONS if name not in peers]), end="\n\n")
    print(targets(measured, *restarted()))
    print(f"\n{given.rounds * given.each} pictures a process after a warm-up of {_WARM_UP}.")


if __name__ == "__main__":
    main()
