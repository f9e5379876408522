from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.challenge.difficulty import KNOBS, LONGEST, SHORTEST, Difficulty
from captcha_guard.challenge.drawing.picture import draw
from captcha_guard.challenge.drawing.style import Style
from captcha_guard.config.settings import read
from captcha_guard.config.validators import PREFIX
from captcha_guard.errors import ConfigError

LEVELS = ("classica", "easy", "medium")
SITE = (5, 6)
symbols = st.integers(SHORTEST, LONGEST)
lengths = st.one_of(st.none(), symbols, st.tuples(symbols, symbols).map(sorted).map(tuple))
difficulties = st.one_of(
    st.builds(Difficulty, **{name: st.integers(knob.low, knob.high) for name, knob in KNOBS.items()}, length=lengths),
    st.builds(dataclasses.replace, st.sampled_from([Difficulty.named(name) for name in LEVELS]), length=lengths),
)


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_is_found_by_its_name_and_its_spec_is_its_name(name: str) -> None:
    level = Difficulty.named(name)
    assert level.name == level.spec() == name
    assert Difficulty.from_spec(name) is level


def test_a_difficulty_without_knobs_is_medium() -> None:
    assert Difficulty() == Difficulty.medium


@given(difficulties)
def test_a_spec_restores_the_same_difficulty(difficulty: Difficulty) -> None:
    spec = difficulty.spec()
    assert spec.isascii()
    assert len(spec) < 60
    assert Difficulty.from_spec(spec) == difficulty


@given(st.text(max_size=200))
def test_any_other_text_is_not_a_spec(text: str) -> None:
    try:
        made = Difficulty.from_spec(text)
    except ValueError:
        return
    assert made.spec() == text or made.name is not None


OWN = Difficulty(lines=3).spec()


@pytest.mark.parametrize(
    "spec",
    ["", "d2", "medium ", "d2i99", "d1i2", OWN + "x", "\0", OWN.replace("l3", "l03"), OWN.replace("l3", "l\u0663")]
    + ["hard", "d1o12r4s12j6b20w3l2t40c12"]  # of an earlier release
    + [OWN + length for length in ("n", "n5", "n555", "n39", "n65", "n89", "n56n56", "n5\u0666")],
)
def test_nonsense_is_refused_as_a_spec(spec: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Difficulty.from_spec(spec)


def test_the_error_for_an_unknown_name_suggests_the_most_similar_one() -> None:
    with pytest.raises(ConfigError, match="did you mean 'medium'"):
        Difficulty.named("mediun")


@pytest.mark.parametrize("name", ["insane", "", "hard", "3"])
def test_the_error_for_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigError, match=f"there is no difficulty {name!r}; known are classica, easy, medium$"):
        Difficulty.named(name)


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


# Length


def test_a_length_is_one_number_or_the_shortest_and_the_longest() -> None:
    assert Difficulty(length=6) == Difficulty(length=(6, 6)) == dataclasses.replace(Difficulty.medium, length=6)
    assert Difficulty(length=6).symbols(SITE) == (6, 6)
    assert Difficulty(length=(4, 8)).symbols(SITE) == (4, 8)
    assert Difficulty().symbols(SITE) == SITE


@pytest.mark.parametrize(
    "length", [3, 9, 0, -5, True, 5.0, "5", (5,), (6, 5), (3, 5), (5, 9), (5, 6, 7), (True, 5), ()]
)
def test_a_length_beyond_its_range_is_refused_with_the_range(length: object) -> None:
    with pytest.raises(ConfigError, match=r"length is .*; allowed are 4 to 8 symbols"):
        Difficulty(length=length)  # type: ignore[arg-type]


def test_a_difficulty_allows_the_same_lengths_as_the_site() -> None:
    assert read({f"{PREFIX}LENGTH": (SHORTEST, LONGEST)}).length == (SHORTEST, LONGEST)
    for beyond in (SHORTEST - 1, LONGEST + 1):
        with pytest.raises(ConfigError):
            read({f"{PREFIX}LENGTH": beyond})


@pytest.mark.parametrize("name", LEVELS)
def test_the_longest_code_fits_the_narrowest_picture(name: str) -> None:
    narrowest = read({f"{PREFIX}SIZE": (200, 100)}).size
    with pytest.raises(ConfigError):
        read({f"{PREFIX}SIZE": (199, 100)})
    style = Style.from_secret(b"any secret of sixteen octets")
    assert draw("W" * LONGEST, seed=b"0", style=style, difficulty=Difficulty.named(name), size=narrowest)


def test_a_level_with_its_own_length_has_no_name() -> None:
    for name in LEVELS:
        level = Difficulty.named(name)
        short = dataclasses.replace(level, length=4)
        assert short.name is None
        assert Difficulty.from_spec(short.spec()) == short


def test_classica_with_its_own_length_is_drawn_as_classica() -> None:
    long = dataclasses.replace(Difficulty.classica, length=8)
    assert long.is_classica
    assert long.picture_size((240, 120)) == Difficulty.classica.picture_size((240, 120))
    style = Style.from_secret(b"any secret of sixteen octets")
    drawn = [draw("7ACD4HKM", seed=b"0", style=style, difficulty=level) for level in (long, Difficulty.classica)]
    assert drawn[0] == drawn[1]


def test_a_difficulty_is_given_as_an_object_or_by_its_name() -> None:
    own = Difficulty(lines=3)
    assert Difficulty.of(own) is own
    assert Difficulty.of("easy") is Difficulty.easy
    for nonsense in ("eazy", 3, None, ["easy"]):
        with pytest.raises(ConfigError, match="nown are classica, easy, medium"):
            Difficulty.of(nonsense)  # type: ignore[arg-type]
