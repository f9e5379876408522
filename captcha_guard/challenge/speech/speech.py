"""Speaks a code: recordings of its digits, each changed in its own way, over the babble of other voices."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Final, TypeVar

from .mixing import hurried, mixed, played, volume
from .recordings import RATE, SILENCE, Takes, digits
from .wav import wav

_Item = TypeVar("_Item")

#: Seconds of sound for each digit. Long codes get less, so that no sound is longer than ``_LONGEST`` seconds (150 KB).
_SLOT: Final = 1.2
_LONGEST: Final = 9.3

#: Seconds before the first digit and after the last one together.
_ENDS: Final = 0.8

#: How much a digit's speed differs from the recording at most, as a share, and how much it changes within the digit.
_SPEED: Final = 0.06
_GLIDE: Final = 0.03

#: The number of voices that babble at the same time, and the volume of each in percent of its recording.
_BABBLERS: Final = 4
_BABBLE: Final = (38, 50)

#: The volume of digits in percent of the recordings.
_VOLUME: Final = (85, 110)


def speak(code: str, *, seed: bytes, language: str) -> bytes:
    """Return a WAV file in which ``code``, a text of digits, is spoken in ``language``.

    Every process returns the same bytes for the same arguments. The file's length depends only on the number of digits.
    """
    return wav(mixed(tracks(code, seed=seed, language=language)), RATE)


def tracks(code: str, *, seed: bytes, language: str) -> list[bytes]:
    """Return the tracks that :func:`speak` mixes: the digits, their echo, the noise, and one track for each babbler."""
    rng = random.Random(seed)  # noqa: S311 - the seed comes from the secret; mixing needs no better generator
    spoken, echo = _digits(code, rng, digits(language))
    # The noise must not come from the generator: its output could be solved for the generator's state.
    noise = hashlib.shake_256(b"noise" + seed).digest(len(spoken)).translate(volume(1))
    babblers = [_babble(len(spoken), rng, digits(language)) for _ in range(_BABBLERS)]
    return [spoken, echo, noise, *babblers]


def _digits(code: str, rng: random.Random, takes: tuple[Takes, ...]) -> tuple[bytes, bytes]:
    """Return the track with the digits and the track with a faint copy of each, which changes its timbre."""
    slot = int(min(_SLOT, (_LONGEST - _ENDS) / len(code)) * RATE)
    size = slot * len(code) + int(_ENDS * RATE)
    direct, echo = bytearray([SILENCE]) * size, bytearray([SILENCE]) * size
    for place, digit in enumerate(code):
        speed, glide = 1 + _either(_SPEED, rng), _either(_GLIDE, rng)
        word = played(_one(takes[int(digit)], rng), speed - glide, speed + glide)
        word = word.translate(volume(_between(*_VOLUME, rng)))
        start = int(_ENDS / 2 * RATE) + place * slot + _below(max(slot - len(word), 1), rng)
        direct[start : start + len(word)] = word
        delay, strength = _between(1, 12, rng), _between(-25, 25, rng)
        echo[start + delay : start + delay + len(word)] = word.translate(volume(strength))
    return bytes(direct[:size]), bytes(echo[:size])


def _babble(size: int, rng: random.Random, takes: tuple[Takes, ...]) -> bytes:
    """Return a track of pieces of recordings, most of them backwards, without a pause."""
    pieces, length = [], 0
    while length < size:
        word = _one(_one(takes, rng), rng)
        start = _below(len(word) // 2, rng)
        piece = word[start : start + len(word) // 2]
        if rng.random() < 0.75:
            piece = piece[::-1]
        piece = hurried(piece, _between(5, 30, rng)).translate(volume(_between(*_BABBLE, rng)))
        pieces.append(piece)
        length += len(piece)
    return b"".join(pieces)[:size]


def _below(bound: int, rng: random.Random) -> int:
    """Return a number from 0 to below ``bound``. ``random()`` gives the same numbers in every version of Python."""
    return int(rng.random() * bound)


def _one(items: Sequence[_Item], rng: random.Random) -> _Item:
    return items[_below(len(items), rng)]


def _between(low: int, high: int, rng: random.Random) -> int:
    return low + _below(high - low + 1, rng)


def _either(most: float, rng: random.Random) -> float:
    return (2 * rng.random() - 1) * most
