"""Symbols of codes that readers mix up: typing any of them is right where another of its group is shown."""

from __future__ import annotations

from collections.abc import Sequence

#: Every look-alike and the symbol that stands for its group.
LOOK_ALIKES = str.maketrans(
    {
        "0": "D", "O": "D", "Q": "D",
        "1": "I", "L": "I", "|": "I", "!": "I", "J": "I",
        "Z": "2",
        "S": "5",
        "B": "8",
        "G": "6",
        "U": "V",
        "7": "T", "Y": "T",
        "N": "H", "K": "H", "X": "H",
        "A": "4",
        "E": "F",
        "P": "R",
    }
)  # fmt: skip


def groups_of(alphabet: str) -> Sequence[str]:
    """Return an alphabet's symbols by what they count as, in order of first appearance: ``"AB8"`` gives A and B8."""
    groups: dict[str, str] = {}
    for symbol in alphabet:
        folded = symbol.translate(LOOK_ALIKES)
        groups[folded] = groups.get(folded, "") + symbol
    return tuple(groups.values())
