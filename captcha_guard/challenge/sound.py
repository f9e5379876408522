"""The challenge kind ``sound``: a code of digits, spoken."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar, Final

from . import answer as code
from .difficulty import Difficulty
from .keys import subkey
from .kind import Medium
from .speech.recordings import languages
from .speech.speech import speak
from .token import Challenge

#: Digits, because listeners confuse them less than letters.
ALPHABET: Final = "0123456789"

#: The number of digits in a code. Digits are only ten, so a code has six: a blind guess is right once in a million.
LENGTH: Final = 6

#: The language that is spoken if there are no recordings in the challenge's language.
FALLBACK: Final = "en"

#: The number of sounds that a process caches, because a player asks for a file in parts. Each has at most 150 KB.
SOUNDS: Final = 32


class SoundKind:
    """The :class:`~captcha_guard.challenge.kind.ChallengeKind` that speaks codes of ``length`` digits."""

    name: ClassVar[str] = "sound"
    template: ClassVar[str] = "sound"
    media: ClassVar[Mapping[str, Medium]] = {"sound": Medium(".wav", "audio/wav")}

    def __init__(self, length: int = LENGTH) -> None:
        self.length = length
        self._rendered = lru_cache(maxsize=SOUNDS)(self.speak)

    def code(self, key: bytes, challenge: Challenge) -> str:
        """Return the code that is spoken."""
        length = (self.length, self.length)
        return code.derive(subkey(key, b"sound answer"), challenge.nonce.encode(), alphabet=ALPHABET, length=length)

    def answers(self, key: bytes, challenge: Challenge) -> tuple[str, ...]:
        """Return the code, the only right answer."""
        return (self.code(key, challenge),)

    def render(self, key: bytes, challenge: Challenge, medium: str) -> bytes:  # noqa: ARG002 - there is one medium
        """Return the WAV file, from the cache or newly made."""
        return self._rendered(key, challenge)

    def properties(self, difficulty: Difficulty, language: str) -> Mapping[str, str]:  # noqa: ARG002 - for pictures
        """Return ``sound_language``, the tag of the language that is spoken."""
        return {"sound_language": spoken_language(language)}

    def speak(self, key: bytes, challenge: Challenge) -> bytes:
        """Speak the code and return it as a WAV file."""
        return speak(
            self.code(key, challenge),
            seed=hmac.digest(key, b"speech" + challenge.nonce.encode(), "sha256"),
            language=spoken_language(challenge.language),
        )


def spoken_language(wanted: str) -> str:
    """Return the tag of the recordings for the language tag ``wanted``: its primary language (RFC 5646), or English."""
    primary = wanted.replace("_", "-").partition("-")[0].lower()
    return primary if primary in languages() else FALLBACK
