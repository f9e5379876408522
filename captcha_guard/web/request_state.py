"""The guard's state for the current request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import request

from ..counters.client import Client

if TYPE_CHECKING:
    from wtforms import Field
    from wtforms.form import BaseForm

    from .post.result import Result
    from .protection import Protection


@dataclass(frozen=True, slots=True)
class Built:
    """A ``CaptchaField`` that was made in this request, with its form and the form's protection."""

    form: BaseForm
    field: Field
    protection: Protection


@dataclass(slots=True)
class RequestState:
    """The state of one request.

    ``results`` are the results by scope, and ``passes`` the issued passes by scope. ``tries_given`` are the scopes for
    which a challenge with tries left was issued. ``client`` is the sender, or None before it was identified. ``stored``
    is what the view reported: True or False, or None if it reported nothing. ``forms`` are the validated forms with the
    guard's field, and ``built`` the ``CaptchaField`` objects of this request. ``fields`` counts the rendered fields.
    ``language`` is the tag that ``Accept-Language`` led to, or None if it wasn't read. ``page_language`` is the tag
    that a script has named as its page's language. ``private`` means that the response has a challenge, ``own_page``
    that it is one of our pages, ``assets_shown`` that it has the stylesheet and script, ``finished`` that the work
    after the response has been done. ``preflight_for`` has the methods that the answer to a preflight allows.
    """

    results: dict[str, Result] = field(default_factory=dict)
    tries_given: set[str] = field(default_factory=set)
    client: Client | None = None
    stored: bool | None = None
    forms: list[BaseForm] = field(default_factory=list)
    built: list[Built] = field(default_factory=list)
    passes: dict[str, str] = field(default_factory=dict)
    language: str | None = None
    page_language: str | None = None
    private: bool = False
    own_page: bool = False
    assets_shown: bool = False
    fields: int = 0
    finished: bool = False
    preflight_for: tuple[str, ...] = ()


def current_request_state() -> RequestState:
    """Return this request's state.

    It is an attribute of the request object, not of ``flask.g``. Tests and scripts may run several requests in one
    application context, which share ``flask.g``, and one request's result must not apply to the next one.
    """
    attributes = vars(request)
    request_state = attributes.get("_captcha_guard_request_state")
    if request_state is None:
        request_state = attributes["_captcha_guard_request_state"] = RequestState()
    return cast("RequestState", request_state)
