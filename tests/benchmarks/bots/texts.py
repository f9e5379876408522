"""The texts that bots post: real spam where its folder is given, else invented spam, and texts that vary by number."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from captcha_guard.spam.judge import Judge
from captcha_guard.spam.rules import standard
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action
from tests.benchmarks.bots.site import AUTHOR, BODY, EMAIL, URL
from tests.benchmarks.spam_data import VIDEOS, in_time, read_messages, read_videos
from tests.benchmarks.technical import read_written

#: Returns the fields of the comment with this number.
Writer = Callable[[int], Mapping[str, str]]

_NAMES = ("Anna", "Mark", "Olga", "Kevin", "Rita", "Samuel", "Jenny", "Peter", "Lily", "Daniel", "Chen", "Yelena")
_WORDS = """
cheap best online fast shipping watches pills loan casino bonus discount outlet tickets essay backlinks traffic offer
price free order quality today visit click store sale brand credit cash crypto broker profit miracle diet
""".split()  # noqa: SIM905 - a list of words is easier to read as a text


@dataclass(frozen=True)
class Collection:
    """Spam texts and where they come from."""

    source: str
    spam: Sequence[Mapping[str, str]]

    def write(self, number: int) -> Mapping[str, str]:
        """Return the fields of the comment with this number. After the last text the first one follows again."""
        return self.spam[number % len(self.spam)]


def real_spam(data: Path) -> Collection:
    """Return the spam of both collections, each in random order and each text once. Names are made up."""
    videos = [one for comments in in_time(read_videos(data, tuple(VIDEOS))).values() for one in comments]
    texts = [list(dict.fromkeys(one.text for one in part if one.spam)) for part in (videos, read_messages(data))]
    for part in texts:
        random.Random(1).shuffle(part)
    return Collection(
        "the spam of the YouTube collection, then of the SMS collection",
        [named(place, text) for place, text in enumerate(chain(*texts))],
    )


def invented_spam() -> Collection:
    """Return the spam with links in link_spam.txt."""
    spam = [{AUTHOR: one.author, URL: one.url, BODY: one.body} for one in read_written("link_spam.txt")]
    return Collection("invented spam (link_spam.txt)", spam)


def random_spam(number: int) -> Mapping[str, str]:
    """Return a text of random words with a link."""
    chosen = random.Random(number)
    words = " ".join(chosen.choices(_WORDS, k=12))
    name = chosen.choice(_NAMES)
    return {
        AUTHOR: f"{name} {number}",
        EMAIL: f"{name.lower()}{number}@mail.example",
        URL: "",
        BODY: f"{words.capitalize()} http://shop{number}.example/",
    }


def rules_alone(comments: Sequence[Mapping[str, str]]) -> float:
    """Return the share of comments that the rules hold or set aside by themselves, without a memory."""
    judge = Judge(standard())
    stopped = sum(judge.judge(_submission(one)).action >= Action.HOLD for one in comments)
    return stopped / len(comments)


def named(place: int, text: str) -> dict[str, str]:
    """Return the fields of a comment with a made-up name."""
    return {AUTHOR: f"{_NAMES[place % len(_NAMES)]} {place}", BODY: text}


def _submission(comment: Mapping[str, str]) -> Submission:
    return Submission(
        scope="bots", author=comment[AUTHOR], url=comment.get(URL, ""), body=comment[BODY], site="127.0.0.1", seconds=60
    )
