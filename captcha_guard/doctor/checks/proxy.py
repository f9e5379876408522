"""Checks the addresses of requests behind proxies. Werkzeug's ProxyFix needs the right number of proxies."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import ClassVar

from ...counters.client import address_of
from ..diagnosis import CannotCheckError, Check, Diagnosis, Moment, Severity
from ..site import Site

HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")

#: This host, private networks (RFC 1918, 4193, 6598) and link-local addresses.
_NEAR = "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 ::1 fc00::/7 fe80::/10"
NEAR = tuple(map(ip_network, _NEAR.split()))

#: How many characters of an invalid address are shown.
LONGEST = 100

WITHOUT_ADDRESS = (
    "All visitors without an address share one client's limits. Make the proxy send only the address, with or without "
    "a port, or return a name for each client in CAPTCHA_GUARD_CLIENT_KEY."
)


class Proxy(Check):
    """Checks requests that come from this host, a private network or a socket, as requests from a proxy do.

    Forwarded headers from other addresses are ignored, because visitors can forge them.
    """

    code: ClassVar[str] = "CG301"
    title: ClassVar[str] = "Visitors can't be distinguished by their addresses."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = (
        "All visitors share one limit. Set app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1), where x_for is the number "
        "of proxies that add to X-Forwarded-For."
    )

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Check the current request. Raises ``CannotCheckError`` outside a request."""
        environ = site.request
        if environ is None:
            raise CannotCheckError("only a request through the proxy can show this. The log then reports CG301")
        header = next((name for name in HEADERS if environ.get(name)), None)
        fixed, address = environ.get("werkzeug.proxy_fix.orig"), str(environ.get("REMOTE_ADDR", ""))
        if header is not None and fixed is None and _is_near(address):
            shown = header.removeprefix("HTTP_").replace("_", "-").title()
            yield self.found(f"A request from {address or 'a socket'} has {shown}, but ProxyFix isn't set up.")
        elif address_of(address) is None and site.state.settings.client_key is None:
            problem = f"is {address[:LONGEST]!r}, which isn't an address" if address else "is missing"
            yield self.found(f"The address of a request {problem}.", fix=WITHOUT_ADDRESS)
        elif header == HEADERS[0] and fixed is not None:
            yield from self._counted(str(environ[header]), str(fixed.get("REMOTE_ADDR", "")), address)

    def _counted(self, forwarded: str, peer: str, address: str) -> Iterator[Diagnosis]:
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        if not hops or not _is_near(peer):
            return
        if address == peer and address_of(hops[-1]) != address_of(peer):
            yield self.found(
                f"X-Forwarded-For has {len(hops)} address(es), but ProxyFix uses none of them. Either x_for is larger "
                "than the number of proxies, so visitors can choose an address by forging the header, or x_for is 0."
            )
        elif _is_near(address) and not _is_near(hops[0]):
            yield self.found(
                f"X-Forwarded-For has {len(hops)} addresses, but ProxyFix stops at {address}: raise x_for."
            )


def _is_near(address: str) -> bool:
    """Return whether an address is missing, or belongs to this host or a private network."""
    ip = address_of(address)
    return ip is None or any(ip in network for network in NEAR)
