"""The checks that run automatically: cheap ones at start-up, and others while the site serves requests."""

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
from .runner import run_checks
from .site import Site

logger = logging.getLogger("captcha_guard")

#: Seconds after its start when a process runs the checks of the store, once, in a background thread.
STORE_DELAY = 30.0

#: The number of requests with forwarded headers that a process checks. This is enough to notice a missing ProxyFix.
MAX_FORWARDED = 200

_OF_REQUESTS = (Proxy, MemoryWorkers, ClassicaRoutes)


def at_start(app: Flask, state: State) -> None:
    """Log the problems of the configuration. Raises ``ConfigError`` if the site must not start with one of them."""
    for diagnosis in run_checks(Site(app, state), Moment.START).diagnoses:
        if diagnosis.refuses:
            raise ConfigError(str(diagnosis))
        log_diagnosis(diagnosis)


def log_diagnosis(diagnosis: Diagnosis) -> None:
    """Log a diagnosis that is a warning or a fault. Hints are only printed by the command."""
    if diagnosis.severity is not Severity.HINT:
        logger.log(logging.ERROR if diagnosis.severity is Severity.FAULT else logging.WARNING, "%s", diagnosis)


class ServingChecks:
    """Checks requests and, once, the store. Each code is logged once per process."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._logged: set[str] = set()
        self._first = True
        self._forwarded = 0
        self._timetable: Timetable | None = Timetable(time.monotonic(), every=STORE_DELAY)

    @property
    def _site(self) -> Site:
        # The state is read each time, because tests may replace it.
        return Site(self._app, self._app.extensions[NAME], serving=True)

    def before_request(self) -> None:
        """Check the current request. This costs only a few dictionary look-ups."""
        environ = request.environ
        if self._first:
            self._first = False
            self._check(replace(self._site, multiprocess=bool(environ.get("wsgi.multiprocess"))), MemoryWorkers)
            self._check(self._site, ClassicaRoutes)
        if Proxy.code not in self._logged and self._may_show_proxy(environ):
            self._check(replace(self._site, request=environ), Proxy)
        timetable = self._timetable
        if timetable is not None and timetable.claim(time.monotonic()):
            self._timetable = None
            with suppress(RuntimeError):  # no thread can be started; another process may run the checks
                threading.Thread(target=self.check_store, name="captcha_guard-doctor", daemon=True).start()

    def _may_show_proxy(self, environ: Mapping[str, object]) -> bool:
        """Return whether to check a request: one of the first with forwarded headers, or any without an address."""
        if self._forwarded < MAX_FORWARDED and any(header in environ for header in HEADERS):
            self._forwarded += 1
            return True
        return address_of(str(environ.get("REMOTE_ADDR", ""))) is None

    def check_store(self) -> None:
        """Run the checks of the store."""
        for diagnosis in run_checks(self._site, Moment.SERVING, self._store_checks()).diagnoses:
            self._log_once(diagnosis)

    def _store_checks(self) -> list[Check]:
        return [check for check in CHECKS if not isinstance(check, _OF_REQUESTS)]

    def _check(self, site: Site, kind: type[Proxy | MemoryWorkers | ClassicaRoutes]) -> None:
        for diagnosis in run_checks(site, Moment.SERVING, [kind()]).diagnoses:
            self._log_once(diagnosis)

    def _log_once(self, diagnosis: Diagnosis) -> None:
        if diagnosis.code not in self._logged:
            self._logged.add(diagnosis.code)
            log_diagnosis(diagnosis)
