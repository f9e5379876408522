"""The tokens of one comment, before and after the filter's table of tokens was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..submission import Submission
from .features import COMMENTS, FOUND, NOTHING_FOUND, WORDS, tokens_of
from .regression import Rules, Weight
from .rows import Token
from .topic import LEVELS, Post, agreement, post_of


class CommentTokens(NamedTuple):
    """The tokens of a comment. If the post is known, also its text and the comment's words, to compare the two."""

    names: tuple[str, ...]
    words: tuple[str, ...] = ()
    post: Post | None = None

    @classmethod
    def of(cls, submission: Submission) -> CommentTokens:
        """Return the tokens of a submission."""
        names = tokens_of(submission.kept_text, submission.scope)
        post = post_of(submission.topic_text) if submission.topic else None
        return cls(names, submission.kept_text.words, post)

    @property
    def needed(self) -> tuple[str, ...]:
        """All tokens that must be read to judge the comment."""
        needed = (*self.names, FOUND, NOTHING_FOUND, COMMENTS)
        return needed if self.post is None else (*needed, WORDS, *LEVELS)

    def with_agreement(self, stored: Mapping[str, Token]) -> tuple[str, ...]:
        """Return the tokens and, if the post is known, the one for the agreement with it."""
        level = "" if self.post is None else agreement(self.words, self.post, stored)
        return (*self.names, level) if level else self.names


class LearnedTokens(NamedTuple):
    """A comment's tokens, and the stored rows of those that are known.

    ``stored`` also has the tokens for the rules and for the number of comments.
    """

    names: tuple[str, ...]
    stored: Mapping[str, Token]

    @property
    def counts(self) -> Mapping[bool, float]:
        """The number of comments that were taught, by label."""
        comments = self.stored.get(COMMENTS)
        return {False: 0.0, True: 0.0} if comments is None else comments.counts

    @property
    def rules(self) -> Rules:
        """The weights of the rules."""
        default = Rules()
        return Rules(self.stored.get(FOUND, default.found), self.stored.get(NOTHING_FOUND, default.nothing))

    @property
    def weights(self) -> list[Weight]:
        """The weight of each token, in the order of ``names``."""
        unknown = Weight()
        return [self.stored.get(name, unknown) for name in self.names]
