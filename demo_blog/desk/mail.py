"""The journal's mail: its settings, which are checked at start, and sending an e-mail over SMTP."""

from __future__ import annotations

import os
import re
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import getaddresses
from ipaddress import ip_address
from typing import Final, cast
from urllib.parse import SplitResult, unquote, urlsplit

from flask import Flask, current_app

from demo_blog.site import SITE_URL, SettingError, checked

SMTP_URL: Final = "JOURNAL_SMTP_URL"
MAIL_FROM: Final = "JOURNAL_MAIL_FROM"
MAIL_TO: Final = "JOURNAL_MAIL_TO"

TIMEOUT_SECONDS: Final = 20.0
"""How long the mail server may take for each step."""

PORTS: Final[Mapping[str, int]] = {"smtps": 465, "smtp": 587}
EXAMPLE: Final = "smtps://user:password@mail.example:465 or smtp://user:password@mail.example:587"

_EXTENSION = "journal_mail"
_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?", re.ASCII)


class MailError(RuntimeError):
    """The mail server didn't accept an e-mail. The message names the server and the reason."""


@dataclass(frozen=True)
class MailSettings:
    """How the journal sends e-mails. ``site`` is the journal's address, without a slash at the end."""

    host: str
    port: int
    encryption: str
    sender: tuple[str, str]
    recipients: tuple[str, ...]
    site: str
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_values(cls, values: Mapping[str, str]) -> MailSettings | None:
        """Return the settings, or ``None`` if the journal sends no e-mails. Raises :class:`SettingError`."""
        if not any(values.get(name) for name in (SMTP_URL, MAIL_FROM, MAIL_TO)):
            return None
        if missing := [name for name in (SMTP_URL, MAIL_FROM, MAIL_TO, SITE_URL) if not values.get(name)]:
            raise SettingError(f"{', '.join(missing)}: missing. To send e-mails, set all four, or none of them")
        server = _split(SMTP_URL, values[SMTP_URL])
        senders = _addresses(MAIL_FROM, values[MAIL_FROM])
        if len(senders) != 1:
            raise SettingError(f"{MAIL_FROM} has {len(senders)} addresses; give one")
        return cls(
            host=server.hostname or "",
            port=server.port or PORTS[server.scheme],
            encryption=_encryption(server),
            sender=senders[0],
            recipients=tuple(address for _, address in _addresses(MAIL_TO, values[MAIL_TO])),
            site=checked(values[SITE_URL]),
            user=unquote(server.username or ""),
            password=unquote(server.password or ""),
        )


def init_app(app: Flask) -> None:
    """Read and check the settings. The application's configuration overrides the environment."""
    names = (SMTP_URL, MAIL_FROM, MAIL_TO, SITE_URL)
    values = {name: str(app.config.get(name) or os.environ.get(name) or "").strip() for name in names}
    app.extensions[_EXTENSION] = MailSettings.from_values(values)


def settings() -> MailSettings | None:
    """Return the current application's settings, or ``None`` if it sends no e-mails."""
    return cast("MailSettings | None", current_app.extensions[_EXTENSION])


def send(message: EmailMessage, to: MailSettings) -> None:
    """Send an e-mail. Raises :class:`MailError` if the server doesn't accept it."""
    try:
        server = _connect(to)
        try:
            if to.user:
                server.login(to.user, to.password)
            server.send_message(message, to.sender[1], to.recipients)
            with suppress(OSError, smtplib.SMTPException):  # the e-mail is accepted already
                server.quit()
        finally:
            server.close()
    except smtplib.SMTPNotSupportedError as error:
        raise MailError(f"The mail server {to.host}:{to.port} was not used: {error}") from None
    except (OSError, smtplib.SMTPException) as error:
        reason = _reason(error).rstrip(".")
        raise MailError(f"The mail server {to.host}:{to.port} did not accept the e-mail: {reason}.") from None


def _connect(to: MailSettings) -> smtplib.SMTP:
    # The name that the client introduces itself with would otherwise be looked up, which can take seconds.
    name = urlsplit(to.site).hostname or "localhost"
    if to.encryption == "tls":
        return smtplib.SMTP_SSL(to.host, to.port, name, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(to.host, to.port, name, timeout=TIMEOUT_SECONDS)
    try:
        if to.encryption == "starttls":
            _encrypt(server)
    except BaseException:
        server.close()
        raise
    return server


def _encrypt(server: smtplib.SMTP) -> None:
    server.ehlo()
    if not server.has_extn("starttls"):
        raise smtplib.SMTPNotSupportedError("it doesn't offer STARTTLS, so the e-mail would not be encrypted.")
    server.starttls(context=ssl.create_default_context())


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return f"{error.smtp_code} {answer.decode('utf-8', 'replace') if isinstance(answer, bytes) else answer}"
    return str(error) or type(error).__name__


def _split(name: str, value: str) -> SplitResult:
    """Return a mail server's URL in parts. No message contains the URL, because it has the password."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise SettingError(f"{name} isn't a URL. Write it as {EXAMPLE}") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in {"", "/"} or port == 0:
        raise SettingError(f"{name} isn't the address of a mail server. Write it as {EXAMPLE}")
    if bool(parts.username) != bool(parts.password):
        raise SettingError(f"{name} has only one of user and password. Give both or neither")
    if any(not character.isprintable() for character in unquote(value)):
        raise SettingError(f"{name} contains a control character. Remove it")
    return parts


def _encryption(server: SplitResult) -> str:
    if server.fragment or server.query not in ({"", "tls=off"} if server.scheme == "smtp" else {""}):
        raise SettingError(f"{SMTP_URL} has an option that isn't known. Only smtp:// has one: ?tls=off")
    if not server.query:
        return "tls" if server.scheme == "smtps" else "starttls"
    if not _is_this_machine(server.hostname or ""):
        raise SettingError(
            f"{SMTP_URL} turns encryption off for {server.hostname}. tls=off is only allowed for this machine, "
            "such as localhost"
        )
    return "none"


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _addresses(name: str, value: str) -> list[tuple[str, str]]:
    pairs = getaddresses([value])
    for _, address in pairs:
        if not _ADDRESS.fullmatch(address) or not value.isprintable():
            raise SettingError(
                f"{name} is {value!r}. Write e-mail addresses in ASCII, separated by commas, such as "
                "Desk <desk@blog.example>"
            )
    return pairs
