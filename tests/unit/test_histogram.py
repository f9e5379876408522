"""The histogram of seconds: its median is exact up to 31 s, and within 3 % above."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.statistics.histogram import edge_of, median

HOUR = 3_600


def counted(seconds: list[int]) -> Counter[int]:
    return Counter(map(edge_of, seconds))


def test_nothing_has_no_median() -> None:
    assert median({}) is None


@given(st.lists(st.integers(0, 31), min_size=1))
def test_up_to_31_s_the_median_is_exact(seconds: list[int]) -> None:
    assert median(counted(seconds)) == statistics.median(seconds)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=51).filter(lambda values: len(values) % 2 == 1))
def test_the_median_is_within_3_percent(seconds: list[int]) -> None:
    exact = statistics.median(seconds)
    assert median(counted(seconds)) == pytest.approx(exact, rel=1 / 31)


@given(st.integers(32, 100_000))
def test_a_bin_is_at_most_a_sixteenth_of_its_edge_wide(seconds: int) -> None:
    assert edge_of(seconds) <= seconds < edge_of(seconds) * 17 / 16


def test_an_hour_has_fewer_than_144_bins() -> None:
    assert len({edge_of(seconds) for seconds in range(HOUR + 1)}) < 144


def test_a_clock_that_was_set_back_counts_as_no_time() -> None:
    assert median(counted([-5, 0, 1])) == 0
