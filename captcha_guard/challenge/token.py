"""The token: a challenge as the browser carries it. It's signed, readable by anyone, and useless without the answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from itsdangerous import BadSignature, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode
from itsdangerous.exc import BadData

from ..errors import TokenExpiredError, TokenForgedError, TokenMalformedError, TokenScopeError

VERSION: Final = 3
SALT: Final = b"captcha_guard.token"

#: The most bytes of a token. Longer strings aren't read. The longest token we make, a pass, has under 900 bytes.
LONGEST: Final = 1024

#: Seconds by which the clocks of two servers may differ.
LEEWAY: Final = 30

NONCE_BYTES: Final = 16

#: The most passes that can follow one solved code, one after the other.
GENERATIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Challenge:
    """One "Enter Security Code" task, without its answer.

    ``nonce`` is random and used once. ``scope`` is the digest of the form's scope. ``language`` is the tag of the
    language in which it is spoken. ``difficulty`` is a difficulty's spec. ``epoch`` is the number of the site's style
    in which it's drawn. ``issued_at`` is in seconds since 1970. ``tries_left`` is the number of tries that the limits
    have already counted. It is above 0 if the challenge was the answer to a counted comment.

    ``repeats`` means that the challenge was issued after a refusal as a duplicate. A solution lets that comment be
    posted once more. A pass, which proves that a challenge was solved, also has a ``generation``, 1 to ``GENERATIONS``,
    and ``bound_to``, which identifies its comment.
    """

    nonce: str
    scope: str
    language: str
    difficulty: str
    epoch: int
    issued_at: int
    tries_left: int = 0
    repeats: bool = False
    generation: int = 0
    bound_to: str = ""

    @classmethod
    def new(
        cls,
        scope: str,
        *,
        language: str = "en",
        difficulty: str,
        epoch: int,
        at: int,
        tries_left: int = 0,
        repeats: bool = False,
    ) -> Challenge:
        """Return a challenge with a fresh nonce for the form with this ``scope``."""
        nonce = base64_encode(secrets.token_bytes(NONCE_BYTES)).decode()
        return cls(nonce, scope_digest(scope), language, difficulty, epoch, at, tries_left, repeats)

    @property
    def is_pass(self) -> bool:
        """Whether this is a pass."""
        return self.generation > 0

    def as_pass(self, key: bytes, bound_to: str) -> Challenge | None:
        """Return the pass for this challenge after it was solved. None after the last generation.

        The pass's nonce is derived from this nonce and ``key``, so every call returns the same pass.
        """
        if self.generation >= GENERATIONS:
            return None
        nonce = hmac.digest(key, b"captcha_guard.pass" + self.nonce.encode(), "sha256")[:NONCE_BYTES]
        return replace(
            self,
            nonce=base64_encode(nonce).decode(),
            tries_left=0,
            generation=self.generation + 1,
            bound_to=bound_to,
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A challenge from a genuine token, its age in seconds, and the key that signed it and determines the answer."""

    challenge: Challenge
    key: bytes
    age: int


def scope_digest(scope: str) -> str:
    """Return 16 URL-safe characters that represent ``scope`` in a token."""
    return base64_encode(hashlib.sha256(scope.encode("utf-8", "surrogatepass")).digest()[:12]).decode()


class Tokens:
    """Signs and opens tokens with a list of keys, the newest first.

    ``ttl`` is in seconds. ``clock`` returns seconds since 1970.
    """

    def __init__(
        self,
        keys: Sequence[bytes],
        *,
        ttl: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.ttl = ttl
        self.clock = clock
        self.keys = tuple(keys)
        self._signers = [(key, _Signer(key)) for key in self.keys]

    def sign(self, challenge: Challenge) -> str:
        """Return the token of ``challenge``: URL-safe ASCII."""
        payload = [
            VERSION,
            challenge.nonce,
            challenge.scope,
            challenge.language,
            challenge.difficulty,
            challenge.epoch,
            challenge.tries_left,
            int(challenge.repeats),
            challenge.generation,
            challenge.bound_to,
        ]
        text = json.dumps(payload, separators=(",", ":"), ensure_ascii=True).encode()
        _, signer = self._signers[0]
        return signer.sign_at(base64_encode(text), challenge.issued_at).decode()

    def open(self, token: str, *, scope: str | None = None) -> Opened:
        """Return the challenge in a genuine token that hasn't expired.

        ``scope`` is the form that it must belong to. ``None`` allows any form, for example to draw the picture. Raises
        ``TokenMalformedError``, ``TokenForgedError``, ``TokenExpiredError`` or ``TokenScopeError``.
        """
        if len(token) > LONGEST or not token.isascii():
            raise TokenMalformedError("not a token: too long, or not ASCII", token=token)
        payload, issued_at, key = self._unsign(token)
        challenge = _read(payload, issued_at, token)
        age = int(self.clock()) - issued_at
        if age > self.ttl:
            message = f"issued {age} s ago; tokens are valid for {self.ttl} s"
            raise TokenExpiredError(message, token=token)
        if age < -LEEWAY:
            message = f"issued {-age} s in the future; check this server's clock"
            raise TokenExpiredError(message, token=token)
        if scope is not None and challenge.scope != scope_digest(scope):
            raise TokenScopeError("issued for another form", token=token)
        return Opened(challenge, key, max(age, 0))

    def _unsign(self, token: str) -> tuple[bytes, int, bytes]:
        for key, signer in self._signers:
            try:
                payload, signed_at = signer.unsign(token, return_timestamp=True)
            except BadSignature:
                continue
            return payload, int(signed_at.timestamp()), key
        raise TokenForgedError("not signed with any of our keys", token=token)


class _Signer(TimestampSigner):
    """The timed signer of itsdangerous, with a named salt, SHA-256, and the time as an argument."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key, salt=SALT, key_derivation="hmac", digest_method=hashlib.sha256)

    def sign_at(self, value: bytes, at: int) -> bytes:
        stamp = base64_encode(at.to_bytes((max(at, 1).bit_length() + 7) // 8, "big"))
        stamped = value + b"." + stamp
        return stamped + b"." + self.get_signature(stamped)


def _read(payload: bytes, issued_at: int, token: str) -> Challenge:
    try:
        version, nonce, scope, language, difficulty, epoch, *rest = json.loads(base64_decode(payload))
        tries_left, repeats, generation, bound_to = rest
    except (BadData, ValueError, TypeError) as error:
        raise TokenMalformedError("signed, but not a challenge", token=token) from error
    texts = all(isinstance(part, str) for part in (nonce, scope, language, difficulty, bound_to))
    if not texts or not all(isinstance(part, int) for part in (epoch, tries_left, repeats, generation)):
        raise TokenMalformedError("signed, but its parts are of the wrong types", token=token)
    if version != VERSION:
        raise TokenMalformedError(f"version {version!r} is unknown here", token=token)
    return Challenge(
        nonce, scope, language, difficulty, epoch, issued_at, tries_left, bool(repeats), generation, bound_to
    )
