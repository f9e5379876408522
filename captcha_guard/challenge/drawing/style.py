"""The look of one site's pictures: variants that are derived from its secret."""

from __future__ import annotations

import hashlib
import hmac
import random
from dataclasses import dataclass

from .variant import Variant

#: How many variants a style has.
VARIANTS = 8
_LABEL = b"captcha_guard style 3\0"


@dataclass(frozen=True)
class Style:
    """The look of one site: each picture is drawn in one of its ``variants``.

    The variants share the look of their letters. They differ in everything else.
    """

    variants: tuple[Variant, ...]

    @classmethod
    def from_secret(cls, secret: bytes, epoch: int = 0) -> Style:
        """Return the style of this secret in this epoch. It's the same in every process.

        The style is derived with HMAC-SHA256 (RFC 2104), so it reveals nothing about the secret.
        """
        digest = hmac.new(secret, _LABEL + str(epoch).encode(), hashlib.sha256).digest()
        rng = random.Random(int.from_bytes(digest))  # noqa: S311 - keyed by the digest above
        first = Variant.from_random(rng)
        return cls((first, *(first.another(rng) for _ in range(VARIANTS - 1))))

    def pick(self, rng: random.Random) -> Variant:
        """Return a random variant. All are equally likely."""
        return self.variants[int(rng.random() * len(self.variants))]
