"""Decides in which language a visitor reads, and translates texts for visitors.

A script that asks for a code names the language of its page. Otherwise Flask-Babel's locale decides if the application
has Flask-Babel, else the browser's ``Accept-Language``. A language that the site doesn't offer becomes the site's own
language.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flask import current_app, has_app_context, has_request_context, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from ..catalogues import closest, direction
from ..messages import Value, message, message_n
from .request_state import current_request_state
from .state import current_state

if TYPE_CHECKING:
    from .state import State

#: The most characters of an ``Accept-Language`` header that are read. Browsers send fewer than 100.
LONGEST_HEADER: Final = 400

logger = logging.getLogger("captcha_guard")


def visitor_language() -> str:
    """Return the tag of the language for this request's visitor. Outside of requests it's the site's language."""
    state = current_state()
    if not has_request_context():
        return state.settings.locale
    if (asked := current_request_state().page_language) is not None:
        return asked
    if "babel" in current_app.extensions and (locale := _flask_babel_locale()):
        return _offered(locale, state)
    request_state = current_request_state()
    if request_state.language is None:
        header = request.headers.get("Accept-Language", "")[:LONGEST_HEADER]
        request_state.language = negotiated(header, state.languages, state.settings.locale)
    return request_state.language


def use_page_language(tag: str) -> None:
    """Answer this request in the language of the page that sent it, if the site offers it. ``tag`` may be any text."""
    current_request_state().page_language = closest(tag, current_state().languages)


def follows_header() -> bool:
    """Return whether ``Accept-Language`` has decided the language of this response."""
    return current_request_state().language is not None


def translated(text: str) -> str:
    """Return a text in the visitor's language. Only messages are translated, and only in an application context."""
    if not has_app_context():
        return text
    return current_state().translator.translate(text, visitor_language())


def template_texts() -> dict[str, str | Callable[..., str]]:
    """Return the variables of every template: ``text`` and ``text_n`` translate, ``language`` and ``direction``."""
    tag = visitor_language()
    return {"text": text, "text_n": text_n, "language": tag, "direction": direction(tag)}


def text(msgid: str, **values: Value) -> str:
    """Return a template's text in the visitor's language. ``values`` fill its placeholders."""
    return translated(message(msgid, **values))


def text_n(singular: str, plural: str, count: int, **values: Value) -> str:
    """Return a template's text in the visitor's language, in the form for ``count``."""
    return translated(message_n(singular, plural, count, **values))


@lru_cache(maxsize=256)
def negotiated(header: str, languages: tuple[str, ...], default: str) -> str:
    """Return the first of the wanted languages that the site offers. ``header`` may be any text."""
    for wanted, quality in parse_accept_header(header, LanguageAccept):
        if quality > 0 and (found := closest(wanted, languages)) is not None:
            return found
    return default


def _offered(tag: str, state: State) -> str:
    found = closest(tag, state.languages)
    return state.settings.locale if found is None else found


def _flask_babel_locale() -> str:
    """Return Flask-Babel's locale, or "" if it has none or fails."""
    try:
        from flask_babel import get_locale  # noqa: PLC0415 - only applications with Flask-Babel have it

        locale = get_locale()
    except Exception:
        logger.exception("captcha_guard: Flask-Babel's locale can't be read, so Accept-Language decides the language")
        return ""
    return "" if locale is None else str(locale)
