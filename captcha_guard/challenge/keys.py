"""Derives keys from one secret, a separate key for each purpose."""

from __future__ import annotations

import hmac
from functools import lru_cache


@lru_cache(maxsize=64)
def subkey(key: bytes, label: bytes) -> bytes:
    """Return 32 bytes that depend on the key and the label (HMAC-SHA256, RFC 2104)."""
    return hmac.digest(key, b"captcha_guard." + label, "sha256")
