"""Finds routes that bypass the guard of their view, and refuses to serve them."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType

from flask import Flask, request
from werkzeug.exceptions import BadRequest
from werkzeug.routing import Rule

from ..errors import ConfigError
from .guarded_views import bypasses_guard, is_guard, protection_of, steps
from .method import FETCHING, only_fetches
from .protection import Protection

#: The attributes in which classes list the decorators of all their methods, in Flask and in Flask-RESTful.
DECORATORS = ("decorators", "method_decorators")


class RouteCheck:
    """Checks all routes of an application at its first request, and later each added or replaced route.

    While a route bypasses its guard, every request raises ``ConfigError``.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._checked: dict[int, object] = {}  # the view of each checked route, by the route's id
        self._fetch_only: set[int] = set()  # the ids of routes without a guard that must not accept data
        self._began = False

    def run(self) -> None:
        """Check new routes before this request is served. Usually this costs two look-ups."""
        if not self._began:
            for rule in self._app.url_map.iter_rules():
                self._check(rule)
            self._began = True
        requested = request.url_rule
        if requested is None:
            return
        if self._checked.get(id(requested)) is not self._app.view_functions.get(requested.endpoint):
            self._check(requested)
        if id(requested) in self._fetch_only:
            _refuse_data()

    def _check(self, rule: Rule) -> None:
        view = self._app.view_functions.get(rule.endpoint)
        methods = sending_methods(rule)
        if methods and (bypass := _bypass(view, methods)):
            raise ConfigError(f"the route {rule.rule!r} bypasses its guard: {bypass}")
        if not methods and bypasses_guard(view):
            self._fetch_only.add(id(rule))
        else:
            self._fetch_only.discard(id(rule))
        self._checked[id(rule)] = view


def protection_of_method(view: object, method: str) -> Protection | None:
    """Return the protection of a view for a method such as POST. A class-based view may guard each one differently."""
    view_class = getattr(view, "view_class", None)
    if (protection := protection_of(view)) is not None or not isinstance(view_class, type):
        return protection
    return _guard_of(view_class, "dispatch_request")[0] or _guard_of(view_class, method.lower())[0]


def protection_of_class(view_class: type) -> Protection | None:
    """Return the protection of the first guarded method of a class-based view."""
    for name in ("post", "put", "patch", "delete", "dispatch_request"):
        if (protection := _guard_of(view_class, name)[0]) is not None:
            return protection
    return None


def sending_methods(rule: Rule) -> set[str]:
    """Return the methods of a route that send data: all but GET, HEAD and Flask's automatic OPTIONS."""
    automatic = {"OPTIONS"} if getattr(rule, "provide_automatic_options", False) else set()
    return (rule.methods or set()) - FETCHING - automatic


def _refuse_data() -> None:
    """Refuse a request that sends data, because its view is guarded on another route and not on this one."""
    if not only_fetches(request):
        raise BadRequest("This address only shows a page. It accepts no data.")
    request.method = "GET"  # a view that compares the method with "GET" would treat HEAD as a POST


def _bypass(view: object, methods: set[str]) -> str:
    """Return how a route with these methods bypasses a guard, and how to fix that; "" if it doesn't bypass one."""
    if protection_of(view) is not None:
        return ""
    if bypasses_guard(view):
        return (
            "write @guard.protect below its @app.post(...) and directly above the view, or pass the function that "
            "guard.protect(...) returned to add_url_rule()"
        )
    view_class = getattr(view, "view_class", None)
    return _bypass_in_class(view_class, methods) if isinstance(view_class, type) else ""


def _bypass_in_class(view_class: type, methods: set[str]) -> str:
    whole, why = _guard_of(view_class, "dispatch_request")
    if whole is not None or why:
        return why
    served = [method.lower() for method in sorted(methods) if hasattr(view_class, method.lower())]
    found = [_guard_of(view_class, name) for name in served]
    if why := next((why for _, why in found if why), ""):
        return why
    if served and all(protection is not None for protection, _ in found):
        return ""
    return _lost_decorator(view_class)


def _guard_of(view_class: type, name: str) -> tuple[Protection | None, str]:
    """Return a method's protection in a class. If the class bypasses the method's guard, return None and the fix.

    A method that calls its parent's method counts as guarded if the parent's method is guarded.
    """
    unguarded = ""
    for owner in view_class.__mro__:
        method = vars(owner).get(name)
        protection = protection_of(method)
        here = f"{owner.__name__}.{name}"
        if protection is not None and unguarded:
            fix = (
                f"write @guard.protect above {unguarded} too, or list guard.protect in {view_class.__name__}.decorators"
            )
            return None, f"{unguarded} overrides the guarded {here}; {fix}"
        if protection is not None:
            return protection, ""
        if method is not None and bypasses_guard(method):
            return None, f"{here} is the unguarded function inside a guarded method; write @guard.protect above it"
        if method is not None and not unguarded and not _calls_parent(method, name, owner):
            unguarded = here
    return None, ""


def _lost_decorator(view_class: type) -> str:
    if any(is_guard(one) for name in DECORATORS for one in _listed(getattr(view_class, name, ()))):
        return ""
    for parent in view_class.__mro__[1:]:
        for name in DECORATORS:
            if any(is_guard(decorator) for decorator in _listed(vars(parent).get(name, ()))):
                return (
                    f"{view_class.__name__}.{name} lacks the guard that is listed in {parent.__name__}.{name}; "
                    f"list guard.protect there too, or write @guard.protect above the methods of {view_class.__name__}"
                )
    return ""


def _listed(decorators: object) -> Iterator[object]:
    """Yield the decorators in a list, or in a mapping from methods to lists. Flask-RESTful allows both."""
    parts = decorators.values() if isinstance(decorators, dict) else (decorators,)
    for part in parts:
        yield from part if isinstance(part, (list, tuple)) else (part,)


def _calls_parent(method: object, name: str, owner: type) -> bool:
    """Return whether a method's code contains ``super().name`` or ``Parent.name``, even if it's never reached."""
    *_, function = steps(method)
    code = getattr(function, "__code__", None)
    parents = {"super", *(parent.__name__ for parent in owner.__mro__[1:])}
    return isinstance(code, CodeType) and any(
        attribute == name and of in parents for of, attribute in _attributes(code)
    )


def _attributes(code: CodeType) -> Iterator[tuple[str, str]]:
    """Yield (name, attribute) for each attribute access in the code, such as ``("super", "post")``."""
    loaded = ""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF") and step.argval != "__class__":
            loaded = str(step.argval)
        elif step.opname in ("LOAD_FAST", "LOAD_CONST") and step.argval != "self":
            continue
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "LOAD_SUPER_METHOD"):
            yield loaded, str(step.argval)
            loaded = ""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _attributes(constant)
