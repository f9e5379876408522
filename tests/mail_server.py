"""A mail server on a free loopback port, which keeps what it accepts, and misbehaves as a test wants."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers import free_port
from tests.tls import Signed

USER, SECRET = "otto", "p@ss:word/?"


@dataclass
class MailServer:
    """What the server has accepted. ``refuse`` is its answer to the next e-mails, "" to accept them."""

    port: int
    refuse: str = ""
    accepted: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accept or refuse an e-mail."""
        if self.refuse:
            return self.refuse
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.accepted.append(message)
        self.envelopes.append((str(envelope.mail_from), [*map(str, envelope.rcpt_tos)]))
        return "250 OK"

    @property
    def texts(self) -> list[str]:
        """The texts of the accepted e-mails."""
        return [message.get_content().replace("\r\n", "\n") for message in self.accepted]


@contextmanager
def mail_server(signed: Signed | None = None, *, implicit: bool = False, log_in: bool = False) -> Iterator[MailServer]:
    """Start a server. With a certificate it offers STARTTLS, or speaks only TLS with ``implicit``."""
    server = MailServer(free_port())
    options: dict[str, Any] = {"hostname": "127.0.0.1", "port": server.port}
    if signed is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed.certificate, signed.key)
        options |= {"ssl_context": context} if implicit else {"tls_context": context, "require_starttls": True}
    if log_in:
        options |= {"authenticator": _authenticate, "auth_required": True}
    controller = Controller(server, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (USER.encode(), SECRET.encode()), handled=False)


def trust(authority: Path, environ: Any) -> None:
    """Let clients of this process trust a CA."""
    environ.setenv("SSL_CERT_FILE", str(authority))
