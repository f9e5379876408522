"""Checks an application once, at its first request, when all its routes and settings are known."""

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
from .unguarded import RouteCheck, methods_bringing
from .unmoderated import warn_of_unkept_holds

logger = logging.getLogger("captcha_guard")


class FirstRequestChecks:
    """Checks the routes before each request, and logs settings and guards without effect once."""

    def __init__(self, app: Flask, state: State) -> None:
        self._app = app
        self._state = state
        self._routes = RouteCheck(app)
        self._reported = False

    def look(self) -> None:
        """Run the checks that are due before this request. Raises ``ConfigError`` as ``RouteCheck`` does."""
        self._routes.look()
        if not self._reported:
            self._reported = True
            warn_of_unkept_holds(self._state.settings, guarded_routes())
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
    """Log guarded views whose routes take no POST or the like. A view may have several routes and endpoints."""
    brings: dict[int, set[str]] = defaultdict(set)
    places: dict[int, str] = {}
    for rule in app.url_map.iter_rules():
        view = _innermost(app.view_functions.get(rule.endpoint))
        brings[view] |= methods_bringing(rule)
        if rule.endpoint in guarded_routes():
            places[view] = f"{rule.endpoint!r} ({rule.rule})"
    for view, place in places.items():
        if not brings[view]:
            logger.warning(
                "captcha_guard: the guarded route %s takes no POST, so its guard has nothing to check. Guard the view "
                "that the form is sent to, or add methods=['GET', 'POST'] to this one's route.",
                place,
            )


def _innermost(view: object) -> int:
    *_, inner = [None, *steps(view)]
    return id(getattr(view, "view_class", inner))
