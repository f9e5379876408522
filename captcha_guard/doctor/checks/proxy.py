"""Whose address a request has is decided by Werkzeug's ProxyFix, and it has to know how many proxies there are."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import ClassVar

from ...counters.client import address_of
from ..diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from ..site import Site

HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")

#: This host, private networks (RFC 1918, 4193, 6598) and links.
_NEAR = "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 ::1 fc00::/7 fe80::/10"
NEAR = tuple(map(ip_network, _NEAR.split()))

#: Characters of a text that isn't an address that are shown.
LONGEST = 100

WITHOUT_ADDRESS = (
    "All visitors without an address share one client's limits: let the proxy write the address alone, with or without "
    "a port, or return a name for each client in CAPTCHA_GUARD_CLIENT_KEY."
)


class Proxy(Check):
    """Looks at requests that come from this host, a private network or a socket, as a proxy's do.

    A visitor from elsewhere may forge such a header; that says nothing of a proxy.
    """

    code: ClassVar[str] = "CG301"
    title: ClassVar[str] = "Visitors can't be told apart by their addresses."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = (
        "All visitors share one limit: app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1), x_for being the number of "
        "proxies that each add to X-Forwarded-For."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Look at the request that is being served; raises ``CannotTellError`` where there is none."""
        environ = site.request
        if environ is None:
            raise CannotTellError("only a request that came through the proxy shows it; the log will say CG301")
        header = next((name for name in HEADERS if environ.get(name)), None)
        fixed, address = environ.get("werkzeug.proxy_fix.orig"), str(environ.get("REMOTE_ADDR", ""))
        if header is not None and fixed is None and _is_near(address):
            shown = header.removeprefix("HTTP_").replace("_", "-").title()
            yield self.found(f"A request from {address or 'a socket'} has {shown}, and no ProxyFix reads it.")
        elif address_of(address) is None and site.state.settings.client_key is None:
            what = f"{address[:LONGEST]!r}, which isn't one" if address else "not known"
            yield self.found(f"A request's address is {what}.", fix=WITHOUT_ADDRESS)
        elif header == HEADERS[0] and fixed is not None:
            yield from self._counted(str(environ[header]), str(fixed.get("REMOTE_ADDR", "")), address)

    def _counted(self, forwarded: str, peer: str, address: str) -> Iterator[Diagnosis]:
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        if not hops or not _is_near(peer):
            return
        if address == peer and address_of(hops[-1]) != address_of(peer):
            yield self.found(
                f"X-Forwarded-For has {len(hops)} address(es), and ProxyFix takes none of them: it counts more proxies "
                "than there are (whoever forges the header then chooses an address), or x_for is 0."
            )
        elif _is_near(address) and not _is_near(hops[0]):
            yield self.found(
                f"X-Forwarded-For has {len(hops)} addresses, and ProxyFix stops at {address}: raise x_for."
            )


def _is_near(address: str) -> bool:
    """Say whether an address is this host's, a private network's, or none."""
    ip = address_of(address)
    return ip is None or any(ip in network for network in NEAR)
