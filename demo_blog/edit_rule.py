"""A rule of the journal: a comment that waits for an editor still waits after its author has edited it.

Otherwise an edit could publish a comment that was held for how it was sent, such as without a code. The edit form
can't show this again.
"""

from __future__ import annotations

from typing import Final

from flask import g, has_request_context

from captcha_guard import Action, Finding, Submission
from demo_blog.models import Comment, CommentState

_ACTIONS: Final = {CommentState.HELD: Action.HOLD, CommentState.SPAM: Action.ASIDE}


class HeldBefore:
    """Holds the edit of a held comment, and sets the edit of one set aside as spam aside."""

    slug = "held_before"

    def check(self, submission: Submission) -> Finding | None:  # noqa: ARG002 - the interface of a rule
        """Look at the state of the comment that this request edits."""
        comment: Comment | None = g.get("edited_comment") if has_request_context() else None
        action = _ACTIONS.get(CommentState(comment.state)) if comment is not None else None
        if comment is None or action is None:
            return None
        reasons = ", ".join(finding.reason for finding in comment.findings if finding.reason != self.slug)
        earlier = [finding.sentence for finding in comment.findings if finding.reason == self.slug]
        sentence = f"The comment was held before its author edited it{f': {reasons}' if reasons else ''}."
        return Finding(self.slug, 0, earlier[0] if earlier else sentence, action)
