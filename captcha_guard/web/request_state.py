"""What one request has been through in the guard so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import request

from ..counters.client import Client
from .post.result import Outcome

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
class Journey:
    """One request's notes: the ``outcomes`` by scope, and what its response has shown.

    ``charged`` holds the scopes for which a challenge that the limits have paid for was handed out; ``client`` is who
    sends it, once that was asked; ``unsaid`` the fingerprints that are claimed later, and need no look before;
    ``own_page`` says that the answer is a page of ours. ``stored`` is what the view said became of the comment,
    ``forms`` are the forms that the guard's field is in, ``passes`` the passes handed out, by scope; ``built`` are the
    ``CaptchaField`` objects that were made.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    charged: set[str] = field(default_factory=set)
    client: Client | None = None
    unsaid: set[str] = field(default_factory=set)
    stored: bool | None = None
    forms: list[BaseForm] = field(default_factory=list)
    built: list[Built] = field(default_factory=list)
    passes: dict[str, str] = field(default_factory=dict)
    private: bool = False
    own_page: bool = False
    assets_shown: bool = False
    fields: int = 0
    finished: bool = False


def current_journey() -> Journey:
    """Return this request's journey.

    It is kept on the request itself: ``flask.g`` is shared by all requests inside one application context, as tests
    and scripts push it, and one request's outcome must never let the next one through.
    """
    kept = vars(request)
    journey = kept.get("_captcha_guard_journey")
    if journey is None:
        journey = kept["_captcha_guard_journey"] = Journey()
    return cast("Journey", journey)
