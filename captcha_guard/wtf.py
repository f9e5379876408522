"""The captcha as a WTForms field: field, widget and validator as three small things. Needs the extra ``[wtf]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flask import abort, request
from markupsafe import Markup
from wtforms import Field
from wtforms.validators import StopValidation

from .extension import judge_request
from .web.field import render_field
from .web.journey import current_journey
from .web.pages import answer_refusal
from .web.posted import ANSWER, PASS
from .web.protection import Protection
from .web.registry import guarded_routes

if TYPE_CHECKING:
    from wtforms.form import BaseForm

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
        field.note_form()
        outcome = judge_request(field.protection, field.scope)
        if outcome.refusal is not None and outcome.refusal.is_cross_site:
            abort(answer_refusal(outcome))  # the host's form would offer to send it again
        if outcome.refusal is not None:
            raise StopValidation(outcome.refusal.message)


class CaptchaField(Field):
    """The security code in a form. Its arguments after the label are those of ``CaptchaGuard.protect``.

    In a view that is also protected the submission is judged once, by the view's arguments. ``data`` is the code as
    typed; ``populate_obj`` leaves the object alone, because the code isn't stored.
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
        _form: BaseForm | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, [NotRobot(), *validators], _form=_form, **kwargs)
        self._form = _form
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
        """The protection of the view that the form is in, or else this field's own."""
        return guarded_routes().get(request.endpoint or "") or self._own

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

    def note_form(self) -> None:
        """Let the guard see the errors of this field's form: a comment whose form has some isn't stored."""
        if self._form is not None:
            current_journey().forms.append(self._form)

    def populate_obj(self, obj: object, name: str) -> None:
        """Leave the object as it is."""
