"""The journal's address on the web, and the addresses of its pages for feeds, e-mails and search engines."""

from __future__ import annotations

import os
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, current_app, url_for

SITE_URL: Final = "JOURNAL_URL"
"""Environment variable and config key. Without it, addresses have the host that a request names."""

_EXTENSION = "journal_site"


class SettingError(ValueError):
    """A setting is missing or invalid. The message names the setting and the fix, and contains no password."""


def init_app(app: Flask) -> None:
    """Read and check the address. The application's configuration overrides the environment."""
    given = str(app.config.get(SITE_URL) or os.environ.get(SITE_URL) or "").strip()
    app.extensions[_EXTENSION] = checked(given) if given else ""
    app.add_template_global(public_url)


def site_url() -> str:
    """Return the journal's address without a slash at the end, or "" if it isn't set."""
    address: str = current_app.extensions[_EXTENSION]
    return address


def public_url(endpoint: str, **values: Any) -> str:
    """Return the absolute address of a page, as ``url_for`` does: below the journal's own address if that is set.

    A visitor can name any host in a request, and what is kept by others (feeds, caches, search engines) must not
    have it.
    """
    if not (address := site_url()):
        return url_for(endpoint, _external=True, **values)
    parts, anchor = urlsplit(address), values.pop("_anchor", None)
    urls = current_app.url_map.bind(parts.netloc, parts.path or "/", url_scheme=parts.scheme)
    url = urls.build(endpoint, values, force_external=True)
    return f"{url}#{anchor}" if anchor else url


def checked(value: str) -> str:
    """Return an address without a slash at the end. Raises :class:`SettingError` if it isn't one of a site."""
    try:
        parts = urlsplit(value)
        is_valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
        _ = parts.port  # raises ValueError if it isn't a number
    except ValueError:
        is_valid = False
    if not is_valid or "?" in value or "#" in value or not value.isprintable() or " " in value:
        raise SettingError(f"{SITE_URL} is {value!r}. Write the journal's address, such as https://blog.example")
    return value.rstrip("/")
