"""The captcha as a WTForms field, with its widget and validator. Needs Flask-WTF."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import abort, has_request_context, request
from markupsafe import Markup

from ..doctor.automatic import log_diagnosis
from ..doctor.checks.classica_routes import ClassicaRoutes
from ..errors import ConfigError
from ..extension import judge_request
from ..extras import missing
from ..web.post.posted import ANSWER, PASS
from ..web.protection import Protection
from ..web.registry import guarded_routes
from ..web.request_state import Built, current_request_state
from ..web.scopes import note_form
from ..web.state import current_state
from ..web.views.field import result_for, shows_input
from ..web.views.input_attributes import LABEL
from ..web.views.pages import answer_refusal

try:
    from wtforms import Field, FieldList, FormField
    from wtforms.form import BaseForm
    from wtforms.validators import StopValidation

    from .parts import CaptchaLabel, CaptchaWidget, HiddenCaptchaWidget, LinkedError
except ModuleNotFoundError as error:
    raise missing("captcha_guard.wtf", "flask-wtf", error) from error

if TYPE_CHECKING:
    from ..challenge.difficulty import Difficulty
    from ..web.protection import FactsCallback


class NotRobot:
    """Handles the POST like that of a guarded view: limits, code, rules and verdict."""

    def __call__(self, form: BaseForm, field: CaptchaField) -> None:
        """Return if the POST is accepted. Otherwise raise ``StopValidation`` with the message for the visitor.

        The response gets the refusal's status. A POST from another site is answered with the guard's own page, which
        is raised as an exception.
        """
        if len(_captcha_fields_in(form)) > 1:
            raise _several_fields(form, _captcha_fields_in(form))
        current_request_state().forms.append(form)
        result = judge_request(field.protection_in(form), field.scope)
        if result.refusal is not None and result.refusal.is_cross_site:
            abort(answer_refusal(result))  # the host would show the form, ready to be sent again
        if result.refusal is not None:
            raise StopValidation(result.refusal.message)


class CaptchaField(Field):
    """The security code in a form. It takes the arguments of ``CaptchaGuard.protect`` and those of WTForms' fields.

    If the view is also protected, the submission is judged once, with the view's arguments. ``fields`` and ``ignore``
    take the names of the form's fields without its prefix. Fields inside a ``FormField`` are written with a dot
    (``"address.street"``). ``data`` is the typed code after ``filters``, but the guard checks the posted code.
    ``populate_obj`` doesn't change the object, because the code isn't stored. If the form needs no code, it shows no
    label, no input and no description. Creating the form raises ``ConfigError`` for arguments that aren't allowed.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return the field. In the definition of a form, return WTForms' placeholder for it."""
        if "_form" not in kwargs:
            note_form(kwargs.get("scope"))
        return super().__new__(cls, *args, **kwargs)

    def __init__(
        self,
        label: str = LABEL,
        validators: Sequence[Callable[..., object]] = (),
        *,
        scope: str | None = None,
        mode: str | None = None,
        difficulty: str | Difficulty | None = None,
        limits: str | None = None,
        moderated: bool = False,
        fields: Mapping[str, str] | None = None,
        ignore: Collection[str] = (),
        facts: FactsCallback | None = None,
        exempt_when: Callable[[], object] | None = None,
        **kwargs: Any,
    ) -> None:
        self._shows_input: tuple[object, bool] | None = None  # the state that it was computed for, and the result
        self._in_hidden_tag = False
        self._made = False
        super().__init__(label, [NotRobot(), *validators], **kwargs)
        self.label: CaptchaLabel = CaptchaLabel(self, label)
        form = _form_of(self, None if "_meta" in kwargs else kwargs.get("_form"), validators)  # _meta: of a FieldList
        self._own = Protection.from_options(
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
        self._made = True
        if has_request_context():
            current_state().forms.add(request.endpoint or "")
            current_request_state().built.append(Built(form, self, self.protection))
            self._report_classica(form)

    def _report_classica(self, form: BaseForm | None) -> None:
        """Log, once per route and process, that this field uses pictures that programs can read."""
        endpoint, reported = request.endpoint or "", current_state().classica
        own = self._own.difficulty
        if own is None or not own.is_classica or endpoint in reported or endpoint in guarded_routes():
            return
        reported.add(endpoint)
        log_diagnosis(ClassicaRoutes().of_form(type(form).__name__, endpoint))

    @property
    def shows_input(self) -> bool:
        """Whether the form shows a picture and an input now."""
        if not has_request_context():
            return True
        now = (result_for(self.scope), current_request_state().stored)
        if self._shows_input is None or self._shows_input[0] != now:
            self._shows_input = (now, shows_input(self.protection, self.scope))
        return self._shows_input[1]

    @property
    def _is_hidden(self) -> bool:
        """Whether templates should render it with the hidden fields. False if there is an error to show."""
        return self._made and not self.errors and not self.shows_input

    @property
    def widget(self) -> Any:
        """The widget that renders the field. It is a ``HiddenInput`` if the field shows nothing."""
        return HiddenCaptchaWidget() if self._is_hidden else vars(self).get("_widget") or CaptchaWidget()

    @widget.setter
    def widget(self, widget: Any) -> None:
        self._widget = widget

    def _kind(self) -> str:
        return "HiddenField" if self._is_hidden else self._type

    def _set_kind(self, name: str) -> None:
        self._type = name

    type = property(_kind, _set_kind, doc="The name of the kind of field, for templates.")

    @property
    def description(self) -> str:
        """The description for templates, "" if the form shows no input."""
        return self._description if not self._made or self.shows_input else ""

    @description.setter
    def description(self, text: str) -> None:
        self._description = text

    def __str__(self) -> str:
        """Return the markup for ``form.hidden_tag()``. If a template then renders each field, a hidden one is empty."""
        markup = str(self())
        self._in_hidden_tag = self._is_hidden
        return markup

    def __call__(self, **kwargs: object) -> Markup:
        """Return the markup. The arguments are further attributes for the input."""
        if self._in_hidden_tag and self._is_hidden:
            return Markup("")
        return Markup(super().__call__(**kwargs))  # noqa: S704 - the template has escaped it

    @property
    def protection(self) -> Protection:
        """The protection of the form's view, or else this field's own."""
        return guarded_routes().get(request.endpoint or "") or self._own

    def protection_in(self, form: BaseForm) -> Protection:
        """Return the protection with the field names that ``form`` sends.

        Raises ``ConfigError`` if ``fields`` or ``ignore`` name a field that the form doesn't have.
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
        """The scope that the form's challenges are bound to."""
        return self.protection.scope_for(request.endpoint or "", request.view_args or {})

    def process(self, formdata: Any, data: object = None, extra_filters: Any = None) -> None:  # noqa: ARG002 - WTForms' signature
        """Set ``data`` to the typed code."""
        self.process_errors = []
        self.object_data = None
        self.data = None
        if formdata is not None:
            self.data = formdata.get(ANSWER) or formdata.get(PASS) or None
            self.raw_data = [self.data] if self.data else []
        for apply in itertools.chain(self.filters, extra_filters or ()):
            try:
                self.data = apply(self.data)
            except ValueError as error:
                self.process_errors.append(error.args[0])

    def post_validate(self, form: BaseForm, validation_stopped: bool) -> None:  # noqa: ARG002, FBT001 - WTForms' signature
        """Link the errors to the input by ids, wherever the template shows them."""
        self.errors = [
            LinkedError(error, f"{self.id}-error-{number}") if isinstance(error, str) else error
            for number, error in enumerate(self.errors, 1)
        ]

    def populate_obj(self, obj: object, name: str) -> None:
        """Do nothing, because the code isn't stored."""


def _field_of(form: BaseForm, path: str) -> Any:
    """Return the field of a form at a path like ``address.street``. Raises ``ConfigError`` if there isn't one."""
    field: Any = form
    for name in path.split("."):
        inside = getattr(field, "form", field)
        if not isinstance(inside, BaseForm) or name not in inside:
            names = ", ".join(field.short_name for field in form)
            raise ConfigError(f"CaptchaField(fields=..., ignore=...) names {path!r}; the form's fields are {names}")
        field = inside[name]
    return field


def _names(field: Field) -> Iterator[str]:
    """Yield the names with which a field is sent: its own name, and those of the fields inside it."""
    yield field.name
    for inside in field if isinstance(field, (FormField, FieldList)) else ():
        yield from _names(inside)


def _form_of(field: CaptchaField, form: BaseForm | None, validators: Sequence[object]) -> BaseForm:
    """Return the form that is being created. Raises ``ConfigError`` for a field that can't work in it."""
    if form is None:
        raise ConfigError(
            "a CaptchaField can't be in a FieldList: put it into the form itself, because a form needs only one code"
        )
    if others := _captcha_fields_in(form):
        raise _several_fields(form, [*others, field])
    for validator in validators:
        flags = getattr(validator, "field_flags", {})
        if "required" in flags or "optional" in flags:
            raise ConfigError(
                f"the CaptchaField {field.short_name!r} has the validator {type(validator).__name__}; remove it: "
                "the guard decides when a code is needed"
            )
    return form


def _captcha_fields_in(form: BaseForm) -> list[CaptchaField]:
    """Return the CaptchaFields of a form and of the forms inside it."""
    found: list[CaptchaField] = []
    for field in form:
        if isinstance(field, CaptchaField):
            found.append(field)
        entries = field if isinstance(field, FieldList) and "entries" in vars(field) else (field,)
        for entry in entries:
            if isinstance(entry, FormField) and "form" in vars(entry):  # not before it has been processed
                found += _captcha_fields_in(entry.form)
    return found


def _several_fields(form: BaseForm, fields: Sequence[CaptchaField]) -> ConfigError:
    names = " and ".join(repr(field.name) for field in fields)
    return ConfigError(
        f"the form {type(form).__name__} has more than one CaptchaField: {names}; remove all but one, because a form "
        "needs only one code"
    )
