"""Attributes of views and decorators, by which the guard of a view is found later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial, partialmethod
from typing import Any, Final, TypeVar

from .protection import Protection

View = TypeVar("View", bound=Callable[..., Any])

PROTECTION: Final = "_captcha_guard_protection"
INNER: Final = "_captcha_guard_inner"
DECORATOR: Final = "_captcha_guard_decorator"

#: The most decorators to follow around one view. Some objects claim to wrap another one endlessly.
DEEPEST: Final = 100


def attach_protection(guarded: View, inner: Callable[..., Any], protection: Protection) -> View:
    """Store the protection as an attribute of a view, and return the view.

    Decorators above it copy the attribute if they use ``functools.wraps``. Everything inside the guard gets another
    attribute, so that :func:`bypasses_guard` notices it if the unguarded function is registered as a route.
    """
    setattr(guarded, PROTECTION, protection)
    for step in steps(inner):
        function = getattr(step, "__func__", step)
        with suppress(AttributeError, TypeError):  # builtins take no attributes
            setattr(function, INNER, {*getattr(function, INNER, ()), _owner(step)})
    return guarded


def attach_to_decorator(decorator: View) -> View:
    """Store an attribute that says that a decorator guards what it decorates, and return the decorator."""
    setattr(decorator, DECORATOR, True)
    return decorator


def is_guard(decorator: object) -> bool:
    """Return whether a decorator guards what it decorates."""
    return any(hasattr(step, DECORATOR) for step in steps(decorator))


def protection_of(view: object) -> Protection | None:
    """Return the protection of a view, or ``None`` if calling it doesn't run a guard."""
    for step in steps(view):
        protection = getattr(step, PROTECTION, None)
        if isinstance(protection, Protection):
            return protection
    return None


def bypasses_guard(view: object) -> bool:
    """Return whether a view was guarded elsewhere, but this way of calling it skips the guard."""
    inner = any(_owner(step) in getattr(step, INNER, ()) for step in steps(view))
    return inner and protection_of(view) is None


def steps(view: object) -> Iterator[object]:
    """Yield a callable, then each callable that it wraps (``functools.wraps``, ``functools.partial``)."""
    for _ in range(DEEPEST):
        if view is None:
            return
        yield view
        view = view.func if isinstance(view, (partial, partialmethod)) else getattr(view, "__wrapped__", None)


def _owner(step: object) -> int:
    """Return the id of a bound method's object, because other objects of its class may have no guard."""
    return id(getattr(step, "__self__", None))
