"""Signs values that visitors carry, such as links and cookies, with the journal's secret key.

What was signed with a key in ``SECRET_KEY_FALLBACKS`` still counts as signed, so that links and forms survive when the
secret key is replaced. New values are always signed with the new key.
"""

from __future__ import annotations

import hashlib

from flask import Flask, current_app
from itsdangerous import URLSafeSerializer


def keys(app: Flask) -> list[bytes]:
    """Return the journal's secret keys in the order that itsdangerous expects: the newest, which signs, is the last."""
    newest_first = [app.config["SECRET_KEY"], *(app.config.get("SECRET_KEY_FALLBACKS") or [])]
    return [key.encode() if isinstance(key, str) else key for key in reversed(newest_first)]


def serializer(purpose: str) -> URLSafeSerializer:
    """Return the serializer for one purpose. What it signs is worthless for any other purpose."""
    return URLSafeSerializer(
        keys(current_app),
        salt=f"demo_blog {purpose}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
