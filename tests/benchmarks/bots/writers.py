"""Texts that try to get past the judge: copies, near copies, and letter tricks."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from tests.benchmarks.bots.site import AUTHOR, BODY

#: A text that no list of phrases has, so that only repetition gives it away.
OFFER = (
    "My cousin repairs phones in two days and sends them back in a padded box with a card. He has done it for "
    "half of our street, and he would gladly do yours for a small sum if you ask for him at the corner shop."
)

#: A text that the rules hold without any tricks.
SPAM = "Buy cheap viagra online, casino bonus for you: http://a.example http://b.example"

HONEST = "The drawing beside the second paragraph made it clear to me, and I went back to the first one."

_SYNONYMS = (
    ("cousin", "brother", "neighbour", "friend"),
    ("repairs", "mends", "fixes"),
    ("two", "three", "four"),
    ("padded", "small", "wooden"),
    ("card", "note", "letter"),
    ("street", "town", "school"),
    ("gladly", "surely", "also"),
    ("small", "fair", "low"),
    ("corner shop", "station", "market"),
)

#: Letters that look like Latin ones, and characters that aren't seen.
_HOMOGLYPHS = str.maketrans("aceiopxyBCEHKMOPTX", "асеіорхуВСЕНКМОРТХ")  # noqa: RUF001 - the trick itself
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_MATHEMATICAL = {**{65 + n: 0x1D400 + n for n in range(26)}, **{97 + n: 0x1D41A + n for n in range(26)}}
_UNSEEN = ("\u200b", "\u200d", "\u2060", "\u00ad", "\ufeff", "\u034f", "\U000e0041", "\x01", "\x08", "\x1b")


def copied(number: int) -> Mapping[str, str]:
    """Return the same comment every time."""
    return {AUTHOR: "Victor", BODY: OFFER}


def nearly_copied(number: int) -> Mapping[str, str]:
    """Return the same comment with another name and three other words."""
    chosen, text = random.Random(number), OFFER
    for words in chosen.sample(_SYNONYMS, 3):
        text = text.replace(words[0], chosen.choice(words[1:]), 1)
    return {AUTHOR: f"Victor {number}", BODY: text}


def tricks() -> Mapping[str, str]:
    """Return the spam text in different spellings by the name of the trick."""
    found = {f"U+{ord(one):04X} in words": one.join(SPAM) for one in _UNSEEN}
    found |= {
        f"U+{ord(one):04X} in every word": SPAM.replace("a", f"a{one}").replace("o", f"o{one}") for one in _UNSEEN
    }
    return {
        "as it is": SPAM,
        **found,
        "Cyrillic letters": SPAM.translate(_HOMOGLYPHS),
        "Cyrillic letters, addresses left": _words_only(lambda word: word.translate(_HOMOGLYPHS)),
        "full-width letters": SPAM.translate(_FULL_WIDTH),
        "full-width letters, addresses left": _words_only(lambda word: word.translate(_FULL_WIDTH)),
        "mathematical letters": _words_only(lambda word: word.translate(_MATHEMATICAL)),
        "accents": _words_only(lambda word: "".join(f"{letter}\u0335" for letter in word)),
        "entities": "".join(f"&#{ord(letter)};" for letter in SPAM),
        "tags in words": _words_only(lambda word: f"{word[:2]}<b></b>{word[2:]}"),
        "right to left": f"{SPAM.partition(':')[0]} \u202e{SPAM.partition(': ')[2][::-1]}\u202c",
    }


def tricked(number: int) -> Mapping[str, str]:
    """Return a comment with the trick that has this number."""
    spellings = list(tricks().values())
    return {AUTHOR: f"Reader {number}", BODY: spellings[number % len(spellings)]}


def _words_only(change: Callable[[str], str]) -> str:
    return " ".join(word if word.startswith("http") else change(word) for word in SPAM.split())
