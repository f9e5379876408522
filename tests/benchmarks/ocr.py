"""What Tesseract reads of the pictures, ours and the other packages': ``python -m tests.benchmarks.ocr``.

Every picture is tried in each way of cleaning it up and each way Tesseract can split a page; a string counts as read
when it is right as a whole, look-alikes folded as the guard folds them. ``--peers FOLDER`` names where the others are
installed (see :mod:`tests.benchmarks.peers`), ``--seed`` draws other pictures. One process at a time, one thread.

All 28 ways take one to two seconds a picture. ``--rehearse 60`` first tries all of them on 60 other pictures and then
judges with the best ``--ways`` only, as an attacker would: what is reported was never chosen on the pictures it is
counted on.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import subprocess
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PIL import Image, ImageFilter, ImageOps

from captcha_guard.challenge.answer import normalise
from tests.benchmarks.peers import DISTRIBUTIONS, OURS, Drawn, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MODES = (6, 7, 8, 13)  # page segmentation: a block, a line, a word, a raw line
_WHITELIST = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _upscaled(grey: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(grey.resize((grey.width * 3, grey.height * 3), Image.Resampling.LANCZOS))


def _otsu(grey: Image.Image) -> Image.Image:
    """Return black and white at the threshold that parts the histogram best (Otsu 1979)."""
    counts = grey.histogram()
    total, mass = sum(counts), sum(value * count for value, count in enumerate(counts))
    best, threshold, below, mass_below = -1.0, 0, 0, 0
    for value, count in enumerate(counts):
        below, mass_below = below + count, mass_below + value * count
        if not 0 < below < total:
            continue
        between = (mass * below / total - mass_below) ** 2 / (below * (total - below))
        if between > best:
            best, threshold = between, value
    return grey.point([255 * (value > threshold) for value in range(256)])


def _dark_on_light(grey: Image.Image) -> Image.Image:
    black = _otsu(grey).histogram()[0]
    return ImageOps.invert(grey) if black > grey.width * grey.height / 2 else grey


def _opened(grey: Image.Image) -> Image.Image:
    """Take away dark strokes thinner than 5 px of an upscaled picture."""
    return grey.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.MinFilter(5))


CLEANINGS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "raw": lambda grey: grey,
    "3x": _upscaled,
    "3x, inverted": lambda grey: ImageOps.invert(_upscaled(grey)),
    "3x, dark on light": lambda grey: _dark_on_light(_upscaled(grey)),
    "3x, Otsu": lambda grey: _otsu(_dark_on_light(_upscaled(grey))),
    "3x, median": lambda grey: _dark_on_light(_upscaled(grey)).filter(ImageFilter.MedianFilter(5)),
    "3x, lines opened": lambda grey: _opened(_otsu(_dark_on_light(_upscaled(grey)))),
}


Way = tuple[str, int]
WAYS: tuple[Way, ...] = tuple((cleaning, mode) for cleaning in CLEANINGS for mode in _MODES)


def read(pictures: list[Image.Image], mode: int, folder: Path) -> list[str]:
    """Return what Tesseract reads in each picture; nothing in one at which it crashes."""
    paths = []
    for index, picture in enumerate(pictures):
        paths.append(folder / f"{index}.png")
        picture.save(paths[-1])
    listed = folder / "list.txt"
    listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
    command = ["tesseract", str(listed), "stdout", "--psm", str(mode), "-c", f"tessedit_char_whitelist={_WHITELIST}"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode < 0:  # a signal: some picture is more than it can take
        half = len(pictures) // 2
        return read(pictures[:half], mode, folder) + read(pictures[half:], mode, folder) if half else [""]
    done.check_returncode()
    return done.stdout.split("\f")[: len(pictures)]


def attack(drawn: list[Drawn], ways: Sequence[Way] = WAYS) -> Counter[Way]:
    """Return how many of the pictures each configuration reads."""
    right: Counter[Way] = Counter()
    greys = [Image.open(io.BytesIO(one.octets)).convert("L") for one in drawn]
    with TemporaryDirectory() as folder:
        for name, mode in ways:
            readings = read([CLEANINGS[name](grey) for grey in greys], mode, Path(folder))
            pairs = zip(drawn, readings, strict=True)
            right[name, mode] = sum(normalise(one.answer) == normalise(text) for one, text in pairs)
    return right


def best_ways(name: str, peers: Path | None, *, pictures: int, ways: int) -> list[Way]:
    """Return the configurations that read most of ``pictures`` pictures which judge nothing."""
    with Worker(name, peers=peers, seed="rehearsal") as worker:
        return [way for way, _ in attack(worker.draw(pictures)).most_common(ways)]


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate (Wilson 1927)."""
    z = 1.96
    share, weight = hits / tries, 1 + z * z / tries
    middle = (share + z * z / (2 * tries)) / weight
    reach = z / weight * math.sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def main() -> None:
    """Attack and print, best configuration first."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peers", type=Path)
    options.add_argument("--count", type=int, default=100)
    options.add_argument("--seed", default="judge")
    options.add_argument(
        "--rehearse", type=int, default=0, metavar="PICTURES", help="judge with the best ways of these"
    )
    options.add_argument("--ways", type=int, default=6, help="how many ways judge after a rehearsal")
    options.add_argument("--only", nargs="*", choices=(*OURS, *DISTRIBUTIONS), help="names of those to attack")
    given = options.parse_args()
    names = given.only or [*OURS, *(DISTRIBUTIONS if given.peers else ())]
    print("| pictures | read by the best configuration | 95 % interval | which | configurations that read any |")
    print("| --- | ---: | ---: | --- | ---: |")
    for name in names:
        rehearsed = given.rehearse
        ways = best_ways(name, given.peers, pictures=rehearsed, ways=given.ways) if rehearsed else WAYS
        with Worker(name, peers=given.peers, seed=given.seed) as worker:
            right = attack(worker.draw(given.count), ways)
        (cleaning, mode), hits = right.most_common(1)[0]
        low, high = wilson(hits, given.count)
        label = f"captcha_guard, {name}" if name in OURS else name
        reached = sum(1 for count in right.values() if count)
        print(
            f"| {label} | {hits / given.count:.1%} | {low:.1%} to {high:.1%} | {cleaning}, psm {mode} "
            f"| {reached} of {len(right)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
