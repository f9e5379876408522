from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.challenge.difficulty import KNOBS, Difficulty
from captcha_guard.errors import ConfigError

LEVELS = ("classica", "easy", "medium", "hard")
difficulties = st.builds(Difficulty, **{name: st.integers(knob.low, knob.high) for name, knob in KNOBS.items()})


@pytest.mark.parametrize("name", LEVELS)
def test_level_is_found_by_its_name_and_writes_itself_as_it(name: str) -> None:
    level = Difficulty.named(name)
    assert level.name == level.spec() == name
    assert Difficulty.from_spec(name) is level


def test_levels_are_ranked_from_nostalgic_to_hard() -> None:
    assert [Difficulty.named(name).rank for name in LEVELS] == [0, 1, 2, 3]
    assert Difficulty() == Difficulty.medium


def test_difficulty_of_ones_own_counts_as_the_hardest_level_it_reaches() -> None:
    beyond_hard = dataclasses.replace(Difficulty.hard, rotation=30)
    below_hard = dataclasses.replace(Difficulty.hard, lines=1)
    assert beyond_hard.rank == 3
    assert below_hard.rank == 2


@given(difficulties)
def test_spec_brings_back_the_same_difficulty(difficulty: Difficulty) -> None:
    spec = difficulty.spec()
    assert spec.isascii()
    assert len(spec) < 120
    assert Difficulty.from_spec(spec) == difficulty


@given(st.text(max_size=200))
def test_any_other_text_is_no_spec(text: str) -> None:
    try:
        made = Difficulty.from_spec(text)
    except ValueError:
        return
    assert made.spec() == text or made.name is not None


@pytest.mark.parametrize("spec", ["", "d1", "medium ", "d1o99", "d0o2", Difficulty(lines=3).spec() + "x", "\0"])
def test_nonsense_is_refused_as_a_spec(spec: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Difficulty.from_spec(spec)


def test_unknown_name_is_answered_with_the_nearest_right_one() -> None:
    with pytest.raises(ConfigError, match="did you mean 'medium'"):
        Difficulty.named("mediun")


@pytest.mark.parametrize("name", KNOBS)
@pytest.mark.parametrize("step", [-1, 1])
def test_value_beyond_its_range_is_refused_with_the_range(name: str, step: int) -> None:
    knob = KNOBS[name]
    value = knob.low - 1 if step < 0 else knob.high + 1
    with pytest.raises(ConfigError, match=rf"{name} is {value}; .*{knob.low} to {knob.high}"):
        Difficulty(**{name: value})


def test_fractions_are_refused() -> None:
    with pytest.raises(ConfigError, match="whole number"):
        Difficulty(rotation=7.5)  # type: ignore[arg-type]
