"""The journal's secret: made once, at random, readable by its owner only."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

FILE_NAME = "secret_key"
SECRET_OCTETS = 32
SHORTEST = 32


class SecretError(RuntimeError):
    """The secret's file is there but holds no secret."""


def site_secret(instance: Path) -> str:
    """Return the secret kept in ``instance``, and make it first where there is none.

    Processes that start together all return the same one. Raises :class:`SecretError` when the file is too
    short to be a secret.
    """
    path = instance / FILE_NAME
    if not path.exists():
        _publish_once(path, secrets.token_urlsafe(SECRET_OCTETS))
    key = path.read_text("ascii").strip()
    if len(key) < SHORTEST:
        raise SecretError(
            f"{path} holds {len(key)} characters and a secret has {SHORTEST} or more; "
            "delete the file and the journal makes a new one"
        )
    return key


def _publish_once(path: Path, key: str) -> None:
    # Written in full under a private name (O_EXCL, mode 0600) and only then linked to its own: nobody can
    # read half a secret, and of several processes the first to link wins.
    handle, private = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key + "\n")
        with suppress(FileExistsError):
            os.link(private, path)
    finally:
        Path(private).unlink()
