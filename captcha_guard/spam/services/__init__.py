"""Services outside the site that judge submissions: Akismet and StopForumSpam, both off until configured."""

from __future__ import annotations

from collections.abc import Callable

from ...config.settings import Settings
from ...database.database import Database
from ...errors import ConfigError
from ..submission import Submission
from .akismet import Akismet, Context
from .http_client import HTTPClient
from .service import Fault, Service
from .services import LateAnswer, Services
from .stopforumspam import StopForumSpam

__all__ = [
    "Akismet",
    "Context",
    "Fault",
    "HTTPClient",
    "LateAnswer",
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
    on_late_answer: Callable[[LateAnswer], None] | None = None,
) -> Services | None:
    """Return the services that the settings switch on, or ``None``. Sends nothing.

    :param secret: the site's secret, the key of all hashes.
    :param database: stores what was sent, and the tasks that wait.
    :param describe: returns more about the page of a comment, for Akismet.
    :param on_late_answer: is called with each answer that comes after the comment was handled.
    :raises ConfigError: only one of Akismet's two settings is given, or httpx isn't installed.
    """
    if bool(settings.akismet_key) != bool(settings.akismet_blog):
        missing, given = ("BLOG", "KEY") if settings.akismet_key else ("KEY", "BLOG")
        raise ConfigError(
            f"CAPTCHA_GUARD_AKISMET_{missing} is empty while CAPTCHA_GUARD_AKISMET_{given} is set; Akismet needs its "
            "key and the address of the site's front page, such as 'https://blog.example'"
        )
    if not settings.akismet_key and not settings.stopforumspam:
        return None
    http = HTTPClient(settings.service_timeout)
    services: list[Service] = []
    if settings.akismet_key:
        key, blog, discard = settings.akismet_key, settings.akismet_blog, settings.akismet_discard
        services.append(Akismet(key, blog, http, discard=discard, describe=describe))
    if settings.stopforumspam:
        services.append(StopForumSpam(http))
    return Services(services, secret=secret, database=database, on_late_answer=on_late_answer)
