"""Checks the scopes that templates name. A form with a scope that no route has could never be sent."""

from __future__ import annotations

import logging
from collections.abc import Collection
from string import Formatter
from typing import Final

from flask import Flask, current_app

from ..config.suggestion import nearest
from ..errors import ConfigError
from .method import FETCHING
from .protection import Protection
from .state import State

#: The error for a field in an application without guarded routes.
NO_ROUTE: Final = (
    "a template calls captcha_guard(), but no route is guarded, so no comment would be checked; write @guard.protect "
    "below the @app.route of the view to which the form is sent"
)

#: The most scopes that are logged and remembered as doubtful. Clients can ask for any scope.
MOST_DOUBTFUL: Final = 100

logger = logging.getLogger("captcha_guard")

#: The scopes of all CaptchaFields that this process has defined, in any application. None means the endpoint's name.
_OF_FORMS: Final[set[object]] = set()


def note_form(scope: object) -> None:
    """Record the scope of a ``CaptchaField`` when its form is defined."""
    _OF_FORMS.add(scope)


def has_forms() -> bool:
    """Return whether this process has defined a form with a ``CaptchaField``."""
    return bool(_OF_FORMS)


def check_scope(scope: str, routes: dict[str, Protection], state: State) -> None:
    """Raise ``ConfigError`` for a scope that no guarded route and no form has.

    A route whose scope is a function can have any scope. If there is one, a scope that looks like a misspelling is
    only logged, once.
    """
    scopes = [endpoint if route.scope is None else route.scope for endpoint, route in routes.items()]
    scopes += [one for one in _OF_FORMS if isinstance(one, str) or callable(one)]
    known = sorted({one for one in scopes if isinstance(one, str)})
    if isinstance(scope, str) and (any(fits(scope, one) for one in known) or _is_of_form(scope)):
        return
    near = _nearest(str(scope), known)
    if not any(callable(one) for one in scopes):
        if not known:
            raise ConfigError(NO_ROUTE)
        listed = f"known are {', '.join(map(repr, known))}"
        hint = f"did you mean {near!r}? {listed[0].upper()}{listed[1:]}" if near else listed
        raise ConfigError(f"captcha_guard(scope={scope!r}): no guarded route has this scope; {hint}")
    if near and scope not in state.doubtful and len(state.doubtful) < MOST_DOUBTFUL:
        state.doubtful.add(scope)
        logger.warning(
            "captcha_guard: a page shows a form with the scope %r. Only a route whose scope is a function can have "
            "it. Did you mean %r?",
            scope[:200],
            near,
        )


def fits(scope: str, pattern: str) -> bool:
    """Return whether a format string can produce a scope. Each argument has at least one character."""
    first, *others = _literals(pattern)
    if not others:
        return scope == first
    *middle, last = others
    place, end = len(first), len(scope) - len(last)
    if not scope.startswith(first) or not scope.endswith(last):
        return False
    for literal in middle:
        place = scope.find(literal, place + 1, end)
        if place < 0:
            return False
        place += len(literal)
    return place < end


def _literals(pattern: str) -> list[str]:
    """Return the literal texts before, between and after the arguments of a format string."""
    parts = [""]
    try:
        for literal, argument, *_ in Formatter().parse(pattern):
            parts[-1] += literal
            if argument is not None:
                parts.append("")
    except ValueError:
        return [pattern]
    return parts


def _is_of_form(scope: str) -> bool:
    """Return whether the scope is an endpoint whose view may use a ``CaptchaField`` that has no scope."""
    return None in _OF_FORMS and scope in _receiving_endpoints(current_app)


def _receiving_endpoints(app: Flask) -> Collection[str]:
    return {rule.endpoint for rule in app.url_map.iter_rules() if (rule.methods or set()) - FETCHING - {"OPTIONS"}}


def _nearest(scope: str, known: Collection[str]) -> str | None:
    """Return the most similar known scope. A format string is compared by the text before its first argument."""
    heads = {_literals(one)[0]: one for one in known if len(_literals(one)) > 1}
    for head, one in heads.items():
        if head and nearest(scope[: len(head)], [head]):
            return one
    return nearest(scope, known)
