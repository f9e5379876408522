"""Made-up spam and honest texts about the same topics, in eight languages, for measuring families of spam."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / "data" / "families"

#: The files, in the order in which they were written.
FILES: Final = ("seen", "reworked", "unseen")

#: Spam of this kind is found by the rule ``flattery``, which has no languages.
PRAISE: Final = "praise"


@dataclass(frozen=True)
class Sample:
    """A text, whether it is spam, its language, and the family it belongs to or the topic that it is about."""

    spam: bool
    language: str
    about: str
    text: str


def read_samples(name: str) -> list[Sample]:
    """Return the texts of a file, without its comment lines; ``name`` is one of ``FILES``."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    parted = (line.split("|", 3) for line in lines if line and not line.startswith("//"))
    return [Sample(kind == "spam", language, about, text) for kind, language, about, text in parted]
