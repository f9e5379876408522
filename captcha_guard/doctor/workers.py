"""Finds out whether several processes serve the site, as far as this is possible."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ..config.validators import PREFIX

_OPTION = re.compile(r"(?:-w|--workers)(?:=|\s*)(\d+)")


def declared(config: Mapping[str, Any]) -> int:
    """Return ``CAPTCHA_GUARD_WORKERS`` if the configuration sets it, else 1.

    The setting's default isn't used, because it isn't a fact about this site.
    """
    return int(config.get(f"{PREFIX}WORKERS", 1))


def seen(environ: Mapping[str, str], argv: Sequence[str]) -> str:
    """Return the part of the environment that sets several processes. Empty if there is none.

    Checks ``WEB_CONCURRENCY``, gunicorn's options on the command line and in ``GUNICORN_CMD_ARGS``, and uWSGI's number
    of processes. A server's configuration file isn't read. Its requests show whether it runs several processes.
    """
    concurrency = environ.get("WEB_CONCURRENCY", "")
    if concurrency.isdecimal() and int(concurrency) > 1:
        return f"WEB_CONCURRENCY is {concurrency}"
    of_gunicorn = shlex.join(argv[1:]) if argv and PurePath(argv[0]).name == "gunicorn" else ""
    for where, options in (("gunicorn was given", of_gunicorn), ("GUNICORN_CMD_ARGS has", _given(environ))):
        option = _OPTION.search(options)
        if option is not None and int(option[1]) > 1:
            return f"{where} {option[0]}"
    of_uwsgi = getattr(sys.modules.get("uwsgi"), "numproc", 1)
    return f"uWSGI runs {of_uwsgi} processes" if of_uwsgi > 1 else ""


def _given(environ: Mapping[str, str]) -> str:
    return environ.get("GUNICORN_CMD_ARGS", "")
