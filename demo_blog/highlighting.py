"""Highlights the code in articles with Pygments. The HTML has classes, and ``styles/code.css`` their colours."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

CLASS: Final = "highlight"
"""The class of each listing. Every rule of the stylesheet begins with it."""

SESSIONS: Final[Mapping[str, str]] = {"python": "pycon", "bash": "console"}
"""The lexers for listings that begin with a prompt, by language."""

_PROMPTS: Final = (">>> ", "$ ")


def listing(code: str, language: str) -> str:
    """Return ``code`` as HTML with a class for each kind of token. An unknown ``language`` isn't highlighted."""
    lexer = _lexer(code, language)
    if lexer is None:
        return escape(code, quote=False)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def _lexer(code: str, language: str) -> Lexer | None:
    if code.startswith(_PROMPTS):
        language = SESSIONS.get(language, language)
    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None
