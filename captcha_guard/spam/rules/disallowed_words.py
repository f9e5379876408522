"""Words that the site doesn't allow."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..lists.word_list import Words
from ..names import field_name, quote
from ..submission import Submission
from ..verdict import Action, Finding


class DisallowedWords:
    """Refuses comments with a word of the list. The visitor sees ``message``; only the moderator sees the word."""

    slug: ClassVar[str] = "disallowed_words"
    looks_at: ClassVar[tuple[str, ...]] = ("author", "email", "url", "body")
    weight: ClassVar[int] = 100
    final: ClassVar[bool] = True
    sentence: ClassVar[str] = message("A word is on the site's list of disallowed words.")

    def __init__(self, words: Words, message: str) -> None:
        self._words = words
        self.message = message

    def check(self, submission: Submission) -> Finding | None:
        """Search the fields that the list applies to."""
        match = self._words.find(submission)
        if match is None:
            return None
        sentence = message(
            "'%(entry)s', in the field %(field)s, is on the list of disallowed words.",
            entry=quote(match.entry, 60),
            field=field_name(match.field),
        )
        return Finding(self.slug, self.weight, sentence, Action.REJECT, final=True, reply=self.message)
