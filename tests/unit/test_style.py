from __future__ import annotations

import dataclasses
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.challenge.drawing.colour import INK_TONE, contrast, deepest_tone, palette
from captcha_guard.challenge.drawing.style import VARIANTS, Style

SECRETS = [f"secret {index}".encode() for index in range(300)]


def test_same_secret_gives_the_same_style_in_another_process() -> None:
    code = "from captcha_guard.challenge.drawing.style import Style; print(Style.from_secret(b'a site', epoch=3))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == str(Style.from_secret(b"a site", epoch=3))


@given(st.binary(max_size=64), st.integers(-1, 10**6))
def test_every_secret_and_epoch_gives_a_style_that_can_be_read(secret: bytes, epoch: int) -> None:
    variants = Style.from_secret(secret, epoch).variants
    assert len(set(variants)) == VARIANTS
    assert all(variant.readable for variant in variants)


def test_next_epoch_looks_different() -> None:
    assert Style.from_secret(b"a site", epoch=0) != Style.from_secret(b"a site", epoch=1)


def test_styles_do_not_repeat() -> None:
    assert len({Style.from_secret(secret) for secret in SECRETS}) == len(SECRETS)


@pytest.mark.parametrize(("trait", "values"), [("strokes", 2), ("background", 5), ("fields", 4)])
def test_no_attribute_dominates(trait: str, values: int) -> None:
    traits = [getattr(variant, trait) for secret in SECRETS for variant in Style.from_secret(secret).variants]
    most = max(traits.count(value) for value in set(traits))
    assert len(set(traits)) == values
    assert most <= 1.3 * len(traits) / values


def test_no_two_sites_share_a_variant() -> None:
    variants = [variant for secret in SECRETS for variant in Style.from_secret(secret).variants]
    assert len(set(variants)) == len(SECRETS) * VARIANTS


def test_global_generator_is_not_used() -> None:
    random.seed(1)
    before = random.getstate()
    Style.from_secret(b"a site")
    assert random.getstate() == before


def test_ink_has_enough_contrast_to_every_tone_of_the_background() -> None:
    for variant in (variant for secret in SECRETS for variant in Style.from_secret(secret).variants):
        tones = palette(variant.paper, variant.ink)
        for tone in range(deepest_tone(variant.paper, variant.ink) + 1):
            red, green, blue = tones[3 * tone : 3 * tone + 3]
            assert contrast((red, green, blue), variant.ink) >= 4.5
        assert tuple(tones[3 * INK_TONE :]) == variant.ink


def test_contrast_is_the_one_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


def test_a_style_is_immutable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Style.from_secret(b"a site").variants = ()  # type: ignore[misc]
