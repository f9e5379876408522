"""What one application's guard consists of, kept in ``app.extensions["captcha_guard"]``."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask, Request, current_app, request
from limits.storage import Storage

from ..breaker import Outage
from ..challenge.difficulty import Difficulty
from ..challenge.image import Appearance
from ..challenge.issuer import Issuer
from ..config.settings import Settings
from ..counters.limits import Limits
from ..counters.spent import Spent
from ..counters.surge import Surge
from ..database.database import Database
from ..errors import ConfigError
from ..health import Health
from ..spam.judge import Judge
from ..spam.moderation import Moderation
from ..spam.services import Services
from .timetable import Timetable

NAME = "captcha_guard"

#: Neutral words, so that no browser takes the honeypot for an address or a phone number and fills it in.
HONEYPOT_WORDS = ("subject", "topic", "notes", "reference", "remark", "details", "title", "summary")


@dataclass(frozen=True, slots=True)
class State:
    """The rooms, wired for one application. ``clock`` returns seconds since 1970.

    ``storage`` is the counters' store and ``health`` whether it answers, ``database`` keeps what the judge
    remembers and learns, ``secrets`` begin with ``secret``, the one in force. ``exempt_when`` says whom the guard asks
    nothing.
    ``naming`` and ``drawing`` are the times in which the host names no clients, or no pictures can be drawn;
    ``rehosted`` begins when a browser's host and ours are found to differ. ``forms`` are the endpoints at which this
    process has seen a ``CaptchaField``, ``bodiless`` those whose POSTs were reported for having nothing that looks like
    a body, ``fieldless`` those that were reported for a form without its ``CaptchaField``; ``classica`` those
    that were reported for a form whose pictures programs read; ``doubtful`` are scopes that were reported as perhaps
    misspelt. ``reconnect`` returns a new state of the same application, with other settings
    and another storage at a URI.
    """

    settings: Settings
    difficulty: Difficulty
    issuer: Issuer
    appearance: Appearance
    storage: Storage
    health: Health
    limits: Limits
    spent: Spent
    surge: Surge
    judge: Judge
    services: Services | None
    moderation: Moderation
    timetable: Timetable
    secret: bytes
    secrets: tuple[bytes, ...]
    database: Database
    clock: Callable[[], float]
    reconnect: Callable[[Settings, str, Storage], State]
    exempt_when: Callable[[], object] | None = None
    naming: Outage = field(default_factory=Outage)
    drawing: Outage = field(default_factory=Outage)
    rehosted: Outage = field(default_factory=Outage)
    forms: set[str] = field(default_factory=set)
    bodiless: set[str] = field(default_factory=set)
    fieldless: set[str] = field(default_factory=set)
    classica: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)

    @property
    def honeypot(self) -> str:
        """The name of the field that nobody sees: another one on every site."""
        digest = hmac.digest(self.secret, b"captcha_guard.honeypot", "sha256")
        return f"{HONEYPOT_WORDS[digest[0] % len(HONEYPOT_WORDS)]}_{digest[1:4].hex()}"


def current_state() -> State:
    """Return the guard of the current application; raises ``ConfigError`` when it has none."""
    try:
        state = current_app.extensions[NAME]
    except KeyError:
        raise ConfigError("captcha_guard is not set up for this application: call guard.init_app(app)") from None
    if not isinstance(state, State):
        raise ConfigError(f"app.extensions[{NAME!r}] belongs to something else; remove that extension")
    return state


def this_request() -> Request:
    """Return the request itself: its proxy asks the context at each look."""
    return request._get_current_object()  # type: ignore[attr-defined, no-any-return]


def this_app() -> Flask:
    """Return the application itself, as signals want their sender."""
    return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
