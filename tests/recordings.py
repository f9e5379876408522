"""Makes the recordings of spoken digits in ``sounds/``: ``python -m tests.recordings sounds``.

It needs the programs ``flite`` (2.2) and ``espeak-ng`` (1.51) and the PyPI packages ``py-nanotts`` (0.1.1, the Pico
voices) and ``numpy``. The recordings are committed, so only someone who changes them has to run it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import wave
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from captcha_guard.challenge.speech.recordings import RATE

Samples = npt.NDArray[np.float64]
#: Returns the samples of a spoken text and their rate in Hz.
Speaker = Callable[[str], tuple[Samples, int]]

DIGITS: Final = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "ro": "zero unu doi trei patru cinci șase șapte opt nouă",
}

#: Words that aren't recorded in a voice, because pocketsphinx takes them for other digits.
UNCLEAR: Final = {("en", "slt"): "one four", ("en", "awb"): "three six", ("en", "pico"): "six"}

#: The root mean square of every recording. One digit of one voice is then about as loud as any other. Peaks above 126
#: are cut off.
_LOUDNESS: Final = 30

#: Samples are rounded to multiples of this, which makes the compressed files smaller.
_STEP: Final = 2


def flite(voice: str, stretch: float) -> Speaker:
    """Return a voice of Flite. ``stretch`` is the factor by which it speaks more slowly."""
    return lambda text: _program(
        "flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", "-t", text, "-o", "{file}"
    )


def espeak(voice: str, words_a_minute: int, pitch: int) -> Speaker:
    """Return a voice of eSpeak NG. ``pitch`` is 0 to 99."""
    return lambda text: _program(
        "espeak-ng", "-v", voice, "-s", str(words_a_minute), "-p", str(pitch), "-w", "{file}", text
    )


def pico(voice: str, speed: float, pitch: float) -> Speaker:
    """Return a voice of SVOX Pico. ``speed`` and ``pitch`` are factors."""
    from py_nanotts import NanoTTS  # noqa: PLC0415 - needed only to make the recordings

    def speak(text: str) -> tuple[Samples, int]:
        raw = NanoTTS().speak(text, voice=voice, speed=speed, pitch=pitch)
        return np.frombuffer(raw, dtype="<i2").astype(np.float64), 16_000

    return speak


def voices() -> dict[str, dict[str, Speaker]]:
    """Return the voices of each language by name. A voice can have several speeds."""
    return {
        "en": {
            "slt": flite("slt", 1.0),
            "rms": flite("rms", 0.8),
            "rms slow": flite("rms", 0.95),
            "awb": flite("awb", 1.1),
            "kal": flite("kal16", 1.0),
            "kal slow": flite("kal16", 1.25),
            "pico": pico("en-US", 0.9, 1.0),
        },
        "de": {
            "pico": pico("de-DE", 0.9, 1.0),
            "pico low": pico("de-DE", 1.0, 0.78),
            "pico high": pico("de-DE", 0.8, 1.15),
            "espeak": espeak("de", 140, 40),
            "espeak f2": espeak("de+f2", 150, 50),
        },
        "fr": {
            "pico": pico("fr-FR", 0.9, 1.0),
            "pico low": pico("fr-FR", 1.0, 0.78),
            "pico high": pico("fr-FR", 0.8, 1.15),
            "espeak": espeak("fr-fr", 140, 40),
            "espeak f2": espeak("fr-fr+f2", 150, 50),
        },
        "es": {
            "pico": pico("es-ES", 0.9, 1.0),
            "pico low": pico("es-ES", 1.0, 0.78),
            "pico high": pico("es-ES", 0.8, 1.15),
            "espeak": espeak("es", 140, 40),
            "espeak f2": espeak("es-419+f2", 150, 50),
        },
        "ro": {
            "espeak": espeak("ro", 140, 40),
            "espeak slow": espeak("ro", 115, 55),
            "espeak f2": espeak("ro+f2", 140, 50),
            "espeak m3": espeak("ro+m3", 135, 30),
        },
    }


def _program(*command: str) -> tuple[Samples, int]:
    """Run a program that writes the WAV file ``{file}``, and return its samples and their rate."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spoken.wav"
        subprocess.run([part.format(file=file) for part in command], check=True, capture_output=True)
        with wave.open(str(file)) as written:
            samples = np.frombuffer(written.readframes(written.getnframes()), dtype="<i2")
            return samples.astype(np.float64), written.getframerate()


def trimmed(samples: Samples, rate: int) -> Samples:
    """Return the samples without the silence at both ends, with soft ends of 10 ms."""
    window = rate // 100
    blocks = samples[: len(samples) // window * window].reshape(-1, window)
    loudness = np.sqrt((blocks**2).mean(axis=1))
    loud = np.flatnonzero(loudness > 0.01 * loudness.max())
    kept = samples[max(0, loud[0] - 2) * window : (loud[-1] + 3) * window].copy()
    ramp = np.linspace(0, 1, window)
    kept[:window] *= ramp
    kept[-window:] *= ramp[::-1]
    return kept


def resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    """Return the samples at another rate, through a low-pass filter (a sinc under a Hann window of 64 samples)."""
    reach, ratio = 32, rate / wanted
    cutoff = min(1.0, 0.95 / ratio)
    padded = np.pad(samples, reach)
    at = np.arange(int(len(samples) / ratio)) * ratio
    first = np.floor(at).astype(int)
    offsets = np.arange(-reach + 1, reach + 1)
    distance = offsets[None, :] - (at - first)[:, None]
    weights = cutoff * np.sinc(cutoff * distance) * (0.5 + 0.5 * np.cos(np.pi * distance / reach))
    return np.asarray((padded[first[:, None] + offsets + reach] * weights).sum(axis=1))


def recording(speaker: Speaker, word: str) -> bytes:
    """Return one spoken word: 8-bit unsigned samples at ``RATE`` Hz."""
    samples, rate = speaker(word)
    low = resampled(trimmed(samples, rate), rate, RATE)
    low = low - low.mean()
    scaled = np.round(low / np.sqrt((low**2).mean()) * _LOUDNESS / _STEP) * _STEP
    scaled = scaled.clip(-126, 126) + 128
    return bytes(scaled.astype(np.uint8))


def packed(recordings: dict[str, list[bytes]]) -> bytes:
    """Return the file of a language, as ``captcha_guard/challenge/speech/recordings.py`` reads it."""
    index = {voice: [len(word) for word in words] for voice, words in recordings.items()}
    samples = np.frombuffer(b"".join(b"".join(words) for words in recordings.values()), dtype=np.uint8)
    differences = np.diff(samples, prepend=np.uint8(0)).astype(np.uint8)
    return zlib.compress(json.dumps(index).encode() + b"\n" + differences.tobytes(), 9)


def main(folder: Path) -> None:
    """Make the recordings of every language in ``folder``."""
    for language, speakers in voices().items():
        words = DIGITS[language].split()
        made = {
            voice: [b"" if word in UNCLEAR.get((language, voice), "") else recording(speaker, word) for word in words]
            for voice, speaker in speakers.items()
        }
        file = folder / f"{language}.digits"
        file.write_bytes(packed(made))
        seconds = {voice: round(sum(map(len, spoken)) / RATE, 1) for voice, spoken in made.items()}
        print(f"{file}: {file.stat().st_size} bytes; seconds of each voice: {seconds}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
