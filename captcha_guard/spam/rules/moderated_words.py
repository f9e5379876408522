"""Words for which a comment is moderated."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..lists.word_list import Words
from ..names import field_name, quote
from ..submission import Submission
from ..verdict import Action, Finding


class ModeratedWords:
    """Holds comments with a word of the list."""

    slug: ClassVar[str] = "moderated_words"
    looks_at: ClassVar[tuple[str, ...]] = ("author", "email", "url", "body")
    weight: ClassVar[int] = 30
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("A word is on the site's list of words to be moderated.")

    def __init__(self, words: Words) -> None:
        self._words = words

    def check(self, submission: Submission) -> Finding | None:
        """Search the fields that the list applies to."""
        match = self._words.find(submission)
        if match is None:
            return None
        sentence = message(
            "'%(entry)s', in the field %(field)s, is on the list of words to be moderated.",
            entry=quote(match.entry, 60),
            field=field_name(match.field),
        )
        reply = message("The comment contains a word that a person has to review first.")
        return Finding(self.slug, self.weight, sentence, Action.HOLD, reply=reply)
