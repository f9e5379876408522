"""What a submission says, normalised once for every rule and for the filter that learns.

Whatever a spammer does to the letters, a word reads here as it reads on the screen. All of it takes time linear in the
text, whoever wrote it: what is looked at is capped, every expression is free of overlapping repeats, and Unicode's own
normalisation, which sorts combining marks in quadratic time, is fed in pieces.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from .homoglyphs import DRAWN, fold_look_alikes
from .link import Link, find_links, host_of

#: Characters of the body that are looked at: so many from its start, so many from its end.
HEAD: Final = 6144
TAIL: Final = 2048

#: Characters of the author's name and of the website that are looked at.
SHORT: Final = 300

#: Characters that are normalised at a time.
_PIECE: Final = 256

#: What takes no room on the screen: joiners, marks of direction, fillers, variation selectors, tags, soft hyphens; and
#: half characters, which nothing can show or write down.
_INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff"
)
_UNSEEN: Final = re.compile(f"[{_INVISIBLE}]+")
_ALPHABETIC: Final = "A-Za-z\u00c0-\u024f\u0370-\u052f"
#: A soft hyphen inside a word comes with honest copies of typeset pages, so it is taken out and not counted.
_SPLIT: Final = re.compile(rf"(?<=[{_ALPHABETIC}])[\u200b-\u200f\u2060-\u2064\ufeff\u034f]+(?=[{_ALPHABETIC}])")

#: Blocks in which Latin letters stand again in another dress; most texts have none, and are spared the rest.
_STYLED: Final = re.compile("[\u0250-\u02af\u1d00-\u1d7f\u24b6-\u24e9\ua700-\ua7ff\uff21-\uff5a\U0001d400-\U0001f189]")
_MATHEMATICAL: Final = re.compile("[\U0001d400-\U0001d7cb]{2,}|[\u24b6-\u24e9\U0001f130-\U0001f149]{2,}")
_DRAWN: Final = re.compile(f"[{''.join(map(chr, DRAWN))}]{{3,}}")
_FULL_WIDTH: Final = re.compile("[\uff21-\uff3a\uff41-\uff5a]{2,}")
_EAST_ASIAN: Final = re.compile("[\u1100-\u11ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: Marks that are left over when everything that composes has composed.
_MARKS: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_OVERLAID: Final = re.compile("(?:[A-Za-z][\u0334-\u0338\u20d2\u20d3]){2,}|[A-Za-z][\u0300-\u0338\u033a-\u036f]{4,}")

_PIECES: Final = re.compile(rf"(?s).{{1,{_PIECE}}}(?=\s)|.{{1,{_PIECE}}}")

_BLOCK: Final = re.compile(
    r"<\s?/?(?:br|hr|p|div|li|ul|ol|td|tr|th|table|h[1-6]|blockquote|pre)\b[^<>]{0,1000}>", re.IGNORECASE
)
_TAG: Final = re.compile(r"</?[a-z!][^<>]{0,1000}>", re.IGNORECASE)

#: Code in Markdown; no part can run over a backtick, so that the time to search stays linear.
_CODE: Final = re.compile(r"```[^`]{0,8192}```|`[^`\n]{1,500}`")

#: c a s i n o, v.i.a.g.r.a: five single letters or more, one sign between each two.
_LETTERED: Final = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .*_-]){4,}[^\W\d_](?![^\W_])")
_BETWEEN: Final = re.compile(r"[ .*_-]")

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

_BARE: Final = re.compile(r"""\b(?:https?|ftp)://[^\s<>"']+|(?<![\w.@-])www\.[a-z0-9-]+\.[^\s<>"']+""")
_BBCODE: Final = re.compile(r"\[/?(?:url|link|b|i|u|img|quote|code)(?:=[^\[\]\s]{0,500})?\]")


@dataclass(frozen=True, slots=True)
class Text:
    """What a submission says.

    ``tagged`` is the body unescaped, without invisible characters, in NFKC, with look-alike letters folded where a word
    mixes scripts, and case-folded; ``cased`` is the same with tags taken out and its case kept, ``plain`` that
    case-folded. ``words`` are those of ``plain`` without its URLs. ``links`` are the links of the body, ``site`` the
    one in the website's field. ``tricks`` counts what was done to letters, by slug: ``zero_width``, ``mixed_script``,
    ``mathematical``, ``full_width``, ``overlaid``; an honest text has none. Of a long body the first 6,144 and the
    last 2,048 characters are looked at.
    """

    tagged: str = ""
    cased: str = ""
    plain: str = ""
    words: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    author: str = ""
    author_words: tuple[str, ...] = ()
    site: Link | None = None
    tricks: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @classmethod
    def of(cls, body: str, author: str = "", url: str = "") -> Text:
        """Return what these three fields of a submission say."""
        tricks: dict[str, int] = {}
        marked = _normal(_capped(_without_unseen(_capped(body, 2 * HEAD, 2 * TAIL), tricks), HEAD, TAIL), tricks)
        cased = without_tags(marked)
        name = _normal(_without_unseen(author[: 2 * SHORT], tricks)[:SHORT], tricks)
        plain = folded_case(cased)
        called = folded_case(" ".join(without_tags(name).split()))
        return cls(
            tagged=folded_case(marked),
            cased=cased,
            plain=plain,
            words=words_of(_BARE.sub(" ", _BBCODE.sub(" ", plain))),
            links=find_links(marked),
            author=called,
            author_words=words_of(called),
            site=site_of(url),
            tricks=MappingProxyType(tricks),
        )


def normalised(text: str, *, look_alikes: bool = True) -> str:
    """Return ``text`` as one line of plain words: what :attr:`Text.plain` is of a body.

    Without ``look_alikes`` a word that mixes scripts stays as it is: in a list it means just that.
    """
    marked = _normal(_UNSEEN.sub("", text[: 2 * HEAD])[:HEAD], {}, look_alikes=look_alikes)
    return folded_case(" ".join(without_tags(marked).split()))


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a case-folded text: runs of letters and digits, apostrophes inside kept."""
    return tuple(_WORD.findall(text))


def site_of(url: str) -> Link | None:
    """Return what stands in the website's field as a link; ``None`` where it names no host."""
    address = _normal(_UNSEEN.sub("", url[: 2 * SHORT])[:SHORT], {}).strip()
    host = host_of(address)
    return Link(address, host) if host else None


def without_tags(text: str) -> str:
    """Return ``text`` with its tags taken out; one that breaks the line leaves a space."""
    return _TAG.sub("", _BLOCK.sub(" ", text)) if "<" in text else text


def without_code(text: str) -> str:
    """Return ``text`` without what stands between backticks, as code does in Markdown."""
    return _CODE.sub(" ", text) if "`" in text else text


def folded_case(text: str) -> str:
    """Return ``text`` case-folded, the dot of a Turkish capital I gone with the capital."""
    return text.casefold().replace("i\u0307", "i")


def _capped(text: str, head: int, tail: int) -> str:
    return text if len(text) <= head + tail else f"{text[:head]}\n{text[-tail:]}"


def _without_unseen(text: str, tricks: dict[str, int]) -> str:
    if text.isascii():
        return text
    seen = _UNSEEN.sub("", text)
    if len(seen) < len(text):
        _count(tricks, "zero_width", len(_SPLIT.findall(text)) + (len(text) > 2 * len(seen) + SHORT))
    return seen


def _normal(text: str, tricks: dict[str, int], *, look_alikes: bool = True) -> str:
    """Return ``text`` unescaped, in NFKC, each word in one script; what was found to be undone is counted."""
    if "&" in text:
        text = _without_unseen(html.unescape(text), tricks)
    if not text.isascii():
        if _STYLED.search(text):
            _count(tricks, "mathematical", len(_MATHEMATICAL.findall(text)) + len(_DRAWN.findall(text)))
            if not _EAST_ASIAN.search(text):
                _count(tricks, "full_width", len(_FULL_WIDTH.findall(text)))
            text = text.translate(DRAWN)
        text = _composed(text)
        _count(tricks, "overlaid", len(_OVERLAID.findall(text)))
        text = _MARKS.sub("", text).replace("\u2019", "'").replace("\u02bc", "'")
        if look_alikes:
            text, mixed = fold_look_alikes(text)
            _count(tricks, "mixed_script", mixed)
    return _LETTERED.sub(lambda match: _BETWEEN.sub("", match[0]), text)


def _composed(text: str) -> str:
    """Return ``text`` in NFKC, which makes up to 18 characters of one: cut off when there are enough of them."""
    pieces: list[str] = []
    room = HEAD + TAIL
    for piece in _PIECES.findall(text):
        pieces.append(unicodedata.normalize("NFKC", piece)[:room])
        room -= len(pieces[-1])
        if not room:
            break
    return "".join(pieces)


def _count(tricks: dict[str, int], slug: str, times: int) -> None:
    if times:
        tricks[slug] = tricks.get(slug, 0) + times
