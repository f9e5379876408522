"""Pictures beside comments: a pattern of bits that is always the same for the same author.

The address of a picture has a keyed hash of the author's name and e-mail address. It can't be turned back into the
address, and without the journal's secret key it can't be computed. A stranger can test a guessed address only by
sending a comment with it, under the guard's limits. The name is part of it, so that a person's comments under different
names don't look connected.
"""

from __future__ import annotations

import colorsys
import hashlib
import hmac
from typing import Final

from flask import Blueprint, Flask, Response, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue

from demo_blog.models import Comment

bp = Blueprint("identicons", __name__)

SIZE: Final = 5
"""Rows and columns of a pattern. Its right half mirrors the left one."""

_DIGITS: Final = 32
_CELL, _BIT, _DOT = 10, 8, 2  # the sizes of a cell, a 1 and a 0
_MAX_AGE: Final = 365 * 24 * 60 * 60


def init_app(app: Flask) -> None:
    """Add ``identicon(comment)``, the address of its picture, to the templates."""
    app.add_template_global(identicon)


def identicon(comment: Comment) -> str:
    """Return the address of the picture of a comment's author."""
    return url_for("identicons.show", digest=digest(comment.author, comment.email))


def digest(author: str, email: str) -> str:
    """Return 32 hexadecimal digits for an author. Upper or lower case of the e-mail address doesn't matter."""
    key = hmac.digest(str(current_app.config["SECRET_KEY"]).encode(), b"demo_blog identicons", "sha256")
    who = f"{author.strip()}\n{email.strip().casefold()}".encode()
    return hmac.new(key, who, hashlib.sha256).hexdigest()[:_DIGITS]


@bp.get("/identicons/<digest>.svg")
def show(digest: str) -> ResponseReturnValue:
    """Draw the picture for a digest. Browsers may keep it, because it never changes."""
    if len(digest) != _DIGITS or not set(digest) <= set("0123456789abcdef"):
        abort(404)
    response = Response(draw(bytes.fromhex(digest)), mimetype="image/svg+xml")
    response.cache_control.public = True
    response.cache_control.max_age = _MAX_AGE
    response.cache_control.immutable = True
    response.add_etag()
    return response.make_conditional(request)


def draw(bits: bytes) -> str:
    """Return the picture as SVG: a square for each 1, a dot for each 0. It has no style of its own, only attributes.

    The lightness of the colour is in the middle, for light and dark pages.
    """
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(bits[0] / 256, 0.5, 0.38))
    half = (SIZE + 1) // 2
    shapes = []
    for row in range(SIZE):
        for column in range(SIZE):
            place = row * half + min(column, SIZE - 1 - column)
            size = _BIT if bits[1 + place // 8] >> place % 8 & 1 else _DOT
            x, y = (_CELL * at + (_CELL - size) / 2 for at in (column, row))
            shapes.append(f'<rect x="{x:g}" y="{y:g}" width="{size}" height="{size}"/>')
    side = _CELL * SIZE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" fill="#{red:02x}{green:02x}{blue:02x}">'
        f"{''.join(shapes)}</svg>\n"
    )
