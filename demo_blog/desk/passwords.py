"""Passwords of owners, stored as Argon2id hashes (RFC 9106)."""

from __future__ import annotations

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from demo_blog.desk.models import Owner

MIN_CHARACTERS = 12
MAX_CHARACTERS = 1000
"""Longer passwords are refused before they are hashed."""

_hasher = PasswordHasher()
_other_hash = _hasher.hash(secrets.token_urlsafe())


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
    """Return a hash that no known password has. Its owner can only log in with a link."""
    return _hasher.hash(secrets.token_urlsafe())


def matches(owner: Owner | None, password: str) -> bool:
    """Return whether ``password`` is the owner's. Without an owner, this takes as long and returns ``False``."""
    if len(password) > MAX_CHARACTERS:
        return False
    try:
        _hasher.verify(owner.password_hash if owner else _other_hash, _normalised(password))
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
