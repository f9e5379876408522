"""The captcha as a WTForms field: field, widget and validator as three small things. Needs the extra ``[wtf]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import abort, request
from markupsafe import Markup
from wtforms import Field
from wtforms.validators import StopValidation

from .extension import judge_request
from .web.field import render_field
from .web.pages import answer_refusal
from .web.posted import ANSWER, PASS
from .web.protection import Protection
from .web.registry import guarded_routes
from .web.state import current_state

if TYPE_CHECKING:
    from .challenge.difficulty import Difficulty
    from .web.protection import Know


class CaptchaWidget:
    """Draws picture, input, honeypot and hidden token, or the pass of a solved code; no messages, see ``errors``."""

    def __call__(self, field: CaptchaField, **kwargs: object) -> Markup:  # noqa: ARG002 - WTForms' signature
        """Return the markup; attributes given in the template have no place in it."""
        return render_field(field.scope, protection=field.protection, message=False)


class NotRobot:
    """Takes the POST the way of every guarded one: limits, code, rules, verdict."""

    def __call__(self, form: object, field: CaptchaField) -> None:  # noqa: ARG002 - WTForms' signature
        """Pass, or stop with the message for the visitor; the response gets the refusal's status.

        What another site sent is answered with the guard's own page, raised as an exception.
        """
        outcome = judge_request(field.protection, field.scope)
        if outcome.refusal is not None and outcome.refusal.is_cross_site:
            abort(answer_refusal(outcome))  # the host's form would offer to send it again
        if outcome.refusal is not None:
            raise StopValidation(outcome.refusal.message)


class CaptchaField(Field):
    """The security code in a form. Its arguments after the label are those of ``CaptchaGuard.protect``.

    In a view that is also protected the submission is judged once, by the view's arguments; this field's ``difficulty``
    can raise the view's there, and a code that was easier is asked for once more. ``data`` is the code as typed;
    ``populate_obj`` leaves the object alone, for nobody stores it.
    """

    widget = CaptchaWidget()

    def __init__(
        self,
        label: str = "Enter Security Code",
        validators: Sequence[Callable[..., object]] = (),
        *,
        scope: str | None = None,
        mode: str | None = None,
        difficulty: str | Difficulty | None = None,
        limits: str | None = None,
        moderated: bool = False,
        fields: Mapping[str, str] | None = None,
        facts: Know | None = None,
        exempt_when: Callable[[], object] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, [NotRobot(), *validators], **kwargs)
        self._own = Protection.told(
            scope=scope,
            mode=mode,
            difficulty=difficulty,
            limits=limits,
            moderated=moderated,
            fields=fields,
            facts=facts,
            exempt_when=exempt_when,
        )

    @property
    def protection(self) -> Protection:
        """The protection of the view that the form is in, at this field's difficulty if harder, or else its own."""
        of_view = guarded_routes().get(request.endpoint or "")
        if of_view is None or self._own.difficulty is None:
            return of_view or self._own
        state = current_state()
        base = of_view.difficulty or state.difficulty
        return replace(of_view, difficulty=base.raised_to(self._own.difficulty, state.settings.length))

    @property
    def scope(self) -> str:
        """What the form's challenges are bound to."""
        return self.protection.scope_for(request.endpoint or "", request.view_args or {})

    def process(self, formdata: Any, data: object = None, extra_filters: object = None) -> None:  # noqa: ARG002 - WTForms' signature
        """Take the typed code as ``data``."""
        self.process_errors = []
        self.object_data = None
        self.data = None
        if formdata is not None:
            self.data = formdata.get(ANSWER) or formdata.get(PASS) or None
            self.raw_data = [self.data] if self.data else []

    def populate_obj(self, obj: object, name: str) -> None:
        """Leave the object as it is."""
