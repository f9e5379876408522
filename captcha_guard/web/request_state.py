"""What the guard knows about the request that is being handled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import request

from ..counters.client import Client
from .post.result import Result

if TYPE_CHECKING:
    from wtforms import Field
    from wtforms.form import BaseForm

    from .protection import Protection


@dataclass(frozen=True, slots=True)
class Built:
    """A ``CaptchaField`` that was made in this request, the form it is in, and how its form is guarded."""

    form: BaseForm
    field: Field
    protection: Protection


@dataclass(slots=True)
class RequestState:
    """What has happened in one request: the ``results`` by scope, and what its response has shown.

    ``tries_given`` has the scopes for which a challenge with paid tries was handed out; ``client`` is who sends the
    request, once that was asked; ``own_page`` says that the answer is a page of ours. ``stored`` is what the view said
    became of the comment, ``forms`` are the forms that the guard's field is in, ``passes`` the passes handed out, by
    scope; ``built`` are the ``CaptchaField`` objects that were made.
    """

    results: dict[str, Result] = field(default_factory=dict)
    tries_given: set[str] = field(default_factory=set)
    client: Client | None = None
    stored: bool | None = None
    forms: list[BaseForm] = field(default_factory=list)
    built: list[Built] = field(default_factory=list)
    passes: dict[str, str] = field(default_factory=dict)
    private: bool = False
    own_page: bool = False
    assets_shown: bool = False
    fields: int = 0
    finished: bool = False


def current_request_state() -> RequestState:
    """Return this request's state.

    It is kept on the request itself: ``flask.g`` is shared by all requests inside one application context, as tests
    and scripts push it, and one request's result must never let the next one through.
    """
    kept = vars(request)
    request_state = kept.get("_captcha_guard_request_state")
    if request_state is None:
        request_state = kept["_captcha_guard_request_state"] = RequestState()
    return cast("RequestState", request_state)
