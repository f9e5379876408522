"""Pictures of many styles with their codes, in the form that the network reads. They are cached on disk."""

from __future__ import annotations

import functools
import hashlib
import io
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image, ImageOps

from captcha_guard import Difficulty, Style, draw
from captcha_guard.challenge.answer import derive, normalise
from captcha_guard.challenge.drawing.picture import readings
from tests.benchmarks.network import HEIGHT, WIDTH

if TYPE_CHECKING:
    from pathlib import Path

_LENGTH = (5, 6)  # symbols of a code, if the difficulty doesn't set its length
_PART = 1_000  # the number of pictures in a file, which a process draws at a time
_SAMPLES = (
    20  # the number of pictures, one of each style, that are compared to see whether drawing or answers have changed
)


@dataclass(frozen=True)
class Pictures:
    """Grey pictures, bytes shaped (count, 1, HEIGHT, WIDTH), and the right answers to each, folded."""

    greys: torch.Tensor
    answers: tuple[tuple[str, ...], ...]

    @classmethod
    def joined(cls, parts: list[Pictures]) -> Pictures:
        """Return the pictures of all parts, in order."""
        return cls(torch.cat([part.greys for part in parts]), sum((part.answers for part in parts), ()))

    def __len__(self) -> int:
        return len(self.answers)

    def part(self, start: int, stop: int) -> Pictures:
        """Return the pictures from ``start`` up to ``stop``."""
        return Pictures(self.greys[start:stop], self.answers[start:stop])


@dataclass(frozen=True)
class Studio:
    """Draws pictures of one level in several processes. ``cache`` is the folder for drawn pictures."""

    level: str
    cache: Path
    processes: int

    def drawn(self, styles: list[str], each: int) -> Pictures:
        """Return ``each`` pictures of each style, style by style. A style is named by its secret."""
        at_once = max(_PART // each, 1)
        wanted = [styles[start : start + at_once] for start in range(0, len(styles), at_once)]
        paths = [self._path(some, each) for some in wanted]
        missing = [(some, path) for some, path in zip(wanted, paths, strict=True) if not path.exists()]
        self.cache.mkdir(parents=True, exist_ok=True)
        # Forked processes could hang, because torch may have threads.
        with ProcessPoolExecutor(self.processes, get_context("spawn")) as pool:
            for drawing in [pool.submit(_draw_part, self.level, some, each, path) for some, path in missing]:
                drawing.result()
        return Pictures.joined([_loaded(path) for path in paths])

    def _path(self, styles: list[str], each: int) -> Path:
        """Return the file of these pictures. Its name changes when the drawing changes."""
        named = f"{_fingerprint(self.level)} {styles} {each} {WIDTH} {HEIGHT}"
        return self.cache / f"{self.level}-{hashlib.sha256(named.encode()).hexdigest()[:24]}.pt"


def _draw_part(level: str, styles: list[str], each: int, path: Path) -> None:
    """Draw ``each`` pictures of each style into a file, which appears only when it is complete."""
    drawn = [_picture(level, style, number) for style in styles for number in range(each)]
    greys = torch.stack([grey(png) for png, _ in drawn])
    unfinished = path.with_suffix(".unfinished")
    torch.save({"greys": greys, "answers": [answers for _, answers in drawn]}, unfinished)
    unfinished.rename(path)


def _loaded(path: Path) -> Pictures:
    kept = torch.load(path, weights_only=True)
    return Pictures(kept["greys"], tuple(tuple(answers) for answers in kept["answers"]))


@functools.cache
def _fingerprint(level: str) -> str:
    """Return a hash of pictures of this level and their answers. It changes when one of them changes."""
    drawn = [_picture(level, f"sample {index}", 0) for index in range(_SAMPLES)]
    return hashlib.sha256(repr(drawn).encode()).hexdigest()


def _picture(level: str, style: str, number: int) -> tuple[bytes, list[str]]:
    """Return one picture's PNG and its right answers. The first answer is the one that readers give most."""
    difficulty = Difficulty.named(level)
    secret, nonce = style.encode(), str(number).encode()
    answer = derive(secret, nonce, length=difficulty.symbols(_LENGTH))
    seed = hashlib.sha256(b"drawing" + secret + b"\0" + nonce).digest()
    drawing: dict[str, Any] = {"seed": seed, "style": _style(style), "difficulty": difficulty}
    return draw(answer, **drawing), [normalise(reading) for reading in readings(answer, **drawing)]


@functools.lru_cache(maxsize=1)
def _style(name: str) -> Style:
    return Style.from_secret(name.encode())


def grey(png: bytes) -> torch.Tensor:
    """Return the picture's shades in the size that the network reads, with the same aspect ratio."""
    picture = Image.open(io.BytesIO(png)).convert("L")
    fitted = ImageOps.pad(picture, (WIDTH, HEIGHT), Image.Resampling.BOX, color=picture.tobytes()[0])
    return torch.frombuffer(bytearray(fitted.tobytes()), dtype=torch.uint8).view(1, HEIGHT, WIDTH)
