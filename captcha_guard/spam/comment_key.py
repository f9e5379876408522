"""The keyed hashes by which the guard finds a comment again without storing what it says.

The comment key names a comment in the memory, among the judged comments, in the filter and at the services. The
duplicate key and the sketch key begin with its first half and tell more apart.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final

from .submission import Submission

#: Bytes of a duplicate key or a sketch key that come from the comment key.
SHARED: Final = 8


@lru_cache(maxsize=8)
def hash_key(secret: bytes) -> bytes:
    """Return the key of all hashes that the judge stores."""
    return blake2b(secret, digest_size=32, person=b"judge memory").digest()


def comment_key(submission: Submission, secret: bytes) -> str:
    """Return 32 hexadecimal digits that are the same for the same scope, author, email and body on one site."""
    fingerprint = bytes.fromhex(submission.fingerprint)
    return blake2b(fingerprint, digest_size=16, key=hash_key(secret), person=b"comment").hexdigest()


def duplicate_key(submission: Submission, secret: bytes) -> str:
    """Return 32 hexadecimal digits that are the same only for the same POST by the same sender.

    Senders without a name and email are told apart by their client.
    """
    nameless = not (submission.author.strip() or submission.email.strip())
    sender = submission.client if nameless else ""
    return _extended(submission, secret, f"{submission.whole}\n{sender}", label=b"duplicate")


def sketch_key(submission: Submission, secret: bytes) -> bytes:
    """Return 16 bytes that are the same only for the same POST: one with other fields has a sketch of its own."""
    return bytes.fromhex(_extended(submission, secret, submission.whole, label=b"whole"))


def _extended(submission: Submission, secret: bytes, more: str, *, label: bytes) -> str:
    encoded = more.encode("utf-8", "surrogatepass")
    rest = blake2b(encoded, digest_size=SHARED, key=hash_key(secret), person=label).hexdigest()
    return comment_key(submission, secret)[: 2 * SHARED] + rest
