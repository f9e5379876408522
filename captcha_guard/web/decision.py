"""Reports the decision about one POST: in the log, in its record, and by a signal if the POST was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Request

from ..signals import submission_refused
from . import counting
from .decision_log import log_decision
from .recording import record
from .state import State, this_app

if TYPE_CHECKING:
    from .post.result import Result


def report_decision(result: Result, request: Request, state: State) -> None:
    """Report the result of a POST. Each result is reported once."""
    log_decision(result, request.remote_addr, form=state.settings.log)
    record(result, state)
    if result.refusal is not None and not result.refusal.asks_code:
        state.recorder.count(counting.submission_refused, result.refusal.reason)
        submission_refused.send(this_app(), scope=result.scope, reason=result.refusal.reason)
