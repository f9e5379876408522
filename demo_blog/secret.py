"""The journal's secret key. It is random, created once, and stored in a file that only its owner can read.

To replace it, put a new key on a line above it. The lines below are older keys (``SECRET_KEY_FALLBACKS``): forms and
links that were signed with them stay valid until their lines are deleted.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

FILE_NAME = "secret_key"
SECRET_BYTES = 32
MIN_CHARACTERS = 32


class SecretError(RuntimeError):
    """A secret key in the file is too short, or isn't ASCII."""


def site_secrets(instance: Path) -> list[str]:
    """Return the secret keys stored in ``instance``, the newest first. Creates the first one if the file is missing.

    Processes that start at the same time all return the same key. Raises :class:`SecretError` if a key is too short or
    isn't ASCII.
    """
    path = instance / FILE_NAME
    if not path.exists():
        _create_once(path, secrets.token_urlsafe(SECRET_BYTES))
    try:
        keys = path.read_text("ascii").split() or [""]
    except UnicodeDecodeError as error:
        raise SecretError(
            f"byte {error.start + 1} of {path} isn't an ASCII character; save the file without a byte order mark, or "
            "delete it and the journal creates a new one"
        ) from None
    for number, key in enumerate(keys, 1):
        if len(key) < MIN_CHARACTERS:
            raise SecretError(
                f"line {number} of {path} holds {len(key)} characters, but a secret key has at least {MIN_CHARACTERS}; "
                "delete the file and the journal creates a new one"
            )
    return keys


def _create_once(path: Path, key: str) -> None:
    # The key is written in full to a temporary file (O_EXCL, mode 0600), which is then linked to its final name.
    # So no process reads half a key, and if several processes do this at once, the first link stays.
    handle, private = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key + "\n")
        with suppress(FileExistsError):
            os.link(private, path)
    finally:
        Path(private).unlink()
