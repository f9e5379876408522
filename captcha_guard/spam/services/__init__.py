"""Services outside the site that judge submissions: Akismet and StopForumSpam, both off until configured."""

from __future__ import annotations

from collections.abc import Callable

from ...config.settings import Settings
from ...database.database import Database
from ...errors import ConfigError
from ..submission import Submission
from .akismet import Akismet, Context
from .http_client import Exchange
from .service import Fault, Service
from .services import Rechecked, Services
from .stopforumspam import StopForumSpam

__all__ = [
    "Akismet",
    "Context",
    "Exchange",
    "Fault",
    "Rechecked",
    "Service",
    "Services",
    "StopForumSpam",
    "services_of",
]


def services_of(
    settings: Settings,
    *,
    secret: bytes,
    database: Database,
    describe: Callable[[Submission], Context] | None = None,
    told: Callable[[Rechecked], None] | None = None,
) -> Services | None:
    """Return the services that ``settings`` switch on, ``None`` when there is none; asks nobody anything yet.

    :param secret: key of the hashes that answers and comments are known by.
    :param database: where what waits and what was sent is kept.
    :param describe: tells Akismet more of the page that was commented on.
    :param told: hears the answers that came late.
    :raises ConfigError: Akismet's key without the site's address or the other way round, or httpx is missing.
    """
    if bool(settings.akismet_key) != bool(settings.akismet_blog):
        missing, given = ("BLOG", "KEY") if settings.akismet_key else ("KEY", "BLOG")
        raise ConfigError(
            f"CAPTCHA_GUARD_AKISMET_{missing} is empty while CAPTCHA_GUARD_AKISMET_{given} is set; Akismet needs its "
            "key and the address of the site's front page, such as 'https://blog.example'"
        )
    if not settings.akismet_key and not settings.stopforumspam:
        return None
    exchange = Exchange(settings.service_timeout)
    services: list[Service] = []
    if settings.akismet_key:
        key, blog, discard = settings.akismet_key, settings.akismet_blog, settings.akismet_discard
        services.append(Akismet(key, blog, exchange, discard=discard, describe=describe))
    if settings.stopforumspam:
        services.append(StopForumSpam(exchange))
    return Services(services, secret=secret, database=database, told=told)
