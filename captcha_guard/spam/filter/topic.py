"""How well a comment agrees with the text of its post, as one token.

The measure is the mean, over the different words of a comment, of log((0.7 p(word | post) + 0.3 p(word | site)) /
p(word | site)), after Mishne, Carmel and Lempel ("Blocking blog spam with language model disagreement", AIRWeb 2005).
The site's words are those of the comments that were taught. Words that the comment copies from the post in runs of five
or more don't count, so quoting the post gains nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from statistics import fmean
from typing import Final

from ..text.excerpt import BUDGET
from ..text.normalised import normalised, words_of
from .features import WORDS, word_token
from .regression import Weight

#: The weight of the post in the mixture. The site's weight is 1 minus this.
_POST: Final = 0.7
#: The fewest words of the site that show which words are common.
ENOUGH_WORDS: Final = 200
#: Half an occurrence is added to each word, for a vocabulary of this many words.
_UNSEEN: Final = 0.5
_VOCABULARY: Final = 2_000
#: The fewest words in a row that count as copied.
_RUN: Final = 5
#: The most characters of a post that are read, and the most posts that a process keeps.
_LONGEST: Final = 2 * BUDGET
_POSTS: Final = 32

#: Upper ends of all levels but the highest.
_ENDS: Final = (-1.0, -0.75, -0.5, -0.3, -0.1, 0.1, 0.4)
_LEVELS: Final = ("lowest", "very_low", "low", "rather_low", "rather_high", "high", "very_high", "highest")
_COPIED: Final = "t:only_copied_words"
#: All tokens that :func:`agreement` returns.
LEVELS: Final = (*(f"t:{level}" for level in _LEVELS), _COPIED)


@dataclass(frozen=True, slots=True)
class Post:
    """The number of times that a post has each word, its number of words, and hashes of its runs of five words."""

    counts: Mapping[str, int]
    length: int
    runs: frozenset[int]


@lru_cache(maxsize=_POSTS)
def post_of(text: str) -> Post | None:
    """Return the words of a post's text, without markup, or ``None`` if it has none. The last 32 posts are cached."""
    words = [word for piece in _pieces(text[:_LONGEST]) for word in words_of(normalised(piece))]
    if not words:
        return None
    return Post(Counter(map(word_token, words)), len(words), frozenset(map(hash, _runs(words))))


def agreement(words: Sequence[str], post: Post, known: Mapping[str, Weight]) -> str:
    """Return the token for how well a comment's words agree with a post, "" if too few words of the site are known.

    :param known: the stored tokens of the comment's words and of :data:`~.features.WORDS`.
    """
    site = _count(known.get(WORDS))
    if not words or site < ENOUGH_WORDS:
        return ""
    not_copied = set(map(word_token, _not_copied(words, post.runs)))
    if not not_copied:
        return _COPIED
    ratios = (
        _POST * post.counts.get(word, 0) / post.length / _share(_count(known.get(word)), site) + 1 - _POST
        for word in not_copied
    )
    return LEVELS[bisect_left(_ENDS, fmean(map(log, ratios)))]


def _share(count: float, site: float) -> float:
    """Return a word's share of all words of the site."""
    return (count + _UNSEEN) / (site + _UNSEEN * _VOCABULARY)


def _count(token: Weight | None) -> float:
    return 0.0 if token is None else token.ham + token.spam


def _not_copied(words: Sequence[str], runs: Collection[int]) -> list[str]:
    copied: set[int] = set()
    for start, run in enumerate(_runs(words)):
        if hash(run) in runs:
            copied.update(range(start, start + _RUN))
    return [word for position, word in enumerate(words) if position not in copied]


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(_RUN)), strict=False)


def _pieces(text: str) -> Iterator[str]:
    """Yield the text in pieces that are short enough to be normalised."""
    for start in range(0, len(text), BUDGET):
        yield text[start : start + BUDGET]
