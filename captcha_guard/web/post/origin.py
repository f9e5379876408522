"""Refuses requests that a page of another site made the visitor's browser send.

Without this check such a page could post its own text to the guard, have the visitor type the code on the guard's page,
and so publish under the visitor's name. Browsers report the origin of a request in ``Sec-Fetch-Site`` (over https and
on loopback hosts) and, except for plain links and pictures, in ``Origin``. Pages can't forge either header.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Request

from ..state import State
from .refusal import Refusal

#: Values of ``Sec-Fetch-Site`` that are allowed. ``none`` means a typed address or a bookmark.
LET_IN = frozenset({"same-origin", "same-site", "none"})

#: Default ports, which addresses leave out. They count as equal, because a proxy that ends TLS turns 443 into 80.
USUAL_PORTS = frozenset({None, 443, 80})

logger = logging.getLogger("captcha_guard")


def refuse_cross_site(request: Request, state: State) -> Refusal | None:
    """Return a refusal if another site's page caused this request, else ``None``."""
    site, origin = _fetch_site(request), request.headers.get("Origin", "")
    if is_trusted(request, state):
        return None
    if is_cross_site(site, origin, request.host):
        if not site and _host_of(origin) == _host_of(f"//{request.host}"):
            _hint(state, origin, request.host)  # only the port differs; a proxy has probably dropped it
        return Refusal.because("cross_site")
    if "same-origin" in site and origin not in ("", "null") and not is_same_place(origin, request.host):
        _hint(state, origin, request.host)
    return None


def is_cross_site(site: Collection[str], origin: str, host: str) -> bool:
    """Return whether a request comes from another site, by the words of ``Sec-Fetch-Site``, or else by ``Origin``.

    ``Origin`` decides if ``Sec-Fetch-Site`` is missing or has an unknown word. ``host`` is the ``Host`` header. A
    request without both headers isn't refused: old browsers, tools that strip headers and programs such as curl send
    neither, and a program could send any value anyway.
    """
    if "cross-site" in site:
        return True
    if site and LET_IN.issuperset(site):
        return False
    return origin != "" and not is_same_place(origin, host)


def is_same_place(origin: str, host: str) -> bool:
    """Return whether an ``Origin`` names the same host and port as a ``Host`` header. The scheme may differ."""
    ours = _place(f"//{host}")
    return "://" in origin and ours is not None and _place(origin) == ours


def is_trusted(request: Request, state: State) -> bool:
    """Return whether the request comes from one of ``CAPTCHA_GUARD_TRUSTED_ORIGINS``.

    Browsers request pictures without ``Origin``, so the referrer is used there. A page can hide it but not forge it.
    """
    trusted = state.settings.trusted_origins
    if not trusted:
        return False
    sender = request.headers.get("Origin") or request.headers.get("Referer", "")
    return canonical(sender) in trusted


def canonical(address: str) -> str:
    """Return the origin of an address as browsers write it: lower case, no default port. "" if it has no origin."""
    try:
        parts = urlsplit(address)
        host, port = parts.netloc.rpartition("@")[2].lower(), parts.port
    except ValueError:
        return ""
    default = {"http": 80, "https": 443}.get(parts.scheme)
    if port is not None and port == default:
        host = host.removesuffix(f":{port}")
    return f"{parts.scheme}://{host}" if host else ""


def _fetch_site(request: Request) -> frozenset[str]:
    """Return the words of ``Sec-Fetch-Site``. There is one, unless a proxy has added another."""
    words = re.split(r"[,;]", request.headers.get("Sec-Fetch-Site", "").lower())
    return frozenset(word.strip() for word in words) - {""}


def _place(address: str) -> tuple[str, int | None] | None:
    """Return the host and the port of an address, or ``None`` if it has no host. A default port becomes ``None``."""
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        return None
    return (host, None if port in USUAL_PORTS else port) if host else None


def _host_of(address: str) -> str | None:
    try:
        return (urlsplit(address).hostname or "").removesuffix(".") or None
    except ValueError:
        return None


def _hint(state: State, origin: str, host: str) -> None:
    if state.rehosted.begins(state.clock()):
        logger.warning(
            "captcha_guard: a browser on %r sent a form to this site, but the application reads its own host as %r. "
            "Configure the proxy to pass the Host header on, or use ProxyFix(app.wsgi_app, x_host=1, x_port=1). Until "
            "then browsers without Sec-Fetch-Site are refused as cross-site.",
            origin[:200],
            host[:200],
        )
