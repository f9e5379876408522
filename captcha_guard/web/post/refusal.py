"""The reason why a submission doesn't reach the view, and the message for the visitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ...messages import Message, in_english, message
from ...spam.verdict import Action, Finding
from ..language import translated

#: The messages for visitors, by reason. Each is short and friendly and says what to do next.
MESSAGES: Final[Mapping[str, Message]] = {
    "code_missing": message("Please type the security code. Your text is kept."),
    "code_wrong": message("That was not the code. Your text is kept; here is a new code."),
    "code_used": message("That code has already been used. Your text is kept; here is a new code."),
    "pass_other_text": message(
        "The code you solved was for another text. Your text is kept; please type the code once more."
    ),
    "token_expired": message("That code had expired. Your text is kept; here is a new code."),
    "token_malformed": message("That form was incomplete. Your text is kept; please type the new code."),
    "token_forged": message("That form was no longer valid. Your text is kept; please type the new code."),
    "token_scope": message("That code belonged to another form. Your text is kept; here is a new code."),
    "unusual": message(
        "One more step: please type the security code, so that we know you are a person. Your text is kept."
    ),
    "no_code_limit": message(
        "No more comments can be sent without a code today. Please enter the security code. Your text is kept."
    ),
    "duplicate": message("This very comment has already been posted here. You don't need to send it again."),
    # Translators: why is a sentence, such as "The field body is 70,000 characters long; 65,525 are allowed."
    "too_long": message("This is too long to post. %(why)s Your text is below, to copy and shorten."),
    # Translators: why is a sentence, such as "The comment contains words that aren't allowed here."
    "refused_because": message("This comment can't be posted here. %(why)s Your text is below, to copy."),
    "refused": message("This comment can't be posted here. Your text is below, to copy."),
    "cross_site": message(
        "This came from a page of another site, so it isn't posted. To post it, open the form on this site "
        "and send it from there. Your text is below, to copy."
    ),
    "store_unavailable": message(
        "The code could not be checked just now. Nothing is lost: please try again in a moment."
    ),
    "picture_unavailable": message("The code could not be shown or played just now; please ask for a new one."),
    "too_large": message("This is larger than the form takes. Your browser's Back button still has your text."),
}

STATUSES = {
    "duplicate": 409,
    "too_long": 413,
    "too_large": 413,
    "limited": 429,
    "refused": 403,
    "cross_site": 403,
    "store_unavailable": 503,
    "picture_unavailable": 503,
    "malformed": 400,
    "unsupported": 415,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer that a visitor gets instead of the view.

    ``reason`` is a fixed slug, ``status`` the HTTP status, and ``message`` a sentence or two for the visitor.
    ``retry_after`` is the whole number of seconds to wait (429 and 503 only).
    """

    reason: str
    message: str
    status: int = field(default=422)
    retry_after: int | None = None

    @classmethod
    def because(cls, reason: str, *, why: str = "", retry_after: int | None = None) -> Refusal:
        """Return the refusal for a reason in ``MESSAGES``. ``why`` is the finding's sentence."""
        text = MESSAGES["refused_because" if why and reason == "refused" else reason]
        return cls.saying(reason, text.filled(why=why) if "%(why)s" in text.msgid else text, retry_after=retry_after)

    @classmethod
    def saying(
        cls, reason: str, text: Message, *, status: int | None = None, retry_after: int | None = None
    ) -> Refusal:
        """Return a refusal with this message, in the visitor's language."""
        return cls(reason, translated(text), status or STATUSES.get(reason, 422), retry_after)

    @property
    def finding(self) -> Finding:
        """The finding that represents this refusal in the verdict."""
        return Finding(self.reason, 0, in_english(self.message), Action.REJECT)

    @property
    def is_first_request(self) -> bool:
        """Whether this only asks for a code, because the visitor has made no mistake."""
        return self.reason in ("code_missing", "unusual")

    @property
    def is_mistake(self) -> bool:
        """Whether the visitor typed a wrong code. An expired or used code isn't the visitor's mistake."""
        return self.reason == "code_wrong"

    @property
    def asks_code(self) -> bool:
        """Whether the visitor can continue by typing a code."""
        return self.status == 422

    @property
    def is_cross_site(self) -> bool:
        """Whether another site's page sent this POST. Our pages must not offer to send it again."""
        return self.reason == "cross_site"
