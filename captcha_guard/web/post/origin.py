"""Whether a page of another site made the visitor's browser send this request.

Otherwise such a page could post its own text to the guard, let the visitor type the code on the guard's page, and so
publish under the visitor's name. Browsers say where a request comes from in ``Sec-Fetch-Site`` (over https and on
loopback hosts) and, for everything but plain links and pictures, in ``Origin``. Pages can't forge either.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Request

from ..state import State
from .refusal import Refusal

#: What ``Sec-Fetch-Site`` may say of a request that is let in; ``none`` is an address typed by hand, or a bookmark.
LET_IN = frozenset({"same-origin", "same-site", "none"})

#: Ports that addresses leave out. They count as one, because a proxy that ends TLS turns the first into the second.
USUAL_PORTS = frozenset({None, 443, 80})

logger = logging.getLogger("captcha_guard")


def refuse_cross_site(request: Request, state: State) -> Refusal | None:
    """Return the refusal of a request that another site's page has caused, ``None`` for every other request."""
    site, origin = _fetch_site(request), request.headers.get("Origin", "")
    if is_trusted(request, state):
        return None
    if is_cross_site(site, origin, request.host):
        if not site and _host_of(origin) == _host_of(f"//{request.host}"):
            _hint(state, origin, request.host)  # only the port differs: a proxy has probably dropped it
        return Refusal.because("cross_site")
    if "same-origin" in site and origin not in ("", "null") and not is_same_place(origin, request.host):
        _hint(state, origin, request.host)
    return None


def is_cross_site(site: Collection[str], origin: str, host: str) -> bool:
    """Say whether the words of ``Sec-Fetch-Site`` or, where it says nothing we know, ``Origin`` mean another site.

    ``host`` is the ``Host`` header. A request with neither header isn't refused: old browsers, tools that strip
    headers and programs such as curl send none, and programs can send what they like anyway.
    """
    if "cross-site" in site:
        return True
    if site and LET_IN.issuperset(site):
        return False
    return origin != "" and not is_same_place(origin, host)


def is_same_place(origin: str, host: str) -> bool:
    """Say whether an ``Origin`` names the same host and port as a ``Host`` header, whatever the scheme."""
    ours = _place(f"//{host}")
    return "://" in origin and ours is not None and _place(origin) == ours


def is_trusted(request: Request, state: State) -> bool:
    """Say whether one of ``CAPTCHA_GUARD_TRUSTED_ORIGINS`` sent the request.

    Pictures come without ``Origin``, so there the referrer says it: a page can withhold it, but not invent one.
    """
    trusted = state.settings.trusted_origins
    if not trusted:
        return False
    sender = request.headers.get("Origin") or request.headers.get("Referer", "")
    return canonical(sender) in trusted


def canonical(address: str) -> str:
    """Return the origin of an address as browsers write it: lower case, no default port; "" where it has none."""
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
    """Return the words of ``Sec-Fetch-Site``: one, unless something on the way has added another."""
    words = re.split(r"[,;]", request.headers.get("Sec-Fetch-Site", "").lower())
    return frozenset(word.strip() for word in words) - {""}


def _place(address: str) -> tuple[str, int | None] | None:
    """Return host and port of an address, ``None`` for a usual port; ``None`` if it has no host."""
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
            "captcha_guard: a browser on %r sent a form to this very site, which takes its host to be %r. Let the "
            "proxy pass the Host header on, or read it: ProxyFix(app.wsgi_app, x_host=1, x_port=1). Until then "
            "browsers without Sec-Fetch-Site are refused as cross-site.",
            origin[:200],
            host[:200],
        )
