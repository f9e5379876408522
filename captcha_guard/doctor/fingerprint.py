"""Whether two processes have the same secret, told by keyed fingerprints that say nothing else about it."""

from __future__ import annotations

import hmac
import subprocess
import sys
from collections.abc import Callable, Sequence

from flask import Flask
from flask.cli import ScriptInfo
from limits.storage import Storage

from ..web.state import NAME, State

#: Seconds for which the secret of the process that came first is remembered in the store.
REMEMBERED = 3600

#: Seconds that an application may take to start.
PATIENCE = 60

#: More processes than this don't start at one moment.
_MOST_AT_ONCE = 2**20

_FRESH = "import sys; from captcha_guard.doctor.fingerprint import tell; tell(*sys.argv[1:])"


def fingerprint(secret: bytes, salt: str) -> str:
    """Return 64 hexadecimal digits that only who has ``secret`` can make for ``salt``."""
    return hmac.digest(secret, f"captcha_guard.doctor {salt}".encode(), "sha256").hex()


def fresh_process(app_path: str | None) -> Callable[[str], str]:
    """Return what loads the application as ``flask --app`` does, in a process of its own, and tells its fingerprint.

    :raises RuntimeError: (what is returned) the application did not start there.
    """

    def ask(salt: str) -> str:
        command = [sys.executable, "-c", _FRESH, salt, *([app_path] if app_path else [])]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RuntimeError(f"the application did not start in a process of its own: {error}") from error
        if done.returncode:
            last = (done.stderr.strip() or "no reason was given").splitlines()[-1]
            raise RuntimeError(f"the application did not start in a process of its own: {last}")
        return done.stdout.split()[-1]

    return ask


def tell(salt: str, app_path: str | None = None) -> None:
    """Print the fingerprint of the secret of the application at ``app_path``; run in a process of its own."""
    app = ScriptInfo(app_import_path=app_path).load_app()
    print(fingerprint(app.extensions[NAME].secret, salt))


class SecretNote:
    """The secret's mark in the counters' store, by which processes find out that theirs differ.

    A store can only count, so the mark is a number: the first process adds it to nothing. Whoever starts at the same
    moment may add it again, so any multiple of one's own mark is one's own.
    """

    def __init__(self, app: Flask, state: State) -> None:
        self._storage: Storage = state.storage
        self._key = f"captcha_guard/secret-of/{app.name}"
        self._marks = [_mark(secret) for secret in state.secrets]

    def differs(self) -> bool:
        """Say whether another process has noted another secret in the last hour; raises the store's faults."""
        noted = self._storage.get(self._key)
        return bool(noted) and not _is_one_of(noted, self._marks)

    def leave(self) -> bool:
        """Note this process's secret unless another one is noted; say as ``differs``. Raises the store's faults.

        A secret that was succeeded by ours (``SECRET_KEY_FALLBACKS``) gives way to it.
        """
        noted = self._storage.get(self._key)
        if noted and _is_one_of(noted, self._marks[1:]):
            self._storage.clear(self._key)
            noted = 0
        if not noted:
            noted = self._storage.incr(self._key, REMEMBERED, self._marks[0])
        return not _is_one_of(noted, self._marks)


def _mark(secret: bytes) -> int:
    """Return a number of 40 bits, never 0: small enough for every store to count with."""
    return int(fingerprint(secret, "note")[:10], 16) or 1


def _is_one_of(noted: int, marks: Sequence[int]) -> bool:
    return any(noted % mark == 0 and noted // mark < _MOST_AT_ONCE for mark in marks)
