"""One log line for each decision, in a form that programs can rely on; fail2ban's filter stands in docs/judging.md.

The logger is ``captcha_guard.decisions``. Whatever a visitor can choose is quoted as JSON in which no ``=`` is left, so
nobody writes a line, or a field of a line, of their own into the log.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING

from ..counters.client import address_of
from ..spam.verdict import Action

if TYPE_CHECKING:
    from .post.result import Result

LOGGER = logging.getLogger("captcha_guard.decisions")

#: Characters of a scope that are written.
LONGEST_SCOPE = 200

_PLAIN = re.compile(r"[\w.:/-]*\w[\w.:/-]*", re.ASCII)


def log_decision(result: Result, address: str | None, *, form: str) -> None:
    """Write the line of one decision as ``form`` says: ``text``, ``json`` or ``off``.

    ``address`` is the client's as Flask knows it, in clear: the logs of web servers have it as well, and what bans
    clients has to know it. What is no address is left out: it was made up. Refused and set aside is a WARNING, the
    rest INFO.
    """
    level = logging.WARNING if result.verdict.action >= Action.ASIDE else logging.INFO
    if form == "off" or not LOGGER.isEnabledFor(level):
        return
    told = _told(result, address)
    if form == "json":
        LOGGER.log(level, "%s", json.dumps(told))
    else:
        LOGGER.log(level, "decision %s", " ".join(f"{name}={_word(value)}" for name, value in told.items()))


def _told(result: Result, address: str | None) -> dict[str, object]:
    verdict = result.verdict
    meant = verdict.meant.name.lower() if verdict.meant is not None else None
    return {
        "address": str(ip) if (ip := address_of(address)) else None,
        "action": verdict.action.name.lower(),
        "meant": meant,
        "score": verdict.score,
        "reasons": list(verdict.reasons),
        "shadowed": [finding.reason for finding in verdict.shadowed],
        "status": result.refusal.status if result.refusal is not None else None,
        "id": verdict.id or None,
        "scope": result.scope[:LONGEST_SCOPE],
    }


def _word(value: object) -> str:
    """Return a value as one word of the line: a dash for none, text quoted where it could be taken for more."""
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ",".join(_word(one) for one in value)
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text).replace("=", "\\u003d")
