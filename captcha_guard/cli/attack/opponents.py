"""All reading programs that the attack knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .ddddocr import Ddddocr, DdddocrBeta
from .opponent import NotInstalledError, Opponent
from .rapidocr import Rapidocr, RapidocrDetector
from .tesseract import Tesseract

#: By name; each is made with the symbols of the codes.
OPPONENTS: Mapping[str, Callable[[str], Opponent]] = {
    kind.name: kind for kind in (Ddddocr, DdddocrBeta, Rapidocr, RapidocrDetector, Tesseract)
}


class Muster(NamedTuple):
    """The programs that are here, and for each missing one the error that says how to install it."""

    present: list[Opponent]
    missing: list[NotInstalledError]


def muster(symbols: str, names: Sequence[str] = tuple(OPPONENTS)) -> Muster:
    """Load the programs of these names; ``symbols`` are those that codes consist of."""
    found = Muster([], [])
    for name in names:
        try:
            found.present.append(OPPONENTS[name](symbols))
        except NotInstalledError as error:
            if error.program not in {other.program for other in found.missing}:
                found.missing.append(error)
    return found
