"""The comments that the spam benchmark measures on, read from a folder that is never part of the repository.

YouTube Spam Collection (Alberto, Lochter, Almeida: "TubeSpam", ICMLA 2015) and SMS Spam Collection v.1 (Almeida,
Hidalgo, Yamakami 2011), both CC BY 4.0. Dates are not read: in one file all spam and only spam has none.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

VIDEOS = {
    "Psy": "Youtube01-Psy.csv",
    "KatyPerry": "Youtube02-KatyPerry.csv",
    "LMFAO": "Youtube03-LMFAO.csv",
    "Eminem": "Youtube04-Eminem.csv",
    "Shakira": "Youtube05-Shakira.csv",
}
CHOOSING = ("Psy", "LMFAO")  # every knob was chosen on these two; the others are for the last word
NEWEST_FIRST = ("LMFAO", "Eminem", "Shakira")

#: What a row says instead of figures if ``--data`` isn't given.
NOT_MEASURED = "not measured: the data isn't in the repository"


@dataclass(frozen=True)
class Comment:
    """A comment, and whether the collection's authors called it spam."""

    text: str
    spam: bool


def read_videos(folder: Path, names: tuple[str, ...]) -> dict[str, list[Comment]]:
    """Return each video's comments in the file's own order.

    :raises FileNotFoundError: the folder is not the data's.
    """
    return {name: _read_video(folder / "youtube" / VIDEOS[name]) for name in names}


def _read_video(path: Path) -> list[Comment]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [Comment(row["CONTENT"], row["CLASS"] == "1") for row in csv.DictReader(lines)]


def read_messages(folder: Path) -> list[Comment]:
    """Return the SMS collection in its own order.

    :raises FileNotFoundError: the folder is not the data's.
    """
    lines = (folder / "sms" / "SMSSpamCollection").read_text(encoding="utf-8").splitlines()
    parted = (line.partition("\t") for line in lines if line)
    return [Comment(text, label == "spam") for label, _, text in parted]


def in_time(videos: dict[str, list[Comment]]) -> dict[str, list[Comment]]:
    """Return the videos oldest first, without the comments whose text was there before on any of them."""
    seen: set[str] = set()
    told: dict[str, list[Comment]] = {}
    for name, comments in videos.items():
        told[name] = []
        for comment in reversed(comments) if name in NEWEST_FIRST else comments:
            said = " ".join(comment.text.replace("\ufeff", "").split()).casefold()
            if said not in seen:
                seen.add(said)
                told[name].append(comment)
    return told


def published_split(comments: list[Comment]) -> tuple[list[Comment], list[Comment]]:
    """Part a video as the collection's authors did: of each class the first 70 % in file order are to learn from."""
    learn: list[Comment] = []
    test: list[Comment] = []
    for spam in (False, True):
        own = [comment for comment in comments if comment.spam is spam]
        learn += own[: int(len(own) * 0.7)]
        test += own[int(len(own) * 0.7) :]
    places = {id(comment): place for place, comment in enumerate(comments)}
    return sorted(learn, key=lambda one: places[id(one)]), sorted(test, key=lambda one: places[id(one)])


def time_split(comments: list[Comment]) -> tuple[list[Comment], list[Comment]]:
    """Part a video in time: the first 70 % are to learn from."""
    cut = int(len(comments) * 0.7)
    return comments[:cut], comments[cut:]
