"""How many processes serve the site, as far as this can be known."""

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

    The default of that setting isn't used, because it says nothing about this site.
    """
    return int(config.get(f"{PREFIX}WORKERS", 1))


def seen(environ: Mapping[str, str], argv: Sequence[str]) -> str:
    """Return which part of the environment announces several processes; empty if none does.

    Checks ``WEB_CONCURRENCY``, gunicorn's options on the command line and in ``GUNICORN_CMD_ARGS``, and uWSGI's number
    of processes. A server's configuration file isn't read; its number of processes shows only in its requests.
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
