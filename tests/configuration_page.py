"""Prints docs/configuration.md from the settings themselves; a test sees to it that the page is never stale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from captcha_guard.config.settings import Settings
from captcha_guard.config.validators import PREFIX

HEAD = """# Configuration

Made from `captcha_guard/config/settings.py` by `make docs`; edit it there.

Every setting is a key of the Flask configuration. A misspelt key, a wrong type or a value out of range is refused at
start-up, by name. `SECRET_KEY` must be set, at least 16 octets long and no placeholder; secrets listed in
`SECRET_KEY_FALLBACKS` keep outstanding challenges alive while you rotate. `protect(...)` overrides `MODE`,
`DIFFICULTY` and `COMMENT_LIMITS` for one route. A `Difficulty` that has a `length` goes before `LENGTH`.

| key | default | allowed | what it does |
| --- | --- | --- | --- |
"""

TAIL = """
Limits are written as for Flask-Limiter: `2 per minute; 10 per hour`. An IPv4 address and an IPv6 /64 are one client;
the [networks around it](limits.md#networks) may do more, but not without limit.

A folder in `CAPTCHA_GUARD_FONTS` is a text or a path. A relative one begins at the application's own folder
(`app.root_path`), as `templates` and `static` do. What a font
needs: [Fonts of your own](tuning.md#fonts-of-your-own).
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
