"""The code of a form that was sent to a route without a guard, such as a preview.

The guard hasn't looked at it, so it isn't used up. The field shows it again with what the visitor typed, and the form
can still be sent to the guarded route.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from ...challenge.token import Opened
from ...errors import TokenError
from ..post.posted import ANSWER, FORMS, NO_CODE, PASS, TOKEN, is_ticked
from ..state import State

#: The most characters of a typed code that are shown again.
_LONGEST_TYPED = 200


@dataclass(frozen=True, slots=True)
class KeptCode:
    """A genuine challenge or pass that came with this request.

    ``typed`` is the text in the code's input. ``without_code`` means that the box to send it without a code was ticked.
    """

    token: str
    opened: Opened
    typed: str
    without_code: bool

    @property
    def is_pass(self) -> bool:
        """Whether it proves that a code was solved before."""
        return self.opened.challenge.is_pass

    @property
    def is_asked(self) -> bool:
        """Whether the form showed an input: the visitor was asked for the code, or has typed it."""
        return bool(self.typed) or self.opened.challenge.tries_left > 0


def kept_code(state: State, scope: str) -> KeptCode | None:
    """Return the code that was posted for this scope, or None if no valid one was posted."""
    if request.method != "POST" or request.mimetype not in FORMS:
        return None
    name = PASS if request.form.get(PASS) else TOKEN
    token = request.form.get(name, "")
    if not token:
        return None
    try:
        opened = state.issuer.open(token, scope=scope)
    except TokenError:
        return None
    if opened.challenge.is_pass != (name == PASS):
        return None
    typed, ticked = request.form.get(ANSWER, "")[:_LONGEST_TYPED], is_ticked(request.form.get(NO_CODE, ""))
    return KeptCode(token, opened, typed, without_code=ticked)
