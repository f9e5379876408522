"""The stylesheet and the script: under names that change with their content, and under plain names."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, abort
from markupsafe import Markup

from ..request_state import current_request_state
from .addresses import own_path

FOLDER: Final = Path(__file__).parents[2] / "static"

#: A browser may keep a file with a hashed name for a year without asking again.
FOREVER: Final = "public, max-age=31536000, immutable"

#: Seconds that a browser may keep a file with a plain name, so that pages get a new version soon after an upgrade.
PLAIN_MAX_AGE: Final = 600

_HASHED: Final = re.compile(r"(captcha_guard)\.([0-9a-f]{16})(\.(?:css|js))")


class BlueprintWithAssets(Blueprint):
    """A blueprint that serves its static files under hashed names too."""

    def get_send_file_max_age(self, filename: str | None) -> int | None:  # noqa: ARG002 - Flask's signature
        """Return how long browsers may keep a file with a plain name, in seconds."""
        return PLAIN_MAX_AGE

    def send_static_file(self, filename: str) -> Response:
        """Return a static file. The status is 404 for a hash that isn't the one of the file's content."""
        found = _HASHED.fullmatch(filename)
        if found is None:
            return super().send_static_file(filename)
        if hashed_name(plain := found[1] + found[3]) != filename:
            abort(404)
        response = super().send_static_file(plain)
        response.headers["Cache-Control"] = FOREVER
        response.headers.pop("Expires", None)
        return response


@cache
def hashed_name(name: str) -> str:
    """Return the name of a static file with the hash of its content, such as ``captcha_guard.0123456789abcdef.js``."""
    stem, _, ending = name.partition(".")
    return f"{stem}.{sha256((FOLDER / name).read_bytes()).hexdigest()[:16]}.{ending}"


def render_assets() -> Markup:
    """Return the stylesheet and script for ``<head>``. In templates this is ``captcha_guard_assets()``.

    Pages that don't call it get both with the first field.
    """
    request_state = current_request_state()
    if request_state.assets_shown:
        return Markup("")
    request_state.assets_shown = True
    return Markup('<link rel="stylesheet" href="{}"><script src="{}" defer></script>').format(
        *(own_path(f"static/{hashed_name(name)}") for name in ("captcha_guard.css", "captcha_guard.js"))
    )
