"""The families of spam, for all languages. :mod:`.grammar` explains how their parts are combined."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .grammar import ADDRESS, LINK, Family, Grammar, read_parts

#: Contact with the sender: an invitation to write, or contact details.
_REACH: Final = f"reach|{ADDRESS}"

FAMILIES: Final = (
    Family("gambling", "betting", ("play|urge", _REACH, LINK), ("bonus", "payout")),
    Family("loans", "loan", ("offer|need|urge", _REACH, "thanks"), ("loan terms", LINK), window=80),
    Family("medicine", "pills", ("buy|urge", "delivery", _REACH), ("no prescription", LINK)),
    Family("search engines", "ranking", ("offer|buy|urge", _REACH), ("results", LINK)),
    Family("easy money", "income", ("easy|urge", _REACH), ("amount", LINK)),
    Family("easy work", "amount", ("urge", _REACH), ("easy",)),
    Family("investments", "coins", ("broker|urge", _REACH, "thanks"), ("profit", LINK), window=80),
    Family("false papers", "papers", ("buy|offer|urge", "delivery", _REACH), ("genuine", LINK)),
    Family("sex", "escort", ("company", _REACH), ("buy|urge", LINK)),
    Family("recovered money", "recovery", ("thanks", _REACH), ("loss", "agent", LINK), window=120),
    Family("hired hackers", "agent", (_REACH, "thanks"), ("loss",), window=80),
    Family("spells", "spell", ("thanks", _REACH, LINK), ("rescue", "loss of love"), window=120),
    Family("file with a password", "password", ("fix", "download"), ("archive", LINK)),
    Family("helpline", "helpline", ("number|urge", ADDRESS), ("trouble", LINK), (30, 45)),
    Family("copied news", "dateline", ("statement",), ("spokesman", "weekday"), (20, 30), window=120),
)

#: Each language's table is a file with its name.
LANGUAGES: Final = {path.stem: read_parts(path) for path in sorted(Path(__file__).with_name("languages").glob("*.txt"))}

GRAMMAR: Final = Grammar(FAMILIES, LANGUAGES)
