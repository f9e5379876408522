"""Signs values that visitors carry, such as links and cookies, with the journal's secret key."""

from __future__ import annotations

import hashlib

from flask import current_app
from itsdangerous import URLSafeSerializer


def serializer(purpose: str) -> URLSafeSerializer:
    """Return the serializer for one purpose. What it signs is worthless for any other purpose."""
    keys = [*reversed(current_app.config.get("SECRET_KEY_FALLBACKS") or []), current_app.config["SECRET_KEY"]]
    return URLSafeSerializer(
        keys,
        salt=f"demo_blog {purpose}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
