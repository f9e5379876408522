"""Prints docs/configuration.md from the settings. A test fails if the page is out of date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from captcha_guard.config.settings import Settings
from captcha_guard.config.validators import PREFIX

HEAD = """# Configuration

`make docs` generates this page from `captcha_guard/config/settings.py`.

Every setting is a key of the Flask configuration. The application refuses to start with a misspelt key, a wrong type
or a value out of range, and names the key.

`app.config.from_prefixed_env()` reads environment variables with the prefix `FLASK_` as JSON. So write true, false and
null in lower case, lists with double quotes, and a text of digits in quotes of its own:
`FLASK_CAPTCHA_GUARD_STOPFORUMSPAM=true`, `FLASK_CAPTCHA_GUARD_SIZE='[240, 120]'`,
`FLASK_CAPTCHA_GUARD_AKISMET_KEY='"123456789012"'`.

`SECRET_KEY` is required. It needs at least 16 bytes and can't be a placeholder. While you replace a secret, list the
old one in `SECRET_KEY_FALLBACKS`, so that open challenges stay valid. `protect(...)` overrides `MODE`, `DIFFICULTY` and
`COMMENT_LIMITS` for one route. A `length` in a `Difficulty` overrides `LENGTH`.

| key | default | allowed | what it does |
| --- | --- | --- | --- |
"""

TAIL = """
Write limits as for Flask-Limiter: `2 per minute; 10 per hour`. One IPv4 address or one IPv6 /64 is one client. The
[networks around it](limits.md#networks) have larger limits of their own.

A folder in `CAPTCHA_GUARD_FONTS` is a string or a `Path`. A relative path starts at the application's folder
(`app.root_path`), like `templates` and `static`. [Fonts of your own](tuning.md#fonts-of-your-own) says what a font
needs.
"""


def page() -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(_row(setting.name) for setting in fields(Settings)) + TAIL


def _row(name: str) -> str:
    key = next(setting for setting in fields(Settings) if setting.name == name).metadata["key"]
    default = getattr(Settings(), name)
    shown = (
        dict(default) if isinstance(default, Mapping) else default.decode() if isinstance(default, bytes) else default
    )
    cells = (f"`{PREFIX}{name.upper()}`", f"`{shown!r}`", key.allowed, key.doc)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    print(page(), end="")
