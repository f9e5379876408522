"""The captcha packages with which ours is compared. Each draws in its own process.

Two of them have the same top-level package, so each is installed into its own folder:

    for name in captcha django-simple-captcha flask-simple-captcha multicolorcaptcha; do
        pip install --target PEERS/$name $name; done
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.cli.options import presets

STYLES = 20  # the default number of styles of our pictures
OURS = tuple(name for name, level in presets().items() if level != Difficulty.classica)
CLASSICA = "classica"  # ours too, but intended to be read
DISTRIBUTIONS = {
    "captcha 160x60": "captcha",
    "captcha 240x80": "captcha",
    "captcha 240x120": "captcha",
    "django-simple-captcha": "django-simple-captcha",
    "flask-simple-captcha": "flask-simple-captcha",
    "multicolorcaptcha": "multicolorcaptcha",
}


@dataclass(frozen=True)
class Drawn:
    """One picture: every right answer, its bytes, and the ms of processor time to draw it."""

    answers: tuple[str, ...]
    image: bytes
    ms: float

    @property
    def answer(self) -> str:
        """The first of the right answers."""
        return self.answers[0]


class Worker:
    """A process that draws pictures of one package with its defaults. A context manager."""

    def __init__(self, name: str, *, peers: Path | None = None, seed: str = "bench", styles: int = STYLES) -> None:
        self.name = name
        self.peak_mib = 0.0
        folder = Path(__file__).resolve().parents[2]
        if name in DISTRIBUTIONS:
            if peers is None:
                msg = f"{name} needs the folder of peers; see the top of {Path(__file__).name}"
                raise ValueError(msg)
            folder = peers / DISTRIBUTIONS[name]
        self._process = subprocess.Popen(
            [sys.executable, "-P", Path(__file__).with_name("pictures_worker.py"), name, seed, str(styles), ALPHABET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(folder)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def draw(self, count: int) -> list[Drawn]:
        """Return ``count`` new pictures. Raises ``RuntimeError`` if the worker has ended."""
        if self._process.stdin is None or self._process.stdout is None or self._process.poll() is not None:
            raise RuntimeError(self.name)
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        self.peak_mib = answer["peak_kib"] / 1024
        return [Drawn(tuple(answers), base64.b64decode(image), ms) for answers, image, ms in answer["drawn"]]
