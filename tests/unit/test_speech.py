"""Spoken codes: the same bytes everywhere, a length that reveals nothing, and a file with only samples."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import subprocess
import sys
import wave
from itertools import pairwise
from pathlib import Path

import pytest

from captcha_guard.challenge.speech.mixing import mixed, played
from captcha_guard.challenge.speech.recordings import RATE, SILENCE, digits, languages
from captcha_guard.challenge.speech.speech import speak, tracks

LANGUAGES = ("de", "en", "es", "fr", "ro")

HEADER = 44  # bytes before the samples of a plain WAV file


def samples(sound: bytes) -> bytes:
    with wave.open(io.BytesIO(sound)) as read:
        return bytes(read.readframes(read.getnframes()))


def test_there_are_recordings_in_five_languages() -> None:
    assert languages() == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_digit_is_recorded_several_times(language: str) -> None:
    takes = digits(language)
    assert len(takes) == 10
    for of_one_digit in takes:
        assert len(of_one_digit) >= 4
        assert len(set(of_one_digit)) == len(of_one_digit)
        assert all(0.15 * RATE < len(take) < 0.8 * RATE for take in of_one_digit)


def test_recordings_take_a_few_hundred_kilobytes() -> None:
    folder = Path(__file__).parents[2] / "sounds"
    assert sum(file.stat().st_size for file in folder.glob("*.digits")) < 800_000


GOLDEN = {
    "de": "8a88d385f50d2392",
    "en": "33b36f2f4b939321",
    "es": "5a2f8b88d03dec90",
    "fr": "cef2d561e6eae812",
    "ro": "4ec677fdbeae8507",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_samples_of_a_sound_never_change(language: str) -> None:
    sound = samples(speak("0123456789", seed=b"golden", language=language))
    assert hashlib.sha256(sound).hexdigest()[:16] == GOLDEN[language]


def test_every_process_returns_the_same_bytes() -> None:
    program = (
        "import hashlib\n"
        "from captcha_guard.challenge.speech.speech import speak\n"
        "print(hashlib.sha256(speak('493827', seed=b'one', language='fr')).hexdigest())"
    )
    here = hashlib.sha256(speak("493827", seed=b"one", language="fr")).hexdigest()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == here


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_length_does_not_depend_on_the_code_or_the_seed(language: str) -> None:
    lengths = {len(speak(str(digit) * 6, seed=bytes([digit]), language=language)) for digit in range(10)}
    assert lengths == {len(speak("012345", seed=b"other", language="en"))}


@pytest.mark.parametrize("count", range(4, 11))
def test_no_sound_is_longer_than_150_kb(count: int) -> None:
    assert 80_000 < len(speak("0" * count, seed=b"size", language="de")) <= 150_000


def test_the_file_has_a_format_samples_and_nothing_else() -> None:
    sound = speak("123456", seed=b"file", language="en")
    riff, size, form, fmt, fmt_size, coding, channels, rate, speed, block, bits, data, count = struct.unpack(
        "<4sI4s4sIHHIIHH4sI", sound[:HEADER]
    )
    assert (riff, form, fmt, data) == (b"RIFF", b"WAVE", b"fmt ", b"data")
    assert (fmt_size, coding, channels, rate, speed, block, bits) == (16, 1, 1, RATE, RATE, 1, 8)
    assert size == len(sound) - 8
    assert count == len(sound) - HEADER


def test_two_sounds_of_one_code_have_no_part_in_common() -> None:
    one, other = (samples(speak("555555", seed=seed, language="en")) for seed in (b"one", b"other"))
    parts = {one[start : start + 32] for start in range(len(one) - 32)}
    assert not any(other[start : start + 32] in parts for start in range(len(other) - 32))


def test_a_digit_repeated_in_a_code_sounds_different_each_time() -> None:
    spoken = tracks("333333", seed=b"repeated", language="en")[0]
    words = [word for word in spoken.split(bytes([SILENCE]) * 400) if word.strip(bytes([SILENCE]))]
    assert len(words) == 6
    assert len(set(words)) == 6


def test_babble_never_pauses() -> None:
    spoken, _, _, *babblers = tracks("012345", seed=b"babble", language="en")
    assert len(babblers) >= 3
    for babbler in babblers:
        assert len(babbler) == len(spoken)
        windows = [babbler[start : start + RATE] for start in range(0, len(babbler) - RATE, RATE)]
        assert all(max(window) - min(window) > 20 for window in windows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_fit_into_their_time_even_in_the_longest_codes(language: str) -> None:
    for digit in "0123456789":
        for seed in range(5):
            spoken = tracks(digit * 10, seed=bytes([seed]), language=language)[0]
            assert spoken[-1] == SILENCE
            assert spoken[0] == SILENCE
    longest = max(len(played(take, 0.91, 0.91)) for takes in digits(language) for take in takes)
    assert longest < (9.3 - 0.8) / 10 * RATE


def test_sums_that_are_too_loud_are_compressed_and_not_wrapped() -> None:
    ramp = bytes(range(256))
    summed = mixed([ramp, ramp, ramp])
    assert all(first <= second for first, second in pairwise(summed))
    assert summed[0] < 10
    assert summed[255] > 245
    assert summed[SILENCE] == SILENCE


def test_playing_twice_as_fast_halves_the_length() -> None:
    word = digits("en")[7][0]
    assert abs(len(played(word, 2.0, 2.0)) - len(word) / 2) < 10
    assert abs(len(played(word, 1.0, 1.0)) - len(word)) < 10


def test_speaking_needs_no_numpy() -> None:
    program = (
        "import sys\n"
        "sys.modules['numpy'] = None\n"
        "from captcha_guard.challenge.speech.speech import speak\n"
        "assert speak('123456', seed=b'one', language='de')"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
