"""Which routes of an application are guarded, read off the views themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakSet

from flask import Flask, current_app, request

from ..errors import ConfigError
from .protection import SAFE_METHODS, Protection
from .state import this_app

View = TypeVar("View", bound=Callable[..., Any])

MARK = "_captcha_guard_protection"
INNER = "_captcha_guard_inner"

_checked: WeakSet[Flask] = WeakSet()


def mark(guarded: View, inner: Callable[..., Any], protection: Protection) -> View:
    """Write the protection on a view, where decorators above it (made with ``functools.wraps``) carry it along.

    The view inside is marked too, so that it is noticed when it is the one that gets registered.
    """
    setattr(guarded, MARK, protection)
    with suppress(AttributeError):  # methods and builtins take no attributes
        setattr(inner, INNER, True)
    return guarded


def refuse_unguarded() -> None:
    """Raise ``ConfigError``, once per application, when a route leads past the guard that its view was given."""
    app = this_app()
    if app in _checked:
        return
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        if hasattr(view, INNER) and not hasattr(view, MARK) and not (rule.methods or set()) <= SAFE_METHODS:
            raise ConfigError(
                f"the route {rule.rule!r} leads past its guard: write @guard.protect below its @app.post(...)"
            )
    _checked.add(app)


def guarded_routes() -> dict[str, Protection]:
    """Return the protection of every guarded route of the current application, by endpoint."""
    routes: dict[str, Protection] = {}
    for endpoint, view in current_app.view_functions.items():
        for candidate in (view, *_methods(view)):
            protection = getattr(candidate, MARK, None)
            if isinstance(protection, Protection):
                routes.setdefault(endpoint, protection)
    return routes


def is_guarded(endpoint: str) -> bool:
    """Return whether the view at this endpoint of the current application is guarded."""
    view = current_app.view_functions.get(endpoint)
    return view is not None and any(hasattr(candidate, MARK) for candidate in (view, *_methods(view)))


def protection_for(scope: str | None) -> tuple[str, Protection]:
    """Return endpoint and protection of the route that a form is for.

    With a ``scope`` it is the route whose scope this is (a default protection where none matches); without one the
    current endpoint's, else the only guarded route. Raises ``ConfigError`` when that leaves a choice.
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
    found = f"{len(routes)} routes are guarded ({', '.join(sorted(routes))})" if routes else "no route is guarded"
    raise ConfigError(f"captcha_guard() can't tell which form it is in: {found}; say captcha_guard(scope=...)")


def _methods(view: Callable[..., Any]) -> list[Callable[..., Any]]:
    owner = getattr(view, "view_class", None)
    names = ("post", "put", "patch", "delete", "dispatch_request")
    return [getattr(owner, name) for name in names if hasattr(owner, name)]


def _belongs(scope: str, endpoint: str, protection: Protection) -> bool:
    if protection.scope is None:
        return scope == endpoint
    if callable(protection.scope):
        return False
    pattern = re.sub(r"\\\{[^{}]*\\\}", ".+", re.escape(protection.scope))
    return re.fullmatch(pattern, scope) is not None


def _literal(scope: str) -> Callable[[], str]:
    return lambda: scope
