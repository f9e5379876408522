"""Comments in a script that the site's readers don't use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from ...characters.scripts import script_of
from ...messages import message
from ..submission import Submission
from ..verdict import Finding

#: The maximum number of letters that are counted, and the minimum number of foreign ones for a finding.
MOST, FEW = 1000, 5


class ForeignScript:
    """Scores a text of which at least half the letters are in scripts other than ``scripts``. Off by default."""

    slug: ClassVar[str] = "foreign_script"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 40
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The comment is in a script that the site doesn't use.")

    def __init__(self, scripts: Iterable[str]) -> None:
        self.scripts = frozenset(scripts)

    def check(self, submission: Submission) -> Finding | None:
        """Count the letters of each text by script."""
        for passage in submission.text.passages:
            letters = [letter for letter in passage.plain if letter.isalpha()][:MOST]
            foreign = [letter for letter in letters if script_of(letter) not in self.scripts]
            if len(foreign) >= FEW and 2 * len(foreign) >= len(letters):
                sentence = message(
                    "%(percent)d %% of the letters are in a script that the site doesn't use.",
                    percent=100 * len(foreign) // len(letters),
                )
                return Finding(self.slug, self.weight, sentence)
        return None
