"""Measures how well programs read spoken codes: ``python -m tests.benchmarks.sound --secret TEXT``.

It needs the extra ``bench``. The reader is pocketsphinx with its English model and a grammar of digits. Ten treatments
are fixed here; each is applied to every code, and the best one counts. A second reader knows the recordings and
compares them with every part of the sound. ``--secret`` chooses the codes and the sounds, so measure with a secret that
wasn't used while the sounds were changed. Takes about half an hour for 100 codes.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from captcha_guard.challenge.image import Appearance, ImageKind
from captcha_guard.challenge.sound import LENGTH, SoundKind
from captcha_guard.challenge.speech.mixing import mixed, played
from captcha_guard.challenge.speech.recordings import RATE, SILENCE, digits, languages
from captcha_guard.challenge.speech.speech import speak, tracks
from captcha_guard.challenge.token import Challenge

Samples = npt.NDArray[np.float64]

WORDS: Final = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

_FRAME, _HOP = 512, 160  # samples: windows of 32 ms, one every 10 ms


def _band(low: float, high: float) -> Callable[[Samples], Samples]:
    """Return a filter that keeps the frequencies from ``low`` to ``high`` Hz."""

    def filtered(sound: Samples) -> Samples:
        spectrum = np.fft.rfft(sound)
        frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
        return np.fft.irfft(spectrum * ((frequencies >= low) & (frequencies <= high)), len(sound))

    return filtered


def _gated(sound: Samples) -> Samples:
    """Return the sound without the blocks of 20 ms that are quieter than the median block."""
    blocks = np.pad(sound, (0, -len(sound) % 320)).reshape(-1, 320)
    loudness = np.sqrt((blocks**2).mean(axis=1))
    heard = np.convolve(loudness > np.median(loudness), np.ones(5), "same") > 0
    return np.asarray((blocks * np.where(heard, 1, 0.05)[:, None]).reshape(-1)[: len(sound)])


def _subtracted(sound: Samples) -> Samples:
    """Return the sound after spectral subtraction: each frequency without its usual level, which is the babble's."""
    window = np.hanning(_FRAME)
    starts = np.arange(0, len(sound) - _FRAME, _FRAME // 2)
    spectra = np.fft.rfft(np.stack([sound[start : start + _FRAME] * window for start in starts]))
    levels = np.abs(spectra)
    kept = np.maximum(levels - 1.5 * np.median(levels, axis=0), 0.05 * levels) / np.maximum(levels, 1e-9)
    cleaned = np.zeros(len(sound))
    for start, frame in zip(starts, np.fft.irfft(spectra * kept), strict=True):
        cleaned[start : start + _FRAME] += frame
    return cleaned


def _compressed(sound: Samples) -> Samples:
    """Return the sound with about the same loudness everywhere."""
    loudness = np.sqrt(np.convolve(sound**2, np.ones(4_000) / 4_000, "same")) + 1
    return np.asarray(sound / loudness)


def _at_speed(speed: float) -> Callable[[Samples], Samples]:
    return lambda sound: np.interp(np.arange(0, len(sound) - 1, speed), np.arange(len(sound)), sound)


TREATMENTS: Final[dict[str, Callable[[Samples], Samples]]] = {
    "as it is": lambda sound: sound,
    "low-pass 3 kHz": _band(0, 3_000),
    "high-pass 300 Hz": _band(300, 8_000),
    "band-pass 300-3,400 Hz": _band(300, 3_400),
    "noise gate": _gated,
    "spectral subtraction": _subtracted,
    "compressor": _compressed,
    "slower by 10 %": _at_speed(0.9),
    "faster by 10 %": _at_speed(1.1),
    "band-pass and gate": lambda sound: _gated(_band(300, 3_400)(sound)),
}


class Reader:
    """Pocketsphinx with a grammar of ``count`` digits."""

    def __init__(self, count: int, folder: Path) -> None:
        from pocketsphinx import Decoder  # noqa: PLC0415 - of the extra bench

        grammar = folder / f"{count}.gram"
        code = " ".join(["<digit>"] * count)
        words = " | ".join(WORDS)
        grammar.write_text(f"#JSGF V1.0;\ngrammar code;\npublic <code> = {code};\n<digit> = {words};\n")
        self._decoder = Decoder(samprate=RATE, jsgf=str(grammar), loglevel="FATAL")

    def read(self, sound: Samples) -> str:
        """Return the digits that it hears. 0.25 s of almost silence are added at both ends."""
        dither = np.random.default_rng(1)
        padded = np.pad(sound / np.abs(sound).max() * 12_000, 4_000)
        padded += dither.normal(0, 30, len(padded))
        self._decoder.start_utt()
        self._decoder.process_raw(padded.clip(-32_768, 32_767).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        heard = self._decoder.hyp()
        return "".join(str(WORDS.index(word)) for word in (heard.hypstr.split() if heard else []))


class Matcher:
    """Knows the recordings, and finds the one that fits each part of a sound best.

    It compares spectra of 40 bands, one every 10 ms. Each recording is compared at three speeds and at every place of
    the part where the digit must be.
    """

    def __init__(self, *, logarithmic: bool) -> None:
        self._logarithmic = logarithmic
        self._known = [
            (digit, self._spectra(samples(played(take, speed, speed))))
            for digit, takes in enumerate(digits("en"))
            for take in takes
            for speed in (0.96, 1.0, 1.04)
        ]

    def read(self, sound: Samples) -> str:
        """Return the digits that fit best."""
        spectra = self._spectra(sound)
        slot = (len(sound) - 0.8 * RATE) / LENGTH / _HOP
        parts = [spectra[int(40 + slot * place) - 2 : int(40 + slot * (place + 1)) + 3] for place in range(LENGTH)]
        return "".join(str(max(self._fits(part))[1]) for part in parts)

    def _fits(self, part: Samples) -> Iterator[tuple[float, int]]:
        for digit, known in self._known:
            if len(known) > len(part):
                continue
            windows = np.lib.stride_tricks.sliding_window_view(part, len(known), axis=0).transpose(0, 2, 1)
            windows = windows - windows.mean(axis=1, keepdims=True)
            wanted = known - known.mean(axis=0)
            norms = np.sqrt((windows**2).sum(axis=(1, 2))) * np.sqrt((wanted**2).sum())
            yield float(((windows * wanted).sum(axis=(1, 2)) / norms).max()), digit

    def _spectra(self, sound: Samples) -> Samples:
        starts = np.arange(0, max(len(sound) - _FRAME, 1), _HOP)
        frames = np.stack([np.resize(sound[start : start + _FRAME], _FRAME) for start in starts]) * np.hanning(_FRAME)
        levels = np.abs(np.fft.rfft(frames))[:, 2:]
        edges = np.unique(np.geomspace(1, levels.shape[1], 41).astype(int))
        bands = np.stack([levels[:, low:high].mean(axis=1) for low, high in pairwise(edges)], axis=1)
        return np.asarray(np.log(bands + 20) if self._logarithmic else np.sqrt(bands))


def samples(track: bytes) -> Samples:
    """Return a track as numbers around zero."""
    return np.frombuffer(track, dtype=np.uint8).astype(np.float64) - SILENCE


def ratio(parts: list[bytes]) -> float:
    """Return the signal-to-noise ratio in dB while digits are spoken: digits and echo against the other tracks."""
    spoken, echo, *others = (samples(part) for part in parts)
    active = np.convolve(np.abs(spoken) > 0, np.ones(200), "same") > 0
    signal, babble = (spoken + echo)[active], np.sum(others, axis=0)[active]
    return float(10 * np.log10((signal**2).mean() / (babble**2).mean()))


def single(digit: str, seed: bytes, *, babble: bool) -> Samples:
    """Return the sound of one digit, without the time before and after it."""
    parts = tracks(digit, seed=seed, language="en")
    sound = samples(mixed(parts if babble else parts[:2]))
    active = np.flatnonzero(samples(parts[0]))
    return sound[max(0, active[0] - 400) : active[-1] + 400]


def read_singles(secret: str, count: int, folder: Path, *, babble: bool) -> float:
    """Return the share of single digits that pocketsphinx reads. A clear code before each adapts it to the voices."""
    reader, right = Reader(1, folder), 0
    clear = samples(mixed(tracks("185203", seed=f"{secret} clear".encode(), language="en")[:2]))
    for number in range(count):
        digit = str(number % 10)
        reader.read(clear)
        right += reader.read(single(digit, f"{secret} single {number}".encode(), babble=babble)) == digit
    return right / count


def read_codes(secret: str, count: int, folder: Path) -> tuple[dict[str, tuple[float, float]], float]:
    """Return the shares of codes and of digits that each attack reads, and the mean signal-to-noise ratio in dB."""
    readers: dict[str, Any] = {name: Reader(LENGTH, folder) for name in TREATMENTS}
    matchers = {
        "known recordings, root": Matcher(logarithmic=False),
        "known recordings, log": Matcher(logarithmic=True),
    }
    right: dict[str, list[tuple[bool, float]]] = {}
    plain = Reader(LENGTH, folder)
    ratios = []
    for number in range(count):
        code = f"{random.Random(f'{secret} {number}').randrange(10**LENGTH):0{LENGTH}}"
        parts = tracks(code, seed=f"{secret} {number}".encode(), language="en")
        ratios.append(ratio(parts))
        sound = samples(mixed(parts))
        heard = {f"pocketsphinx, {name}": readers[name].read(treat(sound)) for name, treat in TREATMENTS.items()}
        heard |= {name: matcher.read(sound) for name, matcher in matchers.items()}
        heard["pocketsphinx, no babble"] = plain.read(samples(mixed(parts[:2])))
        for name, text in heard.items():
            right.setdefault(name, []).append(
                (text == code, mean(a == b for a, b in zip(text.ljust(LENGTH), code, strict=False)))
            )
    shares = {name: (mean(whole for whole, _ in each), mean(part for _, part in each)) for name, each in right.items()}
    return shares, mean(ratios)


def cost(count: int) -> tuple[float, float]:
    """Return the medians of ms of processor time for one sound and one picture, made in turn."""
    sound, image = SoundKind(), ImageKind(Appearance())
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(count + 10):
        challenge = Challenge.new("comment", difficulty="medium", epoch=0, at=number)
        for is_sound in (True, False):
            start = time.process_time()
            _ = sound.speak(b"key", challenge) if is_sound else image.draw(b"key", challenge, 1)
            if number >= 10:  # before that, recordings and fonts are loaded
                took[is_sound].append((time.process_time() - start) * 1000)
    return median(took[True]), median(took[False])


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--secret", required=True)
    parser.add_argument("--codes", type=int, default=100)
    parser.add_argument("--singles", type=int, default=500)
    chosen = parser.parse_args()
    sizes = {len(speak("0" * LENGTH, seed=b"size", language=language)) for language in languages()}
    sound, picture = cost(100)
    with tempfile.TemporaryDirectory() as folder:
        shares, decibels = read_codes(chosen.secret, chosen.codes, Path(folder))
        clear, babbled = (
            read_singles(chosen.secret, chosen.singles, Path(folder), babble=babble) for babble in (False, True)
        )
    print(f"| reader and treatment | whole codes of {chosen.codes} | digits |\n| --- | ---: | ---: |")
    for name, (whole, part) in shares.items():
        print(f"| {name} | {round(whole * chosen.codes)} | {100 * part:.1f} % |")
    print("\n| | measured | aim |\n| --- | ---: | ---: |")
    print(f"| signal-to-noise ratio while digits are spoken | {decibels:.1f} dB | |")
    print(f"| single digits read without babble, of {chosen.singles} | {100 * clear:.1f} % | at least 99 % |")
    print(f"| single digits read with babble | {100 * babbled:.1f} % | |")
    print(f"| processor time of a sound | {sound:.1f} ms | at most 30 ms |")
    print(f"| processor time of a picture in the same run | {picture:.1f} ms | |")
    print(f"| ratio | {sound / picture:.1f} | |")
    print(f"| bytes of a sound in all {len(languages())} languages | {', '.join(f'{size:,}' for size in sizes)} | |")


if __name__ == "__main__":
    main()
