"""Who can't see the picture can't comment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...web.state import NAME
from ..diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from ..pages import path_of
from ..site import Site


class Picture(Check):
    """Draws one and fetches it as a visitor without an account would."""

    code: ClassVar[str] = "CG402"
    title: ClassVar[str] = "The pictures are not served."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Let the endpoints of the blueprint captcha_guard through whatever the application does before each request."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Get the picture of a challenge that nobody was asked; raises ``CannotTellError`` when that is limited."""
        token = site.state.issuer.issue("captcha_guard.doctor", difficulty=site.state.difficulty)
        answer = site.visitor.get(path_of(site.app, f"{NAME}.picture", token=token))
        if answer.status == 429:
            raise CannotTellError("too many pictures were asked for a moment ago; try again in a minute")
        if answer.status != 200 or answer.mimetype != "image/png":
            yield self.found(f"GET of a picture is answered with {answer}.")
