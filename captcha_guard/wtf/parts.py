"""What a form shows of a ``CaptchaField``: its label, its widget and its errors. Needs WTForms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from markupsafe import Markup
from wtforms import Label
from wtforms.widgets import HiddenInput

from ..web.views.field import render_field
from ..web.views.input_attributes import InputAttributes

if TYPE_CHECKING:
    from wtforms import Field

    from . import CaptchaField


class CaptchaLabel(Label):
    """The field's label: in the page once, whether the template draws it or leaves that to the field.

    Where the form shows no input, there is no text and no label. A template that writes ``label.text`` is taken to
    write a label around it.
    """

    def __init__(self, field: CaptchaField, text: str) -> None:
        self._field = field
        self._placed = self._read = self._inside = False
        super().__init__(field.id, text)

    @property
    def text(self) -> str:
        """The label's text, "" where the form shows no input."""
        if not self._field.shows_input:
            return ""
        self._read = True
        return self._text

    @text.setter
    def text(self, text: str) -> None:
        self._text = text

    def __call__(self, text: str | None = None, **kwargs: Any) -> Markup:
        """Return the label, unless the field has just drawn it, or shows no input."""
        if self._inside or not self._field.shows_input:
            self._inside = False
            return Markup("")
        self._placed = True
        return super().__call__(text or self._text, **kwargs)

    def left_to_input(self) -> tuple[str, str]:
        """Return what the next input has to show as its label, and what to say as its name.

        A text that was only read may not have become a label, so the input says it as well.
        """
        shown = "" if self._placed or self._read else self._text
        said = self._text if self._read and not self._placed else ""
        self._inside, self._placed, self._read = bool(shown), False, False
        return shown, said


class CaptchaWidget:
    """Draws picture, input, honeypot and hidden token, or the pass of a solved code; no messages, see ``errors``."""

    def __call__(self, field: CaptchaField, **kwargs: object) -> Markup:
        """Return the markup; attributes given in the template, or as ``render_kw``, are the input's."""
        given = {_name(name): value for name, value in kwargs.items()}
        label, said = field.label.left_to_input() if field.shows_input else ("", "")
        attributes = InputAttributes(
            str(given.pop("id", "") or field.id),
            label=label,
            attributes=({"aria-label": said} if said else {}) | given,
            described_by=" ".join(error.id for error in field.errors if isinstance(error, TiedError)),
        )
        return render_field(field.scope, protection=field.protection, message=False, attributes=attributes)


class HiddenCaptchaWidget(HiddenInput):
    """The same where the form shows nothing: templates then draw it among the hidden fields, without a label."""

    def __call__(self, field: Field, **kwargs: object) -> Markup:
        """Return the hidden fields."""
        return CaptchaWidget()(cast("CaptchaField", field), **kwargs)


class TiedError(str):
    """An error's text. Drawn in a template it has the ``id`` that the input names as its description, once."""

    id: str
    _drawn: bool

    def __new__(cls, text: str, tied_to: str) -> TiedError:
        """Return the text of an error of the input ``tied_to``, an id."""
        error = super().__new__(cls, text)
        error.id = tied_to
        error._drawn = False
        return error

    def __html__(self) -> Markup:
        text = str(self)
        if self._drawn:
            return Markup("{}").format(text)
        self._drawn = True
        return Markup('<span id="{}">{}</span>').format(self.id, text)


def _name(given: str) -> str:
    """Return the HTML attribute for a keyword, as WTForms does: ``class_`` is ``class``, ``data_x`` is ``data-x``."""
    name = given.rstrip("_")
    return name.replace("_", "-") if name.startswith(("data_", "aria_")) else name
