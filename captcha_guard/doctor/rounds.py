"""What the doctor does unasked: at start-up what costs nothing, and while the site is served what only that shows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from flask import Flask, request

from ..counters.client import address_of
from ..errors import ConfigError
from ..web.state import NAME, State
from ..web.timetable import Timetable
from .checks import CHECKS
from .checks.classica_routes import ClassicaRoutes
from .checks.memory_workers import MemoryWorkers
from .checks.proxy import HEADERS, Proxy
from .diagnosis import Check, Diagnosis, Moment, Severity
from .examination import examine
from .site import Site

logger = logging.getLogger("captcha_guard")

#: Seconds after its start when a process looks at what needs the store, once, on a thread that nobody waits for.
SETTLED = 30.0

#: Requests with forwarded headers that one process looks at: a proxy that is not reckoned with shows in the first ones.
ENOUGH = 200

_OF_REQUESTS = (Proxy, MemoryWorkers, ClassicaRoutes)


def at_start(app: Flask, state: State) -> None:
    """Log what is wrong with the set-up; raises ``ConfigError`` where the site must not start like this."""
    for diagnosis in examine(Site(app, state), Moment.START).diagnoses:
        if diagnosis.refuses:
            raise ConfigError(str(diagnosis))
        tell(diagnosis)


def tell(diagnosis: Diagnosis) -> None:
    """Write a diagnosis into the log; hints are left to the command."""
    if diagnosis.severity is not Severity.HINT:
        logger.log(logging.ERROR if diagnosis.severity is Severity.FAULT else logging.WARNING, "%s", diagnosis)


class Rounds:
    """Looks at requests and, once, at the store; each code is told once in a process."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._told: set[str] = set()
        self._first = True
        self._forwarded = 0
        self._timetable: Timetable | None = Timetable(time.monotonic(), every=SETTLED)

    @property
    def _site(self) -> Site:
        return Site(self._app, self._app.extensions[NAME], serving=True)  # tests may exchange the state

    def look(self) -> None:
        """Look at the request that is about to be served: a few look-ups, no more."""
        environ = request.environ
        if self._first:
            self._first = False
            self._tell_of(replace(self._site, multiprocess=bool(environ.get("wsgi.multiprocess"))), MemoryWorkers)
            self._tell_of(self._site, ClassicaRoutes)
        if Proxy.code not in self._told and self._shows_a_proxy(environ):
            self._tell_of(replace(self._site, request=environ), Proxy)
        timetable = self._timetable
        if timetable is not None and timetable.claim(time.monotonic()):
            self._timetable = None
            with suppress(RuntimeError):  # no thread to be had; the next process may look
                threading.Thread(target=self.examine_store, name="captcha_guard-doctor", daemon=True).start()

    def _shows_a_proxy(self, environ: Mapping[str, object]) -> bool:
        """Say whether a request is worth looking at: a proxy's among the first, or any without an address."""
        if self._forwarded < ENOUGH and any(header in environ for header in HEADERS):
            self._forwarded += 1
            return True
        return address_of(str(environ.get("REMOTE_ADDR", ""))) is None

    def examine_store(self) -> None:
        """Make the checks that ask the store."""
        for diagnosis in examine(self._site, Moment.SERVING, self._others()).diagnoses:
            self._once(diagnosis)

    def _others(self) -> list[Check]:
        return [check for check in CHECKS if not isinstance(check, _OF_REQUESTS)]

    def _tell_of(self, site: Site, kind: type[Proxy | MemoryWorkers | ClassicaRoutes]) -> None:
        for diagnosis in examine(site, Moment.SERVING, [kind()]).diagnoses:
            self._once(diagnosis)

    def _once(self, diagnosis: Diagnosis) -> None:
        if diagnosis.code not in self._told:
            self._told.add(diagnosis.code)
            tell(diagnosis)
