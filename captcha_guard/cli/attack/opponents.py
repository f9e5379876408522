"""All reading programs of the attack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .ddddocr import Ddddocr, DdddocrBeta
from .opponent import AttackError, NotInstalledError, Opponent
from .rapidocr import Rapidocr, RapidocrDetector
from .tesseract import Tesseract

#: The programs by name. Each constructor takes the symbols of codes.
OPPONENTS: Mapping[str, Callable[[str], Opponent]] = {
    kind.name: kind for kind in (Ddddocr, DdddocrBeta, Rapidocr, RapidocrDetector, Tesseract)
}


class Installed(NamedTuple):
    """The programs that were loaded, and the errors of those that aren't installed or can't be loaded."""

    programs: list[Opponent]
    missing: list[NotInstalledError]
    broken: list[AttackError]


def load(symbols: str, names: Sequence[str] = tuple(OPPONENTS)) -> Installed:
    """Return the programs with these names. ``symbols`` are the symbols of codes.

    Several programs can be in one package. An error of that package is in the result only once.
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
