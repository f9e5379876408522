"""Passwords of owners, stored as Argon2id hashes (RFC 9106)."""

from __future__ import annotations

import base64
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from demo_blog.desk.models import Owner

MIN_CHARACTERS = 12
MAX_CHARACTERS = 1000
"""Longer passwords are refused before they are hashed."""

_hasher = PasswordHasher()


class PasswordError(ValueError):
    """A new password isn't allowed. The message says why."""


def hashed(password: str, name: str) -> str:
    """Return the hash of a new password for the owner ``name``. Raises :class:`PasswordError`."""
    length = len(password)
    if not MIN_CHARACTERS <= length <= MAX_CHARACTERS:
        raise PasswordError(f"the password has {length} characters; {MIN_CHARACTERS} to {MAX_CHARACTERS} are allowed")
    if password.casefold() == name.casefold() or len(set(password)) < 4:
        raise PasswordError("the password is easy to guess; use several words, or a password manager")
    return _hasher.hash(_normalised(password))


def unusable() -> str:
    """Return a hash that no known password has. Its owner can only log in with a link.

    It is random and has the parameters of new hashes, so checking a password against it takes as long as usual.
    """
    salt, digest = (_encoded(secrets.token_bytes(size)) for size in (_hasher.salt_len, _hasher.hash_len))
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


def matches(owner: Owner | None, password: str) -> bool:
    """Return whether ``password`` is the owner's. Without an owner, this takes as long and returns ``False``."""
    if len(password) > MAX_CHARACTERS:
        return False
    try:
        _hasher.verify(owner.password_hash if owner else unusable(), _normalised(password))
    except (VerificationError, InvalidHashError):
        return False
    return owner is not None


def rehash_if_outdated(owner: Owner, password: str) -> None:
    """Hash the password again if its hash has other parameters than new hashes. The caller commits."""
    if _hasher.check_needs_rehash(owner.password_hash):
        owner.password_hash = _hasher.hash(_normalised(password))


def _normalised(password: str) -> bytes:
    """Return the same bytes for the same characters, whatever keyboard they were typed on."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _encoded(data: bytes) -> str:
    """Return bytes as Argon2's encoded hashes have them: base64 without padding."""
    return base64.b64encode(data).rstrip(b"=").decode("ascii")
