"""One log line for each decision, in a form that programs can rely on; fail2ban's filter stands in docs/judging.md.

The logger is ``captcha_guard.decisions``. A host that wants the lines sets it to INFO and gives it a handler; every
value that a visitor can choose is quoted, so nobody writes a line of their own into the log.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from ..spam.verdict import Action

if TYPE_CHECKING:
    from .outcome import Outcome

LOGGER = logging.getLogger("captcha_guard.decisions")

_LONGEST_SCOPE = 200


def log_decision(outcome: Outcome, address: str | None, *, form: str) -> None:
    """Write the line of one decision as ``form`` says: ``text``, ``json`` or ``off``.

    ``address`` is the client's as Flask knows it, in clear: the logs of web servers have it as well, and what bans
    clients has to know it. Refused and set aside is a WARNING, all else INFO.
    """
    level = logging.WARNING if outcome.verdict.action >= Action.ASIDE else logging.INFO
    if form == "off" or not LOGGER.isEnabledFor(level):
        return
    told = _told(outcome, address)
    if form == "json":
        LOGGER.log(level, "%s", json.dumps(told))
    else:
        LOGGER.log(level, "decision %s", " ".join(f"{name}={_word(value)}" for name, value in told.items()))


def _told(outcome: Outcome, address: str | None) -> dict[str, object]:
    verdict = outcome.verdict
    return {
        "address": address or "unknown",
        "action": verdict.action.name.lower(),
        "score": verdict.score,
        "reasons": list(verdict.reasons),
        "status": outcome.refusal.status if outcome.refusal is not None else None,
        "scope": outcome.scope[:_LONGEST_SCOPE],
    }


def _word(value: object) -> str:
    """Return a value as one word of the line: a dash for none, text quoted where it could be taken for more."""
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ",".join(_word(one) for one in value)
    text = str(value)
    return (
        text
        if text.isascii() and text.replace(".", "").replace(":", "").replace("_", "").isalnum()
        else json.dumps(text)
    )
