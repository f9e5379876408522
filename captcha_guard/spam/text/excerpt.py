"""Selects the parts of long texts that are searched for words: a fixed number of characters, shared among all texts.

Half of them are shared fairly: short texts are taken in full, and of longer ones the beginning and the end, so that no
text can displace another. The other half goes to those windows of the rest with the most signs of spam: links, words of
known phrases, odd letters. Windows of equal rank are taken evenly from all over the texts.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from heapq import nsmallest
from typing import Final

from ..lists.spam_phrases import BOOK

#: Characters that are searched, for all texts together.
BUDGET: Final = 8192

#: Separates joined texts, and marks where something is left out. It counts as white space. Texts don't contain it,
#: because control characters are removed from them.
SEPARATOR: Final = "\x1e"

#: Characters of a window, and of the margin on each side that keeps words and short phrases whole.
_WINDOW: Final = 192
_MARGIN: Final = 32
#: Up to this many characters, every window is ranked; above that, every second one, every third one, and so on.
_RANKED: Final = 131_072
#: The fraction of a long text's share that is taken from its beginning; the rest is taken from its end.
_HEAD: Final = 0.75
#: Smaller shares, in characters, are useless and are left to the windows.
_LEAST: Final = 16

_WORD: Final = re.compile(r"[^\W_]+")
#: Words spelled as single letters.
_LETTERED: Final = re.compile(r"[ .*_-][^\W\d_][ .*_-][^\W\d_][ .*_-]")
#: Disguised letters: two scripts in one word, or letters of decorative Unicode blocks.
_STYLED: Final = re.compile(
    r"[a-z][\u0370-\u052f]|[\u0370-\u052f][a-z]"
    r"|[\u0250-\u02af\u1d00-\u1d7f\u24b6-\u24e9\uff21-\uff5a\U0001d400-\U0001f189]"
)
#: The rank of a link or of odd letters, and of a whole phrase. A single word of a phrase has rank 1.
_SIGN: Final = 3
_PHRASE: Final = 50

_Span = tuple[int, int]


def excerpts(texts: Sequence[str], links: Sequence[Sequence[int]]) -> list[str]:
    """Return the selected parts of each text, with a :data:`SEPARATOR` where something is left out.

    The first text is the body. It gets at least half of the budget if it needs that much, whatever the other texts are.

    :param links: the positions of the links in each text, in order.
    """
    if sum(map(len, texts)) <= BUDGET:
        return list(texts)
    if len(texts) == 1:
        return _excerpts(texts, links, BUDGET)
    others = sum(map(len, texts[1:]))
    first = _excerpts(texts[:1], links[:1], max(BUDGET // 2, BUDGET - others))
    return first + _excerpts(texts[1:], links[1:], BUDGET - min(len(texts[0]), BUDGET // 2))


def _excerpts(texts: Sequence[str], links: Sequence[Sequence[int]], budget: int) -> list[str]:
    if sum(map(len, texts)) <= budget:
        return list(texts)
    kept = [_ends(len(text), share) for text, share in zip(texts, _shares(texts, budget // 2), strict=True)]
    room = budget - sum(end - start for spans in kept for start, end in spans)
    windows = [(number, start) for number, spans in enumerate(kept) for start in _starts(spans)]
    windows = windows[:: sum(map(len, texts)) // _RANKED + 1]
    ranks = [
        (
            -_rank(texts[number][max(0, start - _MARGIN) : start + _WINDOW + _MARGIN], links[number], start),
            place * 0.618 % 1,
            place,
        )
        for place, (number, start) in enumerate(windows)
    ]
    for _, _, place in nsmallest(room // (_WINDOW + 2 * _MARGIN), ranks):
        number, start = windows[place]
        kept[number].append((max(0, start - _MARGIN), start + _WINDOW + _MARGIN))
    return [_joined(text, spans) for text, spans in zip(texts, kept, strict=True)]


def _shares(texts: Sequence[str], room: int) -> list[int]:
    """Divide ``room`` characters among the texts: short ones get their length, all longer ones get equal shares."""
    shares = [0] * len(texts)
    left = len(texts)
    for number in sorted(range(len(texts)), key=lambda number: len(texts[number])):
        shares[number] = min(len(texts[number]), room // left)
        room -= shares[number]
        left -= 1
    return shares


def _ends(length: int, share: int) -> list[_Span]:
    if share >= length:
        return [(0, length)]
    if share < _LEAST:
        return [(0, 0), (length, length)]
    head = int(share * _HEAD)
    return [(0, head), (length - (share - head), length)]


def _starts(spans: list[_Span]) -> range:
    """Return where the windows of the part between the two ends start."""
    return range(spans[0][1], spans[1][0], _WINDOW) if len(spans) > 1 else range(0)


def _rank(window: str, links: Sequence[int], start: int) -> int:
    lowered = window.lower()
    words = _WORD.findall(lowered)
    rank = len(BOOK.vocabulary.intersection(words))
    if rank > 1:  # single words may be harmless, whole phrases rank higher
        rank += _PHRASE * len(BOOK.find(tuple(words)))
    if links and bisect_left(links, start) < bisect_left(links, start + _WINDOW):
        rank += _SIGN
    odd = _LETTERED.search(lowered) or (not lowered.isascii() and _STYLED.search(lowered))
    return rank + _SIGN if odd else rank


def _joined(text: str, spans: list[_Span]) -> str:
    if spans == [(0, len(text))]:
        return text
    parts: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if stop > max(start, end):
            parts += [SEPARATOR] if parts and start > end else []
            parts.append(text[max(start, end) : stop])
            end = stop
    return "".join(parts)
