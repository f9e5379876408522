"""Logs pages that show a form without its ``CaptchaField``. Such a form can't be sent."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from flask import Response, request

from ..identity import is_exempt
from ..request_state import Built, current_request_state
from ..state import current_state

logger = logging.getLogger("captcha_guard")

_CONTROL = re.compile(r"<(?:input|textarea|select)\b[^<>]*>", re.IGNORECASE)
_NAME = re.compile(r"""\bname\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


def report_missing_field(response: Response) -> None:
    """Log, once per route and process, that a page shows a form without the field for its code."""
    request_state, endpoint = current_request_state(), request.endpoint or ""
    if not request_state.built or request_state.private or endpoint in current_state().fieldless:
        return  # private: the page has a field, or is the guard's own
    if response.mimetype != "text/html" or not response.is_sequence or response.direct_passthrough:
        return
    shown = _shown_names(response.get_data(as_text=True))
    for built in request_state.built:
        if _is_left_out(built, shown):
            current_state().fieldless.add(endpoint)
            logger.warning(
                "captcha_guard: the route %r shows the form %s without its CaptchaField, so readers can't send it. "
                "Write {{ form.%s }} into its template.",
                endpoint,
                type(built.form).__name__,
                built.field.short_name,
            )
            return


def _is_left_out(built: Built, shown: frozenset[str]) -> bool:
    """Return whether the page shows the field's form, and the field should be in it."""
    form, field = built.form, built.field
    if not any(one is field for one in form) or is_exempt(built.protection):
        return False
    others = [one for one in form if one is not field and one.widget is not None and not _is_hidden(one)]
    wanted = {one.name for one in others if one.flags.required} or {one.name for one in others}
    return bool(wanted) and wanted <= shown


def _is_hidden(field: object) -> bool:
    return getattr(getattr(field, "widget", None), "input_type", "") in ("hidden", "submit")


def _shown_names(page: str) -> frozenset[str]:
    found: Iterable[re.Match[str] | None] = (_NAME.search(control[0]) for control in _CONTROL.finditer(page))
    return frozenset(name[1] for name in found if name is not None)
