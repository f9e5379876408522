"""Turns a submission into the tokens of the learning filter: short texts, ``kind:value``.

Each word of the body and of the name becomes a token. Features that words don't show (links, length, capitals ...)
become tokens of the kind ``shape``. The scope is a token, because each post attracts its own kind of comments.
:mod:`.topic` adds one for the agreement with the post's text. Letter tricks aren't tokens, because :mod:`..text` has
undone them and a rule scores them. The email address, the client and the user agent aren't used.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

from ..text.invisible import without_unseen
from ..text.normalised import Text

#: Increased when the same comment would get other tokens. A model of another version is trained again on the stored
#: decisions.
VERSION: Final = 2

#: What the part of a token before the colon means.
KINDS: Final = {
    "w": "word",
    "n": "word in the name",
    "h": "linked host",
    "d": "top-level domain",
    "s": "website",
    "m": "shape",
    "p": "form or post",
    "t": "agreement with the post",
    "c": "count",
    "r": "rules",
}
#: The tokens with the weights of the rules: if they found something, and if they found nothing.
FOUND: Final = "r:score"
NOTHING_FOUND: Final = "r:nothing_found"
#: The tokens that count all taught comments, each with its strength, and all their words. No comment contains them.
COMMENTS: Final = "c:comments"
WORDS: Final = "c:words"

_LONGEST: Final = 40  # characters of a word or a scope; longer ones are cut
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@.]{1,63}\.[^\s@]{1,63}")
_PHONE: Final = re.compile(r"(?<!\w)\+?\d(?:[\s().-]?\d){7,14}(?!\w)")
_REPEATED: Final = re.compile(r"([^\W\d_])\1\1|([!?.])\2\2")
_MONEY: Final = re.compile(r"[$€£¥]\s?\d|\d\s?[$€£¥]|\d\s?%")
_PICTURES: Final = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")
_SMILEY: Final = re.compile(r"[:;=]-?[)(dp3]|<3|\bx[dx]\b")
_SCRIPTS: Final = (
    (0x0250, "latin"),
    (0x0370, "other"),
    (0x0400, "greek"),
    (0x0530, "cyrillic"),
    (0x0590, "other"),
    (0x0600, "hebrew"),
    (0x0780, "arabic"),
    (0x0900, "other"),
    (0x0E00, "indic"),
    (0x0E80, "thai"),
    (0x1E00, "other"),
    (0x1F00, "latin"),
    (0x2000, "greek"),
    (0x3040, "other"),
    (0xD7B0, "east_asian"),
)
_SCRIPT_ENDS: Final = [end for end, _ in _SCRIPTS]


def tokens_of(text: Text, scope: str = "") -> tuple[str, ...]:
    """Return the tokens of a text that was posted to ``scope``, each once, in alphabetical order."""
    tokens = {word_token(word) for word in text.words}
    tokens.update("n:" + _shortened(word) for word in text.author_words)
    tokens.update(_linked(text))
    tokens.update("m:" + shape for shape in _shapes(text))
    if scope:
        tokens.add(scope_token(scope))
    return tuple(sorted(tokens))


def word_token(word: str) -> str:
    """Return the token of a word in a body."""
    return "w:" + _shortened(word)


def word_count(tokens: Iterable[str]) -> int:
    """Return the number of these tokens that are words of a body."""
    return sum(token.startswith("w:") for token in tokens)


def scope_token(scope: str) -> str:
    """Return the token of a scope. A long one ends with a hash, so that posts with long names have different tokens."""
    if len(scope) > _LONGEST:
        digest = blake2b(scope.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        scope = f"{scope[: _LONGEST - 9]}~{digest}"
    return "p:" + without_unseen(scope)  # no database stores lone surrogates, and PostgreSQL no NUL


def kind_of(token: str) -> str:
    """Return the kind of a token, in words."""
    return KINDS.get(token.partition(":")[0], "unknown")


def is_used(token: str) -> bool:
    """Return whether comments have tokens of this kind today. Earlier versions may have had other kinds."""
    return token.partition(":")[0] in KINDS


def _shortened(word: str) -> str:
    """Return the word, cut to 40 characters. Long numbers become their length, so that they don't fill the table."""
    return f"#{len(word)}" if len(word) > 4 and word.isdecimal() else word[:_LONGEST]


def _linked(text: Text) -> Iterator[str]:
    for link in text.links:
        if link.host:
            yield "h:" + link.host[-_LONGEST:]
            yield "d:" + link.host.rpartition(".")[2][:_LONGEST]
    if text.site and text.site.host:
        yield "s:" + text.site.host[-_LONGEST:]
        yield "d:" + text.site.host.rpartition(".")[2][:_LONGEST]


def _shapes(text: Text) -> Iterator[str]:
    yield f"links_{_bucket(len(text.links), 0, 1, 2, 5)}"
    yield f"words_{_bucket(len(text.words), 0, 2, 5, 10, 20, 40, 80, 160)}"
    yield from _link_shapes(text)
    yield from _letter_shapes(text)
    yield from _sign_shapes(text)
    yield from _author_shapes(text)


def _link_shapes(text: Text) -> Iterator[str]:
    if not text.links:
        return
    if any(link.marked_up for link in text.links):
        yield "marked_up_link"
    plain = text.plain.rstrip()
    if plain.endswith(text.links[-1].url.casefold()):
        yield "ends_with_link"
    if len(text.words) < 4:
        yield "little_but_links"
    if any(link.host and link.url.casefold().rstrip("/").endswith(link.host) for link in text.links):
        yield "links_a_front_page"


def _letter_shapes(text: Text) -> Iterator[str]:
    letters = [letter for letter in text.cased if letter.isalpha()]
    if not letters:
        yield "no_letters"
        return
    if len(letters) >= 8:
        yield f"capitals_{_bucket(100 * sum(map(str.isupper, letters)) // len(letters), 0, 10, 30, 60)}"
    sample = letters[:: len(letters) // 64 + 1]
    scripts = [_script(letter) for letter in sample]
    yield f"script_{max(sorted(set(scripts)), key=scripts.count)}"
    if text.cased.lstrip()[:1].islower():
        yield "starts_small"
    if len(text.words) >= 10 and len(set(text.words)) * 2 < len(text.words):
        yield "repeats_words"
    if any(len(word) > 25 for word in text.words):
        yield "long_word"


def _sign_shapes(text: Text) -> Iterator[str]:
    plain = text.plain
    if marks := plain.count("!"):
        yield f"exclamations_{_bucket(marks, 1, 3)}"
    for shape, is_present in (
        ("question", "?" in plain),
        ("email", "@" in plain and _EMAIL.search(plain)),
        ("phone", _PHONE.search(plain)),
        ("money", _MONEY.search(plain)),
        ("pictures", not plain.isascii() and _PICTURES.search(plain)),
        ("smiley", _SMILEY.search(plain)),
        ("repeated_sign", _REPEATED.search(plain)),
        ("mentions", plain.lstrip().startswith("@")),
        ("numbers", any(word.isdecimal() for word in text.words)),
        ("ends_a_sentence", plain.rstrip().endswith((".", "!", "?"))),
        ("paragraphs", "\n" in plain.strip()),
        ("quotes", '"' in plain),
    ):
        if is_present:
            yield shape


def _author_shapes(text: Text) -> Iterator[str]:
    if text.author_words:
        yield f"name_words_{_bucket(len(text.author_words), 1, 2, 3)}"
        if any(character.isdecimal() for character in text.author):
            yield "name_with_digits"
    if text.site:
        yield "website"
        if any(link.host == text.site.host for link in text.links):
            yield "website_linked_too"


def _bucket(count: int, *edges: int) -> str:
    """Return the first edge that ``count`` doesn't exceed, "more" if it exceeds all."""
    index = bisect_left(edges, count)
    return str(edges[index]) if index < len(edges) else "more"


def _script(letter: str) -> str:
    index = bisect_left(_SCRIPT_ENDS, ord(letter) + 1)
    return _SCRIPTS[index][1] if index < len(_SCRIPTS) else "other"
