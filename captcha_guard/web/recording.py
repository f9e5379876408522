"""Records each POST, so that moderators can ask what other settings would have done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..replay.record import Found, Record
from ..spam.comment_key import comment_key
from .identity import client_here
from .state import State

if TYPE_CHECKING:
    from .post.result import Judged, Result


def record(result: Result, state: State) -> None:
    """Record the result of a POST, unless the host exempts the client. It's written in the background."""
    judged, submission = result.judged, result.submission
    if judged is None:
        return
    client = client_here()
    state.records.add(
        Record(
            judged_at=state.clock() if submission is None else submission.posted_at,
            id=result.verdict.id,
            client=client.key,
            networks=tuple(key for _, key in client.networks),
            scope=state.records.scope_hash(result.scope),
            mark="" if submission is None else comment_key(submission, state.secret),
            action=result.verdict.action,
            chance=judged.verdict.chance,
            findings=_found(judged),
            reason="" if result.code.solved else result.code.reason,
            code=judged.code,
            shadow=state.judge.shadow is True,
            counted=judged.counted,
            limited=judged.limited,
            code_helps=judged.code_helps,
        )
    )


def _found(judged: Judged) -> tuple[Found, ...]:
    return tuple(
        Found(one.reason, one.score, one.action, one.final, number >= judged.own_findings, one.own_score)
        for number, one in enumerate(judged.verdict.findings)
    )
