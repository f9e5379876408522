"""The colours of code in articles, and the stylesheet ``styles/code.css`` that is made of them.

After a change here, make the stylesheet again: ``python -m demo_blog.code_stylesheet > demo_blog/styles/code.css``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from pygments.style import Style
from pygments.token import STANDARD_TYPES, Comment, Generic, Keyword, Literal, Name, Number, Operator, String

from demo_blog.highlighting import CLASS


class Light(Style):
    """Colours for a listing on ``#f4efe3``. The contrast of each is at least 4.5:1, as in the other styles."""

    background_color = "#f4efe3"
    styles: ClassVar = {
        Comment: "italic #655b4c",
        Keyword: "#8c2214",
        Operator.Word: "#8c2214",
        String: "#3c571c",
        Number: "#1b4c70",
        Literal: "#1b4c70",
        Name.Function: "#563780",
        Name.Class: "#563780",
        Name.Decorator: "#563780",
        Name.Exception: "#563780",
        Generic.Prompt: "#655b4c",
        Generic.Traceback: "#8c2214",
        Generic.Deleted: "#8c2214",
        Generic.Inserted: "#3c571c",
    }


class Dark(Style):
    """Colours for a listing on ``#211e19``."""

    background_color = "#211e19"
    styles: ClassVar = {
        Comment: "italic #aba08e",
        Keyword: "#f2a08f",
        Operator.Word: "#f2a08f",
        String: "#b6ca8b",
        Number: "#92c1e3",
        Literal: "#92c1e3",
        Name.Function: "#cfb7ec",
        Name.Class: "#cfb7ec",
        Name.Decorator: "#cfb7ec",
        Name.Exception: "#cfb7ec",
        Generic.Prompt: "#aba08e",
        Generic.Traceback: "#f2a08f",
        Generic.Deleted: "#f2a08f",
        Generic.Inserted: "#b6ca8b",
    }


class Print(Style):
    """Black on white, with bold keywords and italic comments. Everything else has the colour of the text."""

    background_color = "#ffffff"
    styles: ClassVar = {Comment: "italic #000000", Keyword: "bold #000000"}


MEDIA: Final[Mapping[str, type[Style]]] = {
    "screen and (prefers-color-scheme: light)": Light,
    "screen and (prefers-color-scheme: dark)": Dark,
    "print": Print,
}


def stylesheet() -> Iterator[str]:
    """Yield the lines of the stylesheet. Kinds of tokens that look alike share a rule."""
    yield "/* The colours of code in articles, for light and dark screens and for printing."
    yield "   Made by: python -m demo_blog.code_stylesheet > demo_blog/styles/code.css */"
    for media, style in MEDIA.items():
        yield ""
        yield f"@media {media} {{"
        for look, classes in _classes_by_look(style).items():
            yield f"  .{CLASS} :is({', '.join(f'.{name}' for name in sorted(classes))}) {{ {look} }}"
        yield "}"


def _classes_by_look(style: type[Style]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for token, look in style:
        if look["color"]:
            font = "; font-style: italic" * look["italic"] + "; font-weight: 600" * look["bold"]
            found.setdefault(f"color: #{look['color'].lower()}{font}", []).append(STANDARD_TYPES[token])
    return found


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in stylesheet())
