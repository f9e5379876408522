"""Turns texts of WordPress into clean HTML: block comments, shortcodes, missing paragraphs, and what isn't allowed.

Every step takes time linear in the text, because the text may come from strangers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape, unescape
from typing import Final

import nh3

from demo_blog.articles import ATTRIBUTES, BLOCK_TAGS, INLINE_TAGS

ARTICLE_TAGS: Final = INLINE_TAGS | BLOCK_TAGS | {"h1", "img"}
ARTICLE_ATTRIBUTES: Final = {**ATTRIBUTES, "img": {"alt", "src"}}
"""The tags and attributes that are kept until headings and pictures are replaced."""

_CONTAINERS: Final = "article|aside|blockquote|center|details|div|fieldset|figure|footer|form|header|main|nav|section"
_BLOCK_TAG: Final = re.compile(
    rf"<(/?)({_CONTAINERS}|address|caption|dd|dl|dt|figcaption|h[1-6]|hr|iframe|li|ol|p|summary|table|tbody|td|tfoot|th"
    r"|thead|tr|ul)\b[^<>]*>",
    re.IGNORECASE,
)
_WITHOUT_END: Final = frozenset({"hr"})
_HOLDS_PARAGRAPHS: Final = frozenset({"", *_CONTAINERS.split("|")})
_BREAK: Final = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[A-Za-z/!][^<>]*>")
_LINES_KEPT: Final = re.compile(r"<(/?)(pre|script|style|textarea)\b[^<>]*>", re.IGNORECASE)
_CODE: Final = re.compile(r"<(/?)(pre|code)\b[^<>]*>", re.IGNORECASE)
_BLANK_LINES: Final = re.compile(r"\n{2,}")
_ANY_TAG: Final = re.compile(r"<(/?)([A-Za-z][\w-]*)")
_NOT_COUNTED: Final = {
    *("br", "dd", "dt", "li", "p", "tbody", "td", "tfoot", "th", "thead", "tr"),  # may have no end tag
    *("area", "base", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"),
}
_DRAWINGS: Final = re.compile(r"<(/?)(svg)\b[^<>]*>", re.IGNORECASE)
MAX_NESTING: Final = 30
"""Maximum depth of elements. A parser repeats every open ``<b>`` in each new paragraph, which can take seconds."""
MAX_COMMENT_TAGS: Final = 1000

_BLOCK_COMMENT: Final = re.compile(r"<!--\s?/?wp:[^<>]*-->")
_MORE: Final = re.compile(r"<!--\s?(?:more|nextpage|noteaser)\b[^<>]*-->")

_CODE_NAMES: Final = frozenset({"code", "sourcecode"})
_CORE_NAMES: Final = frozenset({"audio", "caption", "embed", "gallery", "playlist", "video", "wp_caption"})
_SHORTCODE: Final = re.compile(r"\[(\[?)(/?)([A-Za-z][\w-]{0,40})((?:[ \t\n][^\[\]<>]{0,2000})?)/?\](\]?)")
_HAS_ATTRIBUTE: Final = re.compile(r"""[\w-]\s?=\s?["'\w]""")

_H1: Final = re.compile(r"<(/?)h1\b")
_ANCHORS_AND_PICTURES: Final = re.compile(r"<(a|/a|img)\b([^<>]*)>")
_ATTRIBUTE: Final = re.compile(r'(alt|src)="([^"]*)"')


def article_source(text: str) -> str:
    """Return the content of an exported post as it is stored: HTML with paragraphs, without blocks and shortcodes.

    Pictures become links, because an export doesn't contain them. An article with elements nested deeper than
    ``MAX_NESTING`` becomes plain text.
    """
    text = _unix_lines(text)
    has_blocks = _BLOCK_COMMENT.search(text) is not None
    text = "".join(piece for is_drawing, piece in _split(text, _DRAWINGS) if not is_drawing)
    text = without_shortcodes(_MORE.sub("", _BLOCK_COMMENT.sub("", text)))
    if _is_nested_too_deeply(text):
        return f"<p>{escape(plain(text))}</p>"
    html = nh3.clean(
        text if has_blocks else with_paragraphs(text),
        tags=ARTICLE_TAGS,
        attributes=ARTICLE_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    return _H1.sub(r"<\1h2", _with_links_for_pictures(html)).strip()


def comment_source(text: str) -> str:
    """Return the text of an exported comment as it is stored: as WordPress stores it.

    A comment with more than ``MAX_COMMENT_TAGS`` tags, or with deeper ones, is shown as typed.
    """
    text = _unix_lines(text)
    is_costly = text.count("<") > MAX_COMMENT_TAGS or _is_nested_too_deeply(text)
    return escape(text, quote=False) if is_costly else text


def plain(html: str) -> str:
    """Return the text of a piece of HTML on one line."""
    if _is_nested_too_deeply(html):
        return " ".join(unescape(_TAG.sub(" ", html)).split())
    spaced = _BREAK.sub(" ", _BLOCK_TAG.sub(lambda tag: f" {tag[0]} ", html))
    return " ".join(unescape(nh3.clean(spaced, tags=set())).split())


def _is_nested_too_deeply(html: str) -> bool:
    opened: Counter[str] = Counter()
    depth = 0
    for slash, name in _ANY_TAG.findall(html.lower()):
        if name in _NOT_COUNTED:
            continue
        if not slash:
            opened[name] += 1
            depth += 1
        elif opened[name]:
            opened[name] -= 1
            depth -= 1
        if depth > MAX_NESTING:
            return True
    return False


def with_paragraphs(text: str) -> str:
    """Return HTML with paragraphs for texts between empty lines, and breaks for the other ends of lines.

    Block elements, and everything in ``pre``, stay as they are.
    """
    return "".join(piece if is_inside else _flow(piece) for is_inside, piece in _split(text, _LINES_KEPT)).strip()


def without_shortcodes(text: str) -> str:
    """Return the text without shortcodes. Texts between an opening and a closing shortcode stay.

    Code in shortcodes becomes ``pre``. Other words in brackets stay: a shortcode is one of WordPress's own, or has an
    attribute with a value, or is closed. ``[[name]]`` is written for the text ``[name]``.
    """
    closed = {match[3].lower() for match in _SHORTCODE.finditer(text) if match[2]}

    def replace(match: re.Match[str]) -> str:
        before, slash, name, attributes, after = match.groups()
        name = name.lower()
        if before and after:
            return match[0][1:-1]
        if name in _CODE_NAMES and name in closed:
            return f"{before}{'</pre>' if slash else '<pre>'}{after}"
        is_shortcode = name in _CORE_NAMES or name in closed or _HAS_ATTRIBUTE.search(attributes)
        return f"{before}{after}" if is_shortcode else match[0]

    return "".join(piece if is_inside else _SHORTCODE.sub(replace, piece) for is_inside, piece in _split(text, _CODE))


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(text: str, elements: re.Pattern[str]) -> Iterator[tuple[bool, str]]:
    """Yield the text in pieces, with whether each is inside one of these elements. Their tags are inside."""
    start, inside = 0, ""
    for tag in elements.finditer(text):
        is_end, name = bool(tag[1]), tag[2].lower()
        if not inside and not is_end:
            yield False, text[start : tag.start()]
            start, inside = tag.start(), name
        elif is_end and name == inside:
            yield True, text[start : tag.end()]
            start, inside = tag.end(), ""
    yield bool(inside), text[start:]


def _flow(text: str) -> str:
    """Return the text with paragraphs where it isn't inside an element that can't contain them."""
    text = _TAG.sub(lambda tag: tag[0].replace("\n", " "), text)
    text = "\n".join(line.strip() for line in text.split("\n"))
    written: list[str] = []
    opened: list[str] = []
    numbers: Counter[str] = Counter()
    start = 0
    for tag in _BLOCK_TAG.finditer(text):
        written += _run(text[start : tag.start()], opened)
        written.append(tag[0])
        start, name = tag.end(), tag[2].lower()
        if not tag[1] and name not in _WITHOUT_END:
            opened.append(name)
            numbers[name] += 1
        elif tag[1] and numbers[name]:
            while (closed := opened.pop()) != name:
                numbers[closed] -= 1
            numbers[name] -= 1
    return "".join([*written, *_run(text[start:], opened)])


def _run(text: str, opened: list[str]) -> Iterator[str]:
    if not text.strip():
        return
    if (opened[-1] if opened else "") not in _HOLDS_PARAGRAPHS:
        yield text.strip("\n").replace("\n", "<br>\n")
        return
    for paragraph in _BLANK_LINES.split(text.strip("\n")):
        if paragraph:
            yield "<p>" + paragraph.replace("\n", "<br>\n") + "</p>\n"


def _with_links_for_pictures(html: str) -> str:
    """Return nh3's HTML with a link for each picture, or only its description where it is in a link already."""
    is_in_link = False

    def replace(tag: re.Match[str]) -> str:
        nonlocal is_in_link
        if tag[1] != "img":
            is_in_link = tag[1] == "a"
            return tag[0]
        attributes: Mapping[str, str] = dict(_ATTRIBUTE.findall(tag[2]))
        description = attributes.get("alt") or "picture"
        if is_in_link or not attributes.get("src"):
            return f"[{description}]"
        return f'<a href="{attributes["src"]}">[{description}]</a>'

    return _ANCHORS_AND_PICTURES.sub(replace, html)
