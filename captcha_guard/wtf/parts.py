"""The visible parts of a ``CaptchaField``: its label, its widget and its errors. Needs WTForms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from markupsafe import Markup
from wtforms import Label
from wtforms.widgets import HiddenInput

from ..web.language import translated
from ..web.views.field import render_field
from ..web.views.input_attributes import InputAttributes

if TYPE_CHECKING:
    from wtforms import Field

    from . import CaptchaField


class CaptchaLabel(Label):
    """The field's label. It's rendered once, by the template or else by the field.

    If the form shows no input, the label and its text are empty. A template that reads ``label.text`` is assumed to
    write its own label around it.
    """

    def __init__(self, field: CaptchaField, text: str) -> None:
        self._field = field
        self._placed = self._read = self._inside = False
        super().__init__(field.id, text)

    @property
    def text(self) -> str:
        """The label's text, "" if the form shows no input."""
        if not self._field.shows_input:
            return ""
        self._read = True
        return translated(self._text)

    @text.setter
    def text(self, text: str) -> None:
        self._text = text

    def __call__(self, text: str | None = None, **kwargs: Any) -> Markup:
        """Return the label, or "" if the field has just rendered it or shows no input."""
        if self._inside or not self._field.shows_input:
            self._inside = False
            return Markup("")
        self._placed = True
        return super().__call__(text or translated(self._text), **kwargs)

    def for_input(self) -> tuple[str, str]:
        """Return the label that the next input must render, and the text for its ``aria-label``. Each may be "".

        If the template only read the text, it may not have made a label of it, so the input gets it as ``aria-label``.
        """
        shown = "" if self._placed or self._read else translated(self._text)
        spoken = translated(self._text) if self._read and not self._placed else ""
        self._inside, self._placed, self._read = bool(shown), False, False
        return shown, spoken


class CaptchaWidget:
    """Renders picture, input, honeypot and hidden token, or the pass of a solved code. Messages are in ``errors``."""

    def __call__(self, field: CaptchaField, **kwargs: object) -> Markup:
        """Return the markup. Attributes from the template or from ``render_kw`` are set on the input."""
        given = {_name(name): value for name, value in kwargs.items()}
        label, spoken = field.label.for_input() if field.shows_input else ("", "")
        attributes = InputAttributes(
            str(given.pop("id", "") or field.id),
            label=label,
            attributes=({"aria-label": spoken} if spoken else {}) | given,
            described_by=" ".join(error.id for error in field.errors if isinstance(error, LinkedError)),
        )
        return render_field(field.scope, protection=field.protection, message=False, attributes=attributes)


class HiddenCaptchaWidget(HiddenInput):
    """The widget of a field that shows nothing. Templates render it with the hidden fields, without a label."""

    def __call__(self, field: Field, **kwargs: object) -> Markup:
        """Return the hidden fields."""
        return CaptchaWidget()(cast("CaptchaField", field), **kwargs)


class LinkedError(str):
    """An error's text. At its first rendering it gets the ``id`` that the input's ``aria-describedby`` contains."""

    id: str
    _rendered: bool

    def __new__(cls, text: str, error_id: str) -> LinkedError:
        """Return an error with this text. ``error_id`` is the id of its element."""
        error = super().__new__(cls, text)
        error.id = error_id
        error._rendered = False
        return error

    def __html__(self) -> Markup:
        text = str(self)
        if self._rendered:
            return Markup("{}").format(text)
        self._rendered = True
        return Markup('<span id="{}">{}</span>').format(self.id, text)


def _name(given: str) -> str:
    """Return the HTML attribute for a keyword, as WTForms does: ``class_`` is ``class``, ``data_x`` is ``data-x``."""
    name = given.rstrip("_")
    return name.replace("_", "-") if name.startswith(("data_", "aria_")) else name
