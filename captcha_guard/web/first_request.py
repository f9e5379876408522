"""Checks an application at its first request, when all its routes and settings are known."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import fields

from flask import Flask

from ..config.settings import read
from ..config.validators import PREFIX
from ..errors import ConfigError
from .guarded_views import steps
from .registry import guarded_routes
from .state import State
from .unguarded import RouteCheck, sending_methods
from .unmoderated import warn_of_unmoderated_holds

logger = logging.getLogger("captcha_guard")


class FirstRequestChecks:
    """Checks the routes before each request. At the first one, it also logs settings and guards without effect."""

    def __init__(self, app: Flask, state: State) -> None:
        self._app = app
        self._state = state
        self._routes = RouteCheck(app)
        self._reported = False

    def run(self) -> None:
        """Run the checks that are due before this request. Raises ``ConfigError`` as ``RouteCheck`` does."""
        self._routes.run()
        if not self._reported:
            self._reported = True
            warn_of_unmoderated_holds(self._state.settings, guarded_routes())
            _warn_of_late_settings(self._app, self._state)
            _warn_of_idle_guards(self._app)


def _warn_of_late_settings(app: Flask, state: State) -> None:
    try:
        now = read(app.config)
    except ConfigError as error:
        logger.warning("captcha_guard: a setting was changed after init_app, which has no effect: %s.", error)
        return
    names = [one.name for one in fields(now) if getattr(now, one.name) != getattr(state.settings, one.name)]
    if names:
        logger.warning(
            "captcha_guard: %s changed after init_app, which has no effect. Set it before guard.init_app(app).",
            " and ".join(f"{PREFIX}{name.upper()}" for name in names),
        )


def _warn_of_idle_guards(app: Flask) -> None:
    """Log guarded views whose routes don't accept POST or similar methods. A view may have several routes."""
    methods: dict[int, set[str]] = defaultdict(set)
    routes: dict[int, str] = {}
    for rule in app.url_map.iter_rules():
        view = _innermost(app.view_functions.get(rule.endpoint))
        methods[view] |= sending_methods(rule)
        if rule.endpoint in guarded_routes():
            routes[view] = f"{rule.endpoint!r} ({rule.rule})"
    for view, route in routes.items():
        if not methods[view]:
            logger.warning(
                "captcha_guard: the guarded route %s takes no POST, so its guard has nothing to check. Guard the view "
                "that the form is sent to, or add methods=['GET', 'POST'] to this one's route.",
                route,
            )


def _innermost(view: object) -> int:
    *_, inner = [None, *steps(view)]
    return id(getattr(view, "view_class", inner))
