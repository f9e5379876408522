"""Decodes a recogniser's output for the columns of a picture, allowing only a site's symbols."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ...challenge.answer import normalise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The class that means "no symbol ends here".
BLANK = 0


class Decoder:
    """Chooses the most likely symbol of each column (greedy decoding of connectionist temporal classification).

    ``classes`` lists the symbol of each class of the recogniser. The first class is the blank. ``symbols`` are the
    symbols of codes. A class whose symbol looks like one of them counts as that one. All other classes are removed
    before the most likely one is chosen. This reads far more codes than removing symbols from the text afterwards.
    """

    def __init__(self, classes: Sequence[str], symbols: str = "") -> None:
        allowed = {normalise(symbol): symbol for symbol in symbols}
        self._kept, self._labels = [BLANK], [""]
        for number, label in enumerate(classes):
            folded = normalise(label) if allowed else label
            if number != BLANK and (folded in allowed or not allowed):
                self._kept.append(number)
                self._labels.append(allowed.get(folded, label))

    def text(self, columns: NDArray[np.float32]) -> str:
        """Return the text. ``columns`` has a row for each column of the picture, with a score for each class."""
        likeliest = columns[:, self._kept].argmax(axis=1)
        return "".join(label for label, _ in groupby(self._labels[number] for number in likeliest))
