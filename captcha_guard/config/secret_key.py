"""Reads the secrets of a Flask configuration, and refuses weak ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from ..errors import ConfigError
from .validators import SHORTEST_SECRET

#: Placeholders from tutorials and templates.
PLACEHOLDER: Final = re.compile(
    r"""change[-_ ]?(me|this|it) | replace[-_ ]?(me|this) | your[-_ ]?(own[-_ ])?(very[-_ ])?secret | placeholder
    | insecure | not[-_ ]?so[-_ ]?secret | super[-_ ]?secret | ^(my[-_ ]?)?secret[-_ ]?key$
    | ^dev(elopment)?[-_ ]?(secret)?[-_ ]?(key)?$ | 192b9bdd22ab9ed4d12e236c78afcb9a""",
    re.IGNORECASE | re.VERBOSE,
)
HOW_TO_MAKE_ONE: Final = 'make one with: python -c "import secrets; print(secrets.token_hex())"'


def read_secrets(config: Mapping[str, object]) -> list[bytes]:
    """Return ``SECRET_KEY`` and ``SECRET_KEY_FALLBACKS`` as bytes, the newest first.

    Raises ``ConfigError`` if one is missing, shorter than 16 bytes, or a placeholder.
    """
    fallbacks = config.get("SECRET_KEY_FALLBACKS") or ()
    if isinstance(fallbacks, (str, bytes)) or not isinstance(fallbacks, Sequence):
        raise ConfigError(f"SECRET_KEY_FALLBACKS is of type {type(fallbacks).__name__}; write a list of old secrets")
    secrets = [_secret("SECRET_KEY", config.get("SECRET_KEY"))]
    return secrets + [_secret("SECRET_KEY_FALLBACKS", old) for old in fallbacks]


def _secret(name: str, value: object) -> bytes:
    if not value:
        raise ConfigError(f"{name} isn't set, so nothing can be signed; {HOW_TO_MAKE_ONE}")
    if not isinstance(value, (str, bytes)):
        digits = isinstance(value, (int, float)) and not isinstance(value, bool)
        why = " (Flask reads digits in an environment variable as a number)" if digits else ""
        raise ConfigError(
            f"{name} is of type {type(value).__name__}{why}; it must be a text or bytes; {HOW_TO_MAKE_ONE}"
        )
    encoded = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    if len(encoded) < SHORTEST_SECRET:
        raise ConfigError(
            f"{name} is {len(encoded)} bytes long; at least {SHORTEST_SECRET} are needed; {HOW_TO_MAKE_ONE}"
        )
    if PLACEHOLDER.search(encoded.decode("utf-8", "replace")) or len(set(encoded)) < 6:
        raise ConfigError(f"{name} looks like a placeholder that others can guess; {HOW_TO_MAKE_ONE}")
    return encoded
