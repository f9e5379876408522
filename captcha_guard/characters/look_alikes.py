"""Characters that look like others: symbols of codes that readers confuse, and letters of other scripts.

If a code shows one symbol of a group, every symbol of the group is right, and so is every letter that looks like one.
"""

# ruff: noqa: RUF001 (the tables consist of such letters)

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: Every look-alike, and the symbol that represents its group.
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


def _table(drawn: str, meant: str) -> dict[int, str]:
    return {ord(one): other for one, other in zip(drawn.split(), meant.split(), strict=True)}


#: Cyrillic, Greek and Armenian letters that look like Latin ones.
FOREIGN: Final = {
    **_table(
        "а в с е ё н һ і ї ј к ӏ м о р ѕ т у ү х ԁ ԛ ԝ ѵ ғ А В С Е Ё Н Һ І Ї Ј К Ӏ М О Р Ѕ Т У Ү Х Ԁ Ԛ Ԝ Ѵ Ғ",
        "a b c e e h h i i j k l m o p s t y y x d q w v f A B C E E H H I I J K I M O P S T Y Y X D Q W V F",
    ),
    **_table(
        "α β γ ε η ι κ ν ο ρ τ υ χ ω ϲ ϳ Α Β Ε Ζ Η Ι Κ Μ Ν Ο Ρ Τ Υ Χ Ϲ",
        "a b y e n i k v o p t u x w c j A B E Z H I K M N O P T Y X C",
    ),
    **_table("ա ո ս օ հ յ ց զ Օ Տ Ս", "w n u o h j g q O S U"),
}

#: Variants of Latin letters that NFKC doesn't change: small capitals, and white letters in discs and squares.
DRAWN: Final = {
    **_table(
        "ᴀ ʙ ᴄ ᴅ ᴇ ꜰ ɢ ʜ ɪ ᴊ ᴋ ʟ ᴍ ɴ ᴏ ᴘ ꞯ ʀ ꜱ ᴛ ᴜ ᴠ ᴡ ʏ ᴢ ɑ ɡ",
        "a b c d e f g h i j k l m n o p q r s t u v w y z a g",
    ),
    **{0x1F150 + place: chr(65 + place) for place in range(26)},
    **{0x1F170 + place: chr(65 + place) for place in range(26)},
}

#: Cyrillic letters that look like a symbol of a code, but aren't used to disguise words.
_LIKE_SYMBOLS: Final = _table("З Ч Б Ш", "3 4 6 W")

_LATIN_BY_CAPITAL: Final = {
    chr(one).upper(): other.upper()
    for one, other in sorted((FOREIGN | DRAWN | _LIKE_SYMBOLS).items(), key=lambda item: chr(item[0]).isupper())
}

#: Every capital and digit that may be typed for a code, and the symbol that represents its group. The input for codes
#: shows capitals, so a letter's capital is compared. If the capital has no look-alike (Ω), the small letter (ω) is
#: used.
SYMBOLS: Final = LOOK_ALIKES | {
    ord(one): other.translate(LOOK_ALIKES) for one, other in _LATIN_BY_CAPITAL.items() if len(one) == 1
}


def groups_of(alphabet: str) -> Sequence[str]:
    """Return an alphabet's symbols in groups of look-alikes, in the order of the alphabet: ``"AB8"`` gives A and B8."""
    groups: dict[str, str] = {}
    for symbol in alphabet:
        folded = symbol.translate(LOOK_ALIKES)
        groups[folded] = groups.get(folded, "") + symbol
    return tuple(groups.values())
