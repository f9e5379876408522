"""What bots answer codes with: a program that reads pictures, a trained network, or people who are paid."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.cli.attack.opponent import AttackError
from captcha_guard.cli.attack.opponents import OPPONENTS
from captcha_guard.cli.attack.ways import Way, pieces
from tests.benchmarks.bots.site import JOURNAL, NotApplicableError, Site
from tests.crowd.visitor import Answer, Visitor

#: Seconds that a solving farm takes for a code.
FARM_SECONDS = 10.0

OUR_SITES = (JOURNAL, "captcha_guard")

#: The symbols that a program may read on a site. With none, it reads any text, because the program would take letters
#: that look like each other for one.
SYMBOLS = {"flask-simple-captcha": "", "flask-session-captcha": "0123456789"}

#: The best way of each program to read our pictures (docs/measurements/strength.md).
WAYS = {
    "ddddocr": Way("dark on light", "seam"),
    "rapidocr": Way("dark on light", "halves at 50 %"),
    "tesseract": Way("dark on light", "seam", mode="psm 7"),
}

#: The best ways to read other pictures, if it isn't the untreated picture.
ELSEWHERE = {
    ("ddddocr", "flask-simple-captcha"): Way("black and white"),
    ("ddddocr", "flask-session-captcha"): Way("widened"),
}


class Solver(Protocol):
    """Answers codes. Returns "" if a site has no code that it can answer."""

    def solve(self, site: Site, visitor: Visitor, page: Answer) -> str:
        """Return the answer to the code of a page."""


class Farm:
    """People who always answer right, after some seconds. A proof of work is computed instead."""

    def __init__(self, seconds: float = FARM_SECONDS) -> None:
        self._seconds = seconds

    def solve(self, site: Site, visitor: Visitor, page: Answer) -> str:
        """Return the right answer."""
        if site.name == "ALTCHA":
            return site.proof(visitor)
        site.clock.sleep(self._seconds)
        return next(iter(site.right_answers(page).get("image", ())), "")


class Program:
    """A reading program. Raises ``AttackError`` if it isn't installed or can't be loaded."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loaded: dict[str, Any] = {}
        self._load(ALPHABET)

    def solve(self, site: Site, visitor: Visitor, page: Answer) -> str:
        """Return what the program reads in the picture."""
        program = self._load(SYMBOLS.get(site.name, ALPHABET))
        way = WAYS[self._name]
        if site.name not in OUR_SITES:
            way = ELSEWHERE.get((self._name, site.name), Way(mode=way.mode))
        picture = Image.open(io.BytesIO(site.picture(visitor, page))).convert("L")
        texts: list[str] = program.read(pieces(way, way.cut_up(picture)), way.mode)
        return "".join(letter for letter in "".join(texts) if letter.isascii() and letter.isalnum())

    def _load(self, symbols: str) -> Any:
        if symbols not in self._loaded:
            self._loaded[symbols] = OPPONENTS[self._name](symbols)
        return self._loaded[symbols]


class TrainedNetwork:
    """The network of ``python -m tests.benchmarks.universal --save FILE``. Raises ``ImportError`` without torch."""

    def __init__(self, file: Path) -> None:
        import torch  # noqa: PLC0415 - may be missing

        from tests.benchmarks.network import Network  # noqa: PLC0415 - needs torch
        from tests.benchmarks.pictures import grey  # noqa: PLC0415 - needs torch

        torch.set_num_threads(1)
        self._network, self._grey = Network.load(file), grey

    def solve(self, site: Site, visitor: Visitor, page: Answer) -> str:
        """Return what the network reads in the picture. It knows only our pictures."""
        if site.name not in OUR_SITES:
            raise NotApplicableError(f"the network wasn't trained on the pictures of {site.name}")
        return self._network.read(self._grey(site.picture(visitor, page))[None])[0]


def loaded(name: str, load: Callable[[], Solver]) -> Solver | str:
    """Return a solver, or why it can't be used."""
    try:
        return load()
    except (AttackError, ImportError, OSError) as error:
        return f"{name}: {error}"
