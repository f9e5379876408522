"""Confidence intervals of counted shares."""

from __future__ import annotations

import math
from typing import NamedTuple

#: The quantile of the standard normal distribution for a 95 % interval.
Z = 1.959964


class Share(NamedTuple):
    """``hits`` out of ``trials``."""

    hits: int
    trials: int

    @property
    def rate(self) -> float:
        """The share itself, 0 to 1."""
        return self.hits / self.trials

    def wilson(self, z: float = Z) -> tuple[float, float]:
        """Return the score interval (Wilson, 1927), both ends 0 to 1. By default it is the 95 % interval."""
        rate, trials = self.rate, self.trials
        centre = rate + z * z / (2 * trials)
        reach = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
        stretch = 1 + z * z / trials
        return max((centre - reach) / stretch, 0.0), min((centre + reach) / stretch, 1.0)
