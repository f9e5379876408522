"""Logs one line for each decision, in a stable format for programs. docs/judging.md has a fail2ban filter.

The logger is ``captcha_guard.decisions``. Every value that a visitor can choose is quoted as JSON, with ``=`` escaped,
so that visitors can't forge a line or a field in the log.
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

#: The most characters of a scope that are logged.
LONGEST_SCOPE = 200

_PLAIN = re.compile(r"[\w.:/-]*\w[\w.:/-]*", re.ASCII)


def log_decision(result: Result, address: str | None, *, form: str) -> None:
    """Log one decision in the format ``form``: ``text``, ``json`` or ``off``.

    ``address`` is ``request.remote_addr``. It is logged in clear, as web servers do, because programs that ban clients
    need it. A text that isn't an address is left out. Refused and set-aside comments are logged as WARNING, all others
    as INFO.
    """
    level = logging.WARNING if result.verdict.action >= Action.ASIDE else logging.INFO
    if form == "off" or not LOGGER.isEnabledFor(level):
        return
    logged = _fields(result, address)
    if form == "json":
        LOGGER.log(level, "%s", json.dumps(logged))
    else:
        LOGGER.log(level, "decision %s", " ".join(f"{name}={_word(value)}" for name, value in logged.items()))


def _fields(result: Result, address: str | None) -> dict[str, object]:
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
    """Return a value as one word of the line: "-" for no value, and text in quotes if it could be misread."""
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ",".join(_word(one) for one in value)
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text).replace("=", "\\u003d")
