"""What is written on views to find their guards again: on the guarded view, on what is inside, and on decorators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial, partialmethod
from typing import Any, Final, TypeVar

from .protection import Protection

View = TypeVar("View", bound=Callable[..., Any])

MARK: Final = "_captcha_guard_protection"
INNER: Final = "_captcha_guard_inner"
DECORATOR: Final = "_captcha_guard_decorator"

#: Decorators around one view that are looked through; an object that pretends to wrap another without end stops here.
DEEPEST: Final = 100


def mark(guarded: View, inner: Callable[..., Any], protection: Protection) -> View:
    """Write the protection on a view, where decorators above it (made with ``functools.wraps``) carry it along.

    All that is inside is marked too, so that it is noticed when it is what gets registered.
    """
    setattr(guarded, MARK, protection)
    for step in steps(inner):
        function = getattr(step, "__func__", step)
        with suppress(AttributeError, TypeError):  # builtins take no attributes
            setattr(function, INNER, {*getattr(function, INNER, ()), _owner(step)})
    return guarded


def mark_decorator(decorator: View) -> View:
    """Write on a decorator that it guards what it decorates."""
    setattr(decorator, DECORATOR, True)
    return decorator


def is_guard(decorator: object) -> bool:
    """Say whether a decorator guards what it decorates."""
    return any(hasattr(step, DECORATOR) for step in steps(decorator))


def protection_of(view: object) -> Protection | None:
    """Return how a view is guarded; ``None`` when calling it reaches no guard."""
    for step in steps(view):
        protection = getattr(step, MARK, None)
        if isinstance(protection, Protection):
            return protection
    return None


def leads_past(view: object) -> bool:
    """Say whether a view was given a guard, and this way of calling it leaves the guard out."""
    inner = any(_owner(step) in getattr(step, INNER, ()) for step in steps(view))
    return inner and protection_of(view) is None


def steps(view: object) -> Iterator[object]:
    """Yield a callable and then, one after the other, what it wraps (``functools.wraps``, ``functools.partial``)."""
    for _ in range(DEEPEST):
        if view is None:
            return
        yield view
        view = view.func if isinstance(view, (partial, partialmethod)) else getattr(view, "__wrapped__", None)


def _owner(step: object) -> int:
    """Return which object a bound method belongs to: other objects of its class may be left without a guard."""
    return id(getattr(step, "__self__", None))
