"""The captcha as a WTForms field: field, widget and validator as three small things. Needs Flask-WTF."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import abort, has_request_context, request
from markupsafe import Markup
from wtforms import Field, FieldList, FormField
from wtforms.form import BaseForm
from wtforms.validators import StopValidation

from .errors import ConfigError
from .extension import judge_request
from .web.field import render_field
from .web.journey import current_journey
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

    def __call__(self, form: BaseForm, field: CaptchaField) -> None:
        """Pass, or stop with the message for the visitor; the response gets the refusal's status.

        What another site sent is answered with the guard's own page, raised as an exception.
        """
        current_journey().forms.append(form)
        outcome = judge_request(field.protection_in(form), field.scope)
        if outcome.refusal is not None and outcome.refusal.is_cross_site:
            abort(answer_refusal(outcome))  # the host's form would offer to send it again
        if outcome.refusal is not None:
            raise StopValidation(outcome.refusal.message)


class CaptchaField(Field):
    """The security code in a form. Its arguments after the label are those of ``CaptchaGuard.protect``.

    In a view that is also protected the submission is judged once, by the view's arguments. ``fields`` and ``ignore``
    take the names of the form's fields, without its prefix; those of a ``FormField`` with a dot (``"address.street"``).
    ``data`` is the code as typed; ``populate_obj`` leaves the object alone, because the code isn't stored.
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
        ignore: Collection[str] = (),
        facts: Know | None = None,
        exempt_when: Callable[[], object] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, [NotRobot(), *validators], **kwargs)
        if has_request_context():
            current_state().forms.add(request.endpoint or "")
        self._own = Protection.told(
            scope=scope,
            mode=mode,
            difficulty=difficulty,
            limits=limits,
            moderated=moderated,
            fields=fields,
            ignore=ignore,
            facts=facts,
            exempt_when=exempt_when,
        )

    @property
    def protection(self) -> Protection:
        """The protection of the view that the form is in, or else this field's own."""
        return guarded_routes().get(request.endpoint or "") or self._own

    def protection_in(self, form: BaseForm) -> Protection:
        """Return the protection with the names of fields as ``form`` sends them.

        Raises ``ConfigError`` where ``fields`` or ``ignore`` name a field that the form doesn't have.
        """
        protection = self.protection
        if (request.endpoint or "") in guarded_routes():
            return protection
        return replace(
            protection,
            prefix=self.name.removesuffix(self.short_name),
            fields={term: _field_of(form, name).name for term, name in protection.fields.items()},
            ignore=frozenset(name for ignored in protection.ignore for name in _names(_field_of(form, ignored))),
        )

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


def _field_of(form: BaseForm, path: str) -> Any:
    """Return the field of a form at a path like ``address.street``; raises ``ConfigError`` where there is none."""
    field: Any = form
    for name in path.split("."):
        inside = getattr(field, "form", field)
        if not isinstance(inside, BaseForm) or name not in inside:
            names = ", ".join(field.short_name for field in form)
            raise ConfigError(f"CaptchaField(fields=..., ignore=...) names {path!r}; the form's fields are {names}")
        field = inside[name]
    return field


def _names(field: Field) -> Iterator[str]:
    """Yield the names under which a field is sent: its own, and those of the fields inside it."""
    yield field.name
    for inside in field if isinstance(field, (FormField, FieldList)) else ():
        yield from _names(inside)
