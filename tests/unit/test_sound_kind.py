"""The challenge kind ``sound``: a code of its own, in the language of the challenge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captcha_guard import ConfigError
from captcha_guard.challenge.answer import normalise
from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.challenge.image import Appearance, ImageKind
from captcha_guard.challenge.kind import ChallengeKind
from captcha_guard.challenge.sound import ALPHABET, SOUNDS, SoundKind, spoken_language
from captcha_guard.challenge.token import Challenge
from captcha_guard.config.setting import read_settings
from captcha_guard.config.settings import Settings

KEY = b"a key of thirty-two bytes, or so"


def challenge(language: str = "en") -> Challenge:
    return Challenge.new("comment", language=language, difficulty="medium", epoch=0, at=1)


def test_a_code_is_six_digits_by_default() -> None:
    kind: ChallengeKind = SoundKind()
    codes = {kind.answers(KEY, challenge()) for _ in range(50)}
    assert len(codes) == 50
    assert all(len(code) == 6 and set(code) <= set(ALPHABET) for (code,) in codes)
    assert {digit for (code,) in codes for digit in code} == set(ALPHABET)


@pytest.mark.parametrize("length", [4, 10])
def test_a_code_has_the_length_that_the_site_chose(length: int) -> None:
    assert len(SoundKind(length).code(KEY, challenge())) == length


def test_no_two_digits_count_as_the_same() -> None:
    assert len({normalise(digit) for digit in ALPHABET}) == 10


def test_the_code_differs_from_that_of_the_picture() -> None:
    drawn = ImageKind(Appearance(alphabet="0123456789ABC", length=(6, 6)))
    same = [drawn.code(KEY, one) == SoundKind().code(KEY, one) for one in (challenge() for _ in range(50))]
    assert not any(same)


def test_a_sound_is_the_same_every_time_and_in_every_process() -> None:
    one = challenge()
    assert SoundKind().render(KEY, one, "sound") == SoundKind().render(KEY, one, "sound")


def test_a_second_request_is_served_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    kind, one = SoundKind(), challenge()
    assert kind.render(KEY, one, "sound") is kind.render(KEY, one, "sound")
    monkeypatch.setattr("captcha_guard.challenge.sound.speak", lambda code, **_: code.encode())
    for _ in range(SOUNDS):
        kind.render(KEY, challenge(), "sound")
    assert kind.render(KEY, one, "sound") == kind.code(KEY, one).encode()


def test_two_challenges_and_two_keys_have_different_sounds() -> None:
    kind, one, other = SoundKind(), challenge(), challenge()
    sounds = {kind.render(key, each, "sound") for key in (KEY, KEY[::-1]) for each in (one, other)}
    assert len(sounds) == 4


def test_the_language_of_the_challenge_is_spoken() -> None:
    one = challenge()
    sounds = {SoundKind().render(KEY, replace(one, language=tag), "sound") for tag in ("en", "de", "fr", "es", "ro")}
    assert len(sounds) == 5


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [("de", "de"), ("de-CH", "de"), ("pt_BR", "en"), ("ES", "es"), ("ro_RO", "ro"), ("ja", "en"), ("", "en")],
)
def test_a_language_without_recordings_is_spoken_in_english(wanted: str, spoken: str) -> None:
    assert spoken_language(wanted) == spoken
    assert SoundKind().properties(Difficulty.medium, wanted) == {"sound_language": spoken}


@pytest.mark.parametrize("length", [3, 11, "6", 6.0, True])
def test_a_length_out_of_range_is_refused(length: object) -> None:
    with pytest.raises(ConfigError, match=r"CAPTCHA_GUARD_SOUND_LENGTH .* 4 to 10"):
        read_settings(Settings, {"CAPTCHA_GUARD_SOUND_LENGTH": length})
