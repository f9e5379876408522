"""The texts of a submission, normalised once for all rules and for the learning filter.

Normalised words read as they do on the screen, however a spammer disguises the letters. All of this takes time linear
in the text: invisible characters, entities and links are found in the whole text by expressions without overlapping
quantifiers, words in 8 KiB of all texts together. Unicode's normalisation sorts combining marks in quadratic time, so
it gets the text in short pieces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import Final, NamedTuple

from ...characters.look_alikes import DRAWN
from .contexts import with_contexts
from .excerpt import BUDGET, SEPARATOR, excerpts
from .homoglyphs import fold_look_alikes
from .invisible import MOST_SPLITS, as_seen
from .link import Link, certain_match, host_of, leads_home
from .link_scanner import MOST_LINKS, Found, scan

#: Characters of the author's name and of the website that are read.
SHORT: Final = 300

#: Except for the body, a normalised text may be twice as long as before, plus this many characters.
_ROOM: Final = 16

#: Characters that are normalised at a time.
_PIECE: Final = 256

#: Blocks with variants of Latin letters. Most texts have none of them, and the slower searches are skipped.
_STYLED: Final = re.compile("[\u0250-\u02af\u1d00-\u1d7f\u24b6-\u24e9\ua700-\ua7ff\uff21-\uff5a\U0001d400-\U0001f189]")
_MATHEMATICAL: Final = re.compile("[\U0001d400-\U0001d7cb]{2,}|[\u24b6-\u24e9\U0001f130-\U0001f149]{2,}")
_DRAWN: Final = re.compile(f"[{''.join(map(chr, DRAWN))}]{{3,}}")
_FULL_WIDTH: Final = re.compile("[\uff21-\uff3a\uff41-\uff5a]{2,}")
_EAST_ASIAN: Final = re.compile("[\u1100-\u11ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: Combining marks that are left after composition.
_MARKS: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_OVERLAID: Final = re.compile("(?:[A-Za-z][\u0334-\u0338\u20d2\u20d3]){2,}|[A-Za-z][\u0300-\u0338\u033a-\u036f]{4,}")

_PIECES: Final = re.compile(rf"(?s).{{1,{_PIECE}}}(?=\s)|.{{1,{_PIECE}}}")

_BLOCK: Final = re.compile(
    r"<\s?/?(?:br|hr|p|div|li|ul|ol|td|tr|th|table|h[1-6]|blockquote|pre)\b[^<>\x1e]{0,1000}>", re.IGNORECASE
)
_TAG: Final = re.compile(r"</?[a-z!][^<>\x1e]{0,1000}>", re.IGNORECASE)

#: c a s i n o, v.i.a.g.r.a: five or more single letters with one separator between each two.
_LETTERED: Final = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .*_-]){4,}[^\W\d_](?![^\W_])")
_BETWEEN: Final = re.compile(r"[ .*_-]")

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

_BARE: Final = re.compile(
    r"""\b(?:https?|ftp)\\?:[\\/]+[^\s<>"']+|(?<=\]\()<?(?:https?:|[\\/]{2})[^\s<>"']*"""
    r"""|(?<![\w.@-])www\.[a-z0-9-]+\.[^\s<>"']+"""
)
_BARE_SIGNS: Final = ("http", "www.", "ftp", "](")
_BBCODE: Final = re.compile(r"\[/?(?:url|link|b|i|u|img|quote|code)(?:=[^\[\]\s]{0,500})?\]")


#: Emphasis, code and BBCode between two letters; Markdown links around a part of a word; HTML comments.
_IN_WORDS: Final = re.compile(r"(?<=[^\W_])(?:[*~`]{1,3}+|__|\[/?[bius]\])++(?=[^\W_])")
_LINKED_LETTERS: Final = re.compile(r"(?<=[^\W_])\[([^\[\]\s]{1,40}+)\]\([^()\s]{0,200}+\)")
_COMMENT: Final = re.compile(r"<!--(?:[^-]|-(?!->)){0,1000}+-->")
_IN_WORDS_SIGNS: Final = ("*", "`", "~", "__", "](", "[/", "<!--")


class Passage(NamedTuple):
    """One text of a submission, or the excerpts of it that are searched.

    ``plain``, ``tagged`` and ``words`` are as in :class:`Text`. ``stretches`` are sequences of adjacent words: those of
    ``plain``, separated where something is left out, and those of ``tagged`` if they differ, because sites that escape
    HTML show the text in angle brackets. ``private`` is true if the text came from a field named like a password and
    must not be quoted. ``blank`` is true if it had only white space.
    """

    tagged: str = ""
    plain: str = ""
    words: tuple[str, ...] = ()
    stretches: tuple[tuple[str, ...], ...] = ()
    links: tuple[Link, ...] = ()
    private: bool = False
    blank: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """The normalised texts of a submission.

    ``tagged`` is the body with entities decoded, without invisible characters, in NFKC, with look-alike letters
    replaced in words that mix scripts, and case-folded. ``cased`` is the same without tags and with its case kept;
    ``plain`` is ``cased`` case-folded. ``words`` are the words of ``plain`` without its URLs. ``links`` are the links
    of the body, ``site`` is the one in the website field. ``tricks`` counts disguises by slug: ``zero_width``,
    ``mixed_script``, ``mathematical``, ``full_width``, ``overlaid``. An ordinary text has none.

    If there are other texts, these values cover the body and the other texts, joined with :data:`SEPARATOR`;
    ``passages`` has each text separately, the body first. At most 8,192 characters are searched for words, see
    :mod:`.excerpt`; links are found in the whole text.
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
    passages: tuple[Passage, ...] = (Passage(),)

    @classmethod
    def of(
        cls,
        body: str,
        author: str = "",
        url: str = "",
        *,
        other: Iterable[str] = (),
        private: Iterable[str] = (),
        site: str = "",
    ) -> Text:
        """Return the normalised text of these fields. Links to ``site``, the host of the site, don't count."""
        tricks: dict[str, int] = {}
        passages, cased = _passages((body, *filter(None, other)), tuple(filter(None, private)), site, tricks)
        name = author and _normal(_seen(author[: 2 * SHORT], tricks)[:SHORT], tricks, BUDGET)
        plain_name = folded_case(" ".join(without_tags(name).split()))
        joined = passages[0] if len(passages) == 1 else _joined(passages)
        return cls(
            tagged=joined.tagged,
            cased=SEPARATOR.join(cased),
            plain=joined.plain,
            words=joined.words,
            links=joined.links,
            author=plain_name,
            author_words=words_of(plain_name),
            site=site_of(url, site),
            tricks=MappingProxyType(tricks),
            passages=passages,
        )


def _passages(
    public: tuple[str, ...], private: tuple[str, ...], site: str, tricks: dict[str, int]
) -> tuple[tuple[Passage, ...], list[str]]:
    """Return the passages, and the text of each with its case kept."""
    posted = (*public, *private)
    texts = [_seen(text, tricks) for text in posted]
    links = _links(posted, texts, site)
    passages: list[Passage] = []
    cased_texts: list[str] = []
    links_left = MOST_LINKS
    for number, text in enumerate(excerpts(texts, [[one.place for one in found] for found in links])):
        blank, is_private = not posted[number].strip(), number >= len(public)
        if not text and number:
            passages.append(Passage(links=tuple(one.link for one in links[number]), private=is_private, blank=blank))
            continue
        marked = _normal(text, tricks, 2 * len(text) + _ROOM if number else BUDGET)
        cased = without_tags(marked)
        found = [one.link for one in links[number]]
        if marked != text and len(more := scan(marked, site, links_left)) >= len(found):
            found = _in_their_contexts([one.link for one in more], found)
        links_left = max(0, links_left - len(found))
        plain = folded_case(cased)
        tagged = plain if cased is marked else folded_case(marked)
        stretches = _stretches(_BBCODE.sub(" ", plain))
        words = stretches[0] if len(stretches) == 1 else tuple(chain.from_iterable(stretches))
        stretches += () if cased is marked else _stretches(tagged)
        if (glued := _without_markup_in_words(tagged)) != tagged:
            stretches += _stretches(without_tags(glued))
        passages.append(Passage(tagged, plain, words, stretches, tuple(found), is_private, blank))
        cased_texts.append(cased)
    return tuple(passages), cased_texts


def _without_markup_in_words(text: str) -> str:
    """Return ``text`` without the markup between two letters, which a rendered page doesn't show."""
    if not any(sign in text for sign in _IN_WORDS_SIGNS):
        return text
    return _IN_WORDS.sub("", _LINKED_LETTERS.sub(r"\1", _COMMENT.sub("", text)))


def _joined(passages: tuple[Passage, ...]) -> Passage:
    return Passage(
        SEPARATOR.join(passage.tagged for passage in passages),
        SEPARATOR.join(passage.plain for passage in passages),
        tuple(chain.from_iterable(passage.words for passage in passages)),
        links=tuple(chain.from_iterable(passage.links for passage in passages)),
    )


def _links(posted: tuple[str, ...], texts: list[str], site: str) -> list[list[Found]]:
    """Return the links of each text, at most 100 in total."""
    links: list[list[Found]] = []
    left = MOST_LINKS
    for text, as_posted in zip(texts, posted, strict=True):
        links.append(with_contexts(text, scan(text, site, left, as_posted), as_posted) if left else [])
        left -= len(links[-1])
    return links


def _in_their_contexts(normal: list[Link], written: list[Link]) -> list[Link]:
    """Return the links of a normalised text with the contexts that the same links have in the text as written.

    If letter tricks had hidden a link, all of them count as prose. Only links that were certain before are certain. A
    link that a browser may follow to a host behind ``@`` is added if the normalised text has none to that host.
    """
    hosts = [link.host for link in normal]
    if hosts != [link.host for link in written]:
        certain = {link.url for link in written if link.is_certain}
        links = [replace(link, is_certain=link.is_certain and link.url in certain) for link in normal]
        links += [one for one in written if _has_user_name(one) and one.host not in hosts]
        return links[:MOST_LINKS]
    return [
        replace(link, context=other.context, is_certain=link.is_certain and other.is_certain)
        for link, other in zip(normal, written, strict=True)
    ]


def _has_user_name(link: Link) -> bool:
    """Return whether a browser may take the beginning of the URL for a user name before ``@``."""
    return not link.is_certain and ("@" in link.url or link.host != host_of(link.url))


def _stretches(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the words of ``text`` without its URLs, separated where something is left out."""
    text = _BARE.sub(" ", text) if any(sign in text for sign in _BARE_SIGNS) else text
    return tuple(map(words_of, text.split(SEPARATOR)))


def normalised(text: str, *, look_alikes: bool = True) -> str:
    """Return ``text`` as one line of plain words, normalised like :attr:`Text.plain`.

    Without ``look_alikes`` words that mix scripts stay unchanged: an entry of a word list may mean exactly that.
    """
    marked = _normal(_seen(text[: 2 * BUDGET], {})[:BUDGET], {}, BUDGET, look_alikes=look_alikes)
    return folded_case(" ".join(without_tags(marked).split()))


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a case-folded text: sequences of letters and digits, with apostrophes inside them."""
    return tuple(_WORD.findall(text))


def site_of(url: str, site: str = "") -> Link | None:
    """Return the website field as a link; ``None`` if it has no host or leads to ``site`` itself."""
    address = url and _normal(_seen(url[: 2 * SHORT], {})[:SHORT], {}, BUDGET).strip()
    host = host_of(address)
    readings = (url.strip(), address)  # some sites show the address as posted
    if not host or all(leads_home(reading, site) for reading in readings):
        return None
    return Link(address, host, is_certain=all(map(certain_match, readings)))


def without_tags(text: str) -> str:
    """Return ``text`` without its tags; a block-level tag is replaced with a space."""
    return _TAG.sub("", _BLOCK.sub(" ", text)) if "<" in text else text


def folded_case(text: str) -> str:
    """Return ``text`` case-folded, without the combining dot that a Turkish capital I leaves behind."""
    return text.casefold().replace("i\u0307", "i")


def _seen(text: str, tricks: dict[str, int]) -> str:
    seen, splits = as_seen(text, MOST_SPLITS - tricks.get("zero_width", 0))
    _count(tricks, "zero_width", splits)
    return seen


def _normal(text: str, tricks: dict[str, int], room: int, *, look_alikes: bool = True) -> str:
    """Return at most ``room`` characters of ``text`` in NFKC, each word in one script; count the disguises removed."""
    if not text.isascii():
        if _STYLED.search(text):
            _count(tricks, "mathematical", len(_MATHEMATICAL.findall(text)) + len(_DRAWN.findall(text)))
            if not _EAST_ASIAN.search(text):
                _count(tricks, "full_width", len(_FULL_WIDTH.findall(text)))
            text = text.translate(DRAWN)
        text = _composed(text, room)
        _count(tricks, "overlaid", len(_OVERLAID.findall(text)))
        text = _MARKS.sub("", text).replace("\u2019", "'").replace("\u02bc", "'")
        if look_alikes:
            text, mixed = fold_look_alikes(text)
            _count(tricks, "mixed_script", mixed)
    return _LETTERED.sub(lambda match: _BETWEEN.sub("", match[0]), text)


def _composed(text: str, room: int) -> str:
    """Return at most ``room`` characters of ``text`` in NFKC, which can turn one character into up to 18."""
    pieces: list[str] = []
    for piece in _PIECES.findall(text):
        pieces.append(unicodedata.normalize("NFKC", piece)[:room])
        room -= len(pieces[-1])
        if not room:
            break
    return "".join(pieces)


def _count(tricks: dict[str, int], slug: str, times: int) -> None:
    if times:
        tricks[slug] = tricks.get(slug, 0) + times
