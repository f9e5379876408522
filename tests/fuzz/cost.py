"""Compares the processor time of odd inputs with that of plain inputs of the same size, in the same run."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

#: How many times the time of a plain input an odd one may take.
MOST: Final = 25.0

#: How often both are measured again before an input counts as slow. The fastest time of each counts.
TIMES: Final = 4

Result = TypeVar("Result")

_VOWELS, _CONSONANTS = "aeiou", "bdfgklmnprstv"


class Cost:
    """The cost of a test's inputs. ``worst`` is the largest ratio of an odd input to a plain one so far."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._fastest = 0.0

    def check(self, odd: Callable[[], Result], plain: Callable[[], object]) -> Result:
        """Return the result of the odd input, and check that it isn't slow compared with the plain one.

        The plain one is only measured if the odd one took a few times as long as the fastest plain one so far.
        """
        result, seconds = measured(odd)
        if not self._fastest or seconds > self._fastest * MOST / 5:
            spent = min(measured(plain)[1] for _ in range(TIMES))
            self._fastest = min(self._fastest or spent, spent)
            if seconds > spent * MOST:
                seconds = min(measured(odd)[1] for _ in range(TIMES))
            self.worst = max(self.worst, seconds / spent)
            assert seconds < spent * MOST, f"took {seconds / spent:.0f} times as long as a plain input of the same size"
        return result


def measured(act: Callable[[], Result]) -> tuple[Result, float]:
    """Return a result, and the processor time of this thread in seconds."""
    begin = time.thread_time()
    result = act()
    return result, time.thread_time() - begin


def words(size: int, number: int) -> str:
    """Return invented words of at least this many bytes. Each number has its own, so no text resembles another one."""
    chance, text = random.Random(number), ""
    while len(text) < size:
        text += "".join(chance.choice(_CONSONANTS) + chance.choice(_VOWELS) for _ in range(chance.randint(1, 4))) + " "
    return text
