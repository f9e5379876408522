"""Finds the guarded routes of an application by the marks on their views."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app, request

from ..errors import ConfigError
from .guarded_views import protection_of
from .protection import Protection
from .scopes import NO_ROUTE, fits
from .unguarded import protection_of_class


def guarded_routes() -> dict[str, Protection]:
    """Return the protection of every guarded route of the current application, by endpoint."""
    routes: dict[str, Protection] = {}
    for endpoint, view in current_app.view_functions.items():
        if (protection := _protection_of(view)) is not None:
            routes[endpoint] = protection
    return routes


def is_guarded(endpoint: str) -> bool:
    """Return whether the view at this endpoint of the current application is guarded."""
    return _protection_of(current_app.view_functions.get(endpoint)) is not None


def protection_for(scope: str | None) -> tuple[str, Protection]:
    """Return the endpoint and the protection of the route that a form is sent to.

    With a ``scope``, this is the route that has this scope, or a default protection if no route has it. Without a
    ``scope``, it is the current endpoint if that is guarded, else the only guarded route. Raises ``ConfigError`` if
    that leaves no route or several.
    """
    routes = guarded_routes()
    endpoint = request.endpoint or ""
    if scope is not None:
        matching = [item for item in routes.items() if _belongs(scope, *item)]
        return matching[0] if matching else (endpoint, Protection(scope=_literal(scope)))
    if endpoint in routes:
        return endpoint, routes[endpoint]
    if len(routes) == 1:
        return next(iter(routes.items()))
    if not routes:
        raise ConfigError(NO_ROUTE)
    found = f"{len(routes)} routes are guarded ({', '.join(sorted(routes))})"
    raise ConfigError(f"captcha_guard() can't tell which form it is in: {found}; write captcha_guard(scope=...)")


def _protection_of(view: object) -> Protection | None:
    view_class = getattr(view, "view_class", None)
    return protection_of(view) or (protection_of_class(view_class) if isinstance(view_class, type) else None)


def _belongs(scope: str, endpoint: str, protection: Protection) -> bool:
    if protection.scope is None:
        return scope == endpoint
    return isinstance(protection.scope, str) and fits(scope, protection.scope)


def _literal(scope: str) -> Callable[[], str]:
    return lambda: scope
