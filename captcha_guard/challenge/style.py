"""How one site's pictures look: the hands that its secret writes in."""

from __future__ import annotations

import hashlib
import hmac
import random
from dataclasses import dataclass

from captcha_guard.challenge.hand import Hand

#: How many hands a site's pictures are written in. They share their letters, which are no other site's: what a network
#: learns of them helps little elsewhere. They differ in everything else, which makes them harder to learn.
HANDS = 8
_LABEL = b"captcha_guard style 2\0"


@dataclass(frozen=True)
class Style:
    """The look of one site: each picture is written in one of its ``hands``; :class:`Difficulty` says how wildly.

    The hands share :data:`~captcha_guard.challenge.hand.SHARED` and differ in all else.
    """

    hands: tuple[Hand, ...]

    @classmethod
    def from_secret(cls, secret: bytes, epoch: int = 0) -> Style:
        """Return the style of this secret in this epoch; the same in every process.

        The secret goes through HMAC-SHA256 (RFC 2104) first, so a style tells nothing about it.
        """
        digest = hmac.new(secret, _LABEL + str(epoch).encode(), hashlib.sha256).digest()
        rng = random.Random(int.from_bytes(digest))  # noqa: S311 - keyed by the digest above
        first = Hand.drawn(rng)
        return cls((first, *(first.another(rng) for _ in range(HANDS - 1))))

    def pick(self, rng: random.Random) -> Hand:
        """Return one of the hands, each as likely as the others."""
        return self.hands[int(rng.random() * len(self.hands))]
