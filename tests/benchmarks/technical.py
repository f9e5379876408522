"""What the rules alone do with honest technical comments and with spam: ``python -m tests.benchmarks.technical``.

``technical_comments_1.txt`` was written before the rules were changed for such comments, ``technical_comments_2.txt``
and ``technical_comments_3.txt`` afterwards, each without looking at what the rules do with it. ``link_spam.txt`` has
spam with links. All people and most hosts are made up. ``--data`` is the folder of the spam benchmark (see
spam_data.py). With another checkout's package on ``PYTHONPATH`` the same comments are judged by that checkout's rules.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from captcha_guard.spam.judge import Judge
from captcha_guard.spam.rules import standard
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action, Verdict
from tests.benchmarks.spam_data import CHOOSING, NOT_MEASURED, VIDEOS, read_messages, read_videos

#: The host of the blog that the technical comments are written on.
SITE = "blog.quill.example"

#: The files beside this one, and what is in them.
FILES = {
    "technical_comments_1.txt": "technical comments, part 1",
    "technical_comments_2.txt": "technical comments, part 2",
    "technical_comments_3.txt": "technical comments, part 3",
    "link_spam.txt": "made-up spam with links",
}

ACTIONS = {
    Action.ACCEPT: "accepted",
    Action.CHALLENGE: "asked for a code",
    Action.HOLD: "held",
    Action.ASIDE: "set aside",
}


@dataclass(frozen=True)
class Written:
    """One comment as its author typed it."""

    author: str
    url: str
    body: str


def read_written(name: str) -> list[Written]:
    """Return the comments of a file beside this one: each starts with a line ``=== author | website``."""
    text = (Path(__file__).parent / name).read_text("utf-8")
    comments: list[Written] = []
    for record in f"\n{text}".split("\n=== ")[1:]:
        head, _, body = record.partition("\n")
        author, _, url = head.partition(" | ")
        comments.append(Written(author.strip(), url.strip(), body.strip("\n")))
    return comments


def verdicts(judge: Judge, submissions: Iterable[Submission]) -> Iterator[tuple[Submission, Verdict]]:
    """Return each submission with its verdict."""
    return ((one, judge.judge(one)) for one in submissions)


def posted(name: str) -> list[Submission]:
    """Return the comments of a file beside this one as they are posted."""
    return [
        Submission(scope="technical", body=one.body, author=one.author, url=one.url, site=SITE, seconds=60)
        for one in read_written(name)
    ]


def main() -> None:
    """Print one line for each set of comments, and with ``--show`` what was found in those that weren't accepted."""
    parser = argparse.ArgumentParser(description="What the rules alone do with technical comments and with spam.")
    parser.add_argument("--data", type=Path, help="the folder with youtube/ and sms/")
    parser.add_argument(
        "--only", nargs="+", choices=FILES, default=tuple(FILES), help="files beside the program to judge"
    )
    parser.add_argument("--videos", choices=("choosing", "confirming", "all", "none"), default="choosing")
    parser.add_argument("--messages", action="store_true", help="judge the SMS collection, too")
    parser.add_argument("--show", action="store_true", help="print the technical comments that weren't accepted")
    wanted = parser.parse_args()
    judge = Judge(standard())
    print(f"| comments | number | {' | '.join(ACTIONS.values())} | rules that found something in the others |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |", flush=True)
    for name in wanted.only:
        told = list(verdicts(judge, posted(name)))
        _print(FILES[name], told)
        if wanted.show:
            _show(told)
    if wanted.data is None:
        print(f"| YouTube comments, and messages | {NOT_MEASURED} | | | | | |")
        _print_cost(judge, wanted.only)
        return
    for name, submissions in _collections(wanted.data, wanted.videos, messages=wanted.messages):
        _print(name, list(verdicts(judge, submissions)))
    _print_cost(judge, wanted.only)


def _collections(data: Path, videos: str, *, messages: bool) -> Iterator[tuple[str, list[Submission]]]:
    names = {"all": tuple(VIDEOS), "choosing": CHOOSING, "none": ()}.get(
        videos, tuple(name for name in VIDEOS if name not in CHOOSING)
    )
    sets = [
        (f"YouTube ({', '.join(names)})", [one for video in read_videos(data, names).values() for one in video]),
        ("messages", read_messages(data) if messages else []),
    ]
    for name, comments in sets:
        for spam in (True, False):
            texts = dict.fromkeys(one.text for one in comments if one.spam is spam)
            if texts:
                yield (
                    f"{'spam' if spam else 'honest'}, {name}",
                    [Submission(scope="b", body=text) for text in texts],
                )


def _print(name: str, told: list[tuple[Submission, Verdict]]) -> None:
    times = Counter(verdict.action for _, verdict in told)
    slugs = Counter(slug for _, verdict in told if verdict.action > Action.ACCEPT for slug in verdict.reasons)
    cells = [f"{100 * times[action] / len(told):.1f} % ({times[action]:,})" for action in ACTIONS]
    found = ", ".join(f"{slug} {number}" for slug, number in slugs.most_common(9))
    print(f"| {name} | {len(told):,} | {' | '.join(cells)} | {found} |", flush=True)


def _print_cost(judge: Judge, files: Iterable[str]) -> None:
    """Print the processor time of judging each comment of these files, without its normalised text in a cache."""
    seconds = []
    for submission in (one for name in files for one in posted(name)):
        start = time.thread_time()
        judge.judge(submission)
        seconds.append(time.thread_time() - start)
    p50, p99 = (1000 * quantiles(seconds, n=100)[at] for at in (49, 98))
    print(f"\nJudging a comment of the files takes {p50:.2f} ms (p50) and {p99:.2f} ms (p99) of processor time.")


def _show(told: list[tuple[Submission, Verdict]]) -> None:
    for submission, verdict in told:
        if verdict.action > Action.ACCEPT:
            found = "; ".join(f"{one.reason} {one.score}: {one.sentence}" for one in verdict.findings)
            print(f"\n[{ACTIONS[verdict.action]}] {submission.author}: {submission.body[:200]!r}\n    {found}")


if __name__ == "__main__":
    main()
