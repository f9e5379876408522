"""How one site's pictures look: the variants that its secret gives."""

from __future__ import annotations

import hashlib
import hmac
import random
from dataclasses import dataclass

from .variant import Variant

#: How many variants a style has. They share their letters and differ in everything else.
VARIANTS = 8
_LABEL = b"captcha_guard style 3\0"


@dataclass(frozen=True)
class Style:
    """The look of one site: each picture is drawn in one of its ``variants``.

    The variants share :data:`~captcha_guard.challenge.drawing.variant.SHARED` and differ in all else.
    """

    variants: tuple[Variant, ...]

    @classmethod
    def from_secret(cls, secret: bytes, epoch: int = 0) -> Style:
        """Return the style of this secret in this epoch; the same in every process.

        The secret goes through HMAC-SHA256 (RFC 2104) first, so a style reveals nothing about it.
        """
        digest = hmac.new(secret, _LABEL + str(epoch).encode(), hashlib.sha256).digest()
        rng = random.Random(int.from_bytes(digest))  # noqa: S311 - keyed by the digest above
        first = Variant.drawn(rng)
        return cls((first, *(first.another(rng) for _ in range(VARIANTS - 1))))

    def pick(self, rng: random.Random) -> Variant:
        """Return one of the variants, each as likely as the others."""
        return self.variants[int(rng.random() * len(self.variants))]
