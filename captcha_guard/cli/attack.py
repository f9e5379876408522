"""The attacker off the shelf: Tesseract, in many page modes, after many treatments of the picture."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image, ImageFilter, ImageOps

from ..challenge.answer import matches
from .interval import Share

Treatment = Callable[[Image.Image], Image.Image]

#: Tesseract's ``--psm``: a block, a line, a word, a raw line.
PAGE_MODES = (6, 7, 8, 13)

PAGE_END = "\f"
ENLARGED = 3


class AttackError(RuntimeError):
    """Tesseract could not be run; the message says why."""


class Way(NamedTuple):
    """One configuration of the attack: a name in ``TREATMENTS`` and a page mode."""

    treatment: str
    page_mode: int

    def __str__(self) -> str:
        return f"{self.treatment}, psm {self.page_mode}"


@dataclass(frozen=True, slots=True)
class Tesseract:
    """The program at ``program``; ``symbols`` are all that it may read (none: whatever it likes)."""

    program: str
    symbols: str = ""

    @classmethod
    def find(cls, symbols: str = "") -> Tesseract | None:
        """Return the installed one, or ``None``."""
        program = shutil.which("tesseract")
        return None if program is None else cls(program, symbols)

    @property
    def version(self) -> str:
        """The program's version, such as ``5.3.0``."""
        return self._run(["--version"]).split(maxsplit=2)[1]

    def read(self, pictures: Sequence[Image.Image], page_mode: int) -> list[str]:
        """Return the text it sees in each picture, all in one run; raises ``AttackError`` when it fails."""
        with TemporaryDirectory(prefix="captcha_guard") as folder:
            paths = [Path(folder, f"{number}.pgm") for number in range(len(pictures))]
            for path, picture in zip(paths, pictures, strict=True):
                picture.convert("L").save(path)
            listed = Path(folder, "pictures.txt")
            listed.write_text("".join(f"{path}\n" for path in paths))
            settings = ["-c", f"page_separator={PAGE_END}"]
            if self.symbols:
                settings += ["-c", f"tessedit_char_whitelist={self.symbols}"]
            seen = self._run([str(listed), "-", "--psm", str(page_mode), *settings])
        texts = [text.strip() for text in seen.split(PAGE_END)]
        if len(texts) == len(pictures) + 1 and not texts[-1]:
            texts.pop()  # before 4.1 it ended every page, and not only those that another one follows
        if len(texts) != len(pictures):
            raise AttackError(f"tesseract was shown {len(pictures)} pictures and told of {len(texts)}")
        return texts

    def _run(self, arguments: list[str]) -> str:
        # One thread each: several run side by side, and on pictures this small its own threads only wait.
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        ended = subprocess.run(  # noqa: S603 - a fixed program and our own arguments
            [self.program, *arguments], capture_output=True, text=True, env=environment, check=False
        )
        if ended.returncode:
            last = (ended.stderr.strip().splitlines() or [f"it ended with status {ended.returncode}"])[-1]
            raise AttackError(f"tesseract failed: {last}")
        return ended.stdout


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attack read: for each way, which of the pictures it got whole."""

    solved: Mapping[Way, tuple[bool, ...]]

    @property
    def best(self) -> Way:
        """The way that read most; the first of them when several did."""
        return max(self.solved, key=lambda way: sum(self.solved[way]))

    def share(self, way: Way) -> Share:
        """Return how many one way read."""
        return Share(sum(self.solved[way]), len(self.solved[way]))

    @property
    def by_any(self) -> Share:
        """How many at least one way read; nobody can tell from outside which of them is right."""
        pictures = list(zip(*self.solved.values(), strict=True))
        return Share(sum(map(any, pictures)), len(pictures))


def ways() -> list[Way]:
    """Return every treatment in every page mode."""
    return [Way(treatment, page_mode) for treatment, page_mode in product(TREATMENTS, PAGE_MODES)]


def attack(
    tesseract: Tesseract, pictures: Sequence[bytes], codes: Sequence[str], chosen: Sequence[Way] | None = None
) -> Outcome:
    """Read PNGs in the ``chosen`` ways (all, unless given) and compare with their codes as a form would.

    Case and look-alikes are forgiven. Runs as many programs at once as there are processors. Raises ``AttackError``
    when one fails.
    """
    tried = ways() if chosen is None else chosen
    images = [Image.open(io.BytesIO(png)).convert("L") for png in pictures]
    treated = {name: [TREATMENTS[name](image) for image in images] for name in {way.treatment for way in tried}}

    def solved(way: Way) -> tuple[bool, ...]:
        texts = tesseract.read(treated[way.treatment], way.page_mode)
        return tuple(matches(code, text) for code, text in zip(codes, texts, strict=True))

    with ThreadPoolExecutor(os.cpu_count() or 1) as side_by_side:
        return Outcome(dict(zip(tried, side_by_side.map(solved, tried), strict=True)))


def _enlarged(picture: Image.Image) -> Image.Image:
    size = (picture.width * ENLARGED, picture.height * ENLARGED)
    return picture.resize(size, Image.Resampling.BICUBIC)


def _dark_on_light(picture: Image.Image) -> Image.Image:
    """Turn light ink on a dark ground over; what most pixels are is ground."""
    return ImageOps.invert(picture) if _level_at(picture.histogram(), 0.5) < 128 else picture


def _level_at(histogram: Sequence[int], share: float) -> int:
    wanted, below = share * sum(histogram), 0
    for level, count in enumerate(histogram):
        below += count
        if below >= wanted:
            return level
    return len(histogram) - 1


def _black_and_white(picture: Image.Image) -> Image.Image:
    """Part ink from ground at the level that parts the two best (Otsu, 1979)."""
    level = max(_partings(picture.histogram()))[1]
    return picture.point([0] * (level + 1) + [255] * (255 - level))


def _partings(histogram: Sequence[int]) -> Iterator[tuple[float, int]]:
    """Yield the variance between the two classes, and the level that parts them."""
    total, weighted = sum(histogram), sum(level * count for level, count in enumerate(histogram))
    dark = dark_weighted = 0
    yield 0.0, 127
    for level, count in enumerate(histogram):
        dark, dark_weighted = dark + count, dark_weighted + level * count
        if 0 < dark < total:
            gap = dark_weighted / dark - (weighted - dark_weighted) / (total - dark)
            yield dark * (total - dark) * gap * gap, level


def _smoothed(picture: Image.Image) -> Image.Image:
    return _enlarged(picture.filter(ImageFilter.MedianFilter(3)))


def _without_thin_lines(picture: Image.Image) -> Image.Image:
    """Wear dark ink off and let it grow again; what was thinner than that is gone (morphological opening)."""
    enlarged = _black_and_white(_dark_on_light(_enlarged(picture)))
    return enlarged.filter(ImageFilter.MaxFilter(7)).filter(ImageFilter.MinFilter(7))


#: What is done to a picture, in mode L, before it is read.
TREATMENTS: Mapping[str, Treatment] = {
    "as it is": lambda picture: picture,
    "enlarged": _enlarged,
    "black and white": lambda picture: _black_and_white(_dark_on_light(_enlarged(picture))),
    "smoothed": _smoothed,
    "inverted": lambda picture: ImageOps.invert(_enlarged(picture)),
    "thin lines removed": _without_thin_lines,
}
