"""All reading programs that the attack knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .ddddocr import Ddddocr, DdddocrBeta
from .opponent import AttackError, NotInstalledError, Opponent
from .rapidocr import Rapidocr, RapidocrDetector
from .tesseract import Tesseract

#: By name; each is made with the symbols of the codes.
OPPONENTS: Mapping[str, Callable[[str], Opponent]] = {
    kind.name: kind for kind in (Ddddocr, DdddocrBeta, Rapidocr, RapidocrDetector, Tesseract)
}


class Installed(NamedTuple):
    """The programs that were loaded; the errors of those that aren't installed, and of those that can't be loaded."""

    programs: list[Opponent]
    missing: list[NotInstalledError]
    broken: list[AttackError]


def load(symbols: str, names: Sequence[str] = tuple(OPPONENTS)) -> Installed:
    """Load the programs of these names; ``symbols`` are those that codes consist of.

    Several programs can come with one package. An error of that package is in the result once.
    """
    programs: list[Opponent] = []
    missing: dict[str, NotInstalledError] = {}
    broken: dict[str, AttackError] = {}
    for name in names:
        try:
            programs.append(OPPONENTS[name](symbols))
        except NotInstalledError as error:
            missing.setdefault(str(error), error)
        except AttackError as error:
            broken.setdefault(str(error), error)
    return Installed(programs, list(missing.values()), list(broken.values()))
