"""StopForumSpam, a free list of addresses, emails and names that spammed forums (www.stopforumspam.com/usage)."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Final

from ...messages import message
from ..submission import Submission
from ..verdict import Action, Finding
from .http_client import HTTPClient
from .service import Fault, Form

#: At this confidence (per cent) or more a comment is held, whatever else was found.
SURE: Final = 90

#: At this confidence (per cent) or more the listing adds to the score. Below, it is ignored.
LIKELY: Final = 50

#: The scores of a listing that is sure, and of one that is likely.
LISTED: Final = 60
SUSPECTED: Final = 30

#: The frequency of an entry on the service's own blacklist. The confidence of such an entry means nothing.
BLACKLISTED: Final = 255

_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}\.[^\s@]{2,60}")

#: The sentences of findings, by what is listed.
_SENTENCES: Final = {
    ("ip",): message("StopForumSpam lists the address as a spammer's (%(percent)d %% sure)."),
    ("email",): message("StopForumSpam lists the email as a spammer's (%(percent)d %% sure)."),
    ("ip", "email"): message("StopForumSpam lists the address and the email as a spammer's (%(percent)d %% sure)."),
    ("ip", "username"): message("StopForumSpam lists the address and the name as a spammer's (%(percent)d %% sure)."),
    ("email", "username"): message("StopForumSpam lists the email and the name as a spammer's (%(percent)d %% sure)."),
    ("ip", "email", "username"): message(
        "StopForumSpam lists the address, the email and the name as a spammer's (%(percent)d %% sure)."
    ),
}


class StopForumSpam:
    """Looks up address, email and name in one question. A name alone proves nothing and is never looked up."""

    slug = "stopforumspam"
    base = "https://api.stopforumspam.org"
    clean_for = 86_400.0
    found_for = 3_600.0

    def __init__(self, http: HTTPClient) -> None:
        self._http = http

    def form(self, submission: Submission, address: str) -> Form | None:
        """Return what is looked up, or ``None`` if neither the address nor the email is valid."""
        try:
            asked = {"ip": str(ipaddress.ip_address(address.partition("%")[0]))}
        except ValueError:
            asked = {}
        if _EMAIL.fullmatch(submission.email.strip()):
            asked["email"] = submission.email.strip()
        if asked and submission.author.strip():
            asked["username"] = submission.author.strip()
        return asked or None

    def cached_fields(self, form: Form) -> Form:
        """Return all fields."""
        return form

    def ask(self, form: Form, recheck: str = "") -> Finding | Fault | None:  # noqa: ARG002 - the API takes no reason
        """Look up by POST, so that no personal data is in a URL."""
        flags = {"json": "1", "confidence": "1"}
        reply = self._http.post(self.slug, f"{self.base}/api", dict(form) | flags)
        if isinstance(reply, Fault):
            return reply
        try:
            answer = json.loads(reply.body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or not _is_flag(answer.get("success"), 1):
            return self._refused(answer)
        listed = {name: _confidence(answer.get(name)) for name in form}
        known = {name: confidence for name, confidence in listed.items() if confidence is not None}
        if len(known) < len(listed):
            return Fault(self.slug, "unreadable", message("StopForumSpam's answer isn't one that its API documents."))
        return _finding(known)

    def _refused(self, answer: object) -> Fault:
        error = answer.get("error") if isinstance(answer, dict) and _is_flag(answer.get("success"), 0) else None
        if isinstance(error, str):
            said = "".join(letter for letter in error if letter.isprintable())[:200]
            return Fault(self.slug, "refused", message("StopForumSpam did not answer; it says: %(said)s.", said=said))
        return Fault(self.slug, "unreadable", message("StopForumSpam's answer isn't one that its API documents."))


def _confidence(entry: object) -> float | None:
    """Return the confidence of an entry in per cent, 0 to 100, or ``None`` if it can't be read."""
    if not isinstance(entry, dict) or not _is_flag(entry.get("appears"), 0, 1):
        return None
    frequency = entry.get("frequency")
    if isinstance(frequency, bool) or not isinstance(frequency, int) or frequency < 0:
        return None
    if entry["appears"] == 0:
        return 0.0
    if frequency == BLACKLISTED:
        return 100.0
    confidence = entry.get("confidence")
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not 0 <= confidence <= 100:
        return None
    return float(confidence)


def _is_flag(value: object, *allowed: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in allowed


def _finding(known: Mapping[str, float]) -> Finding | None:
    """Return a finding for the higher confidence of address and email. A name that is listed too is only mentioned."""
    surest = max(known.get("ip", 0.0), known.get("email", 0.0))
    if surest < LIKELY:
        return None
    listed = tuple(name for name, confidence in known.items() if confidence >= LIKELY)
    sentence = _SENTENCES[listed].filled(percent=round(surest))
    if surest >= SURE:
        return Finding(StopForumSpam.slug, LISTED, sentence, Action.HOLD)
    return Finding(StopForumSpam.slug, SUSPECTED, sentence)
