"""How well the judge tells spam from comments, and what it costs: ``python -m tests.benchmarks.spam --data FOLDER``.

The data (see spam_data.py) is not part of the repository; FOLDER holds ``youtube`` and ``sms``. Without
``--videos all`` only the two videos on which every setting was chosen are read. If scikit-learn is installed, its
models are measured, too. ``owners`` and ``poisoning`` have tables of their own.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tests.benchmarks import spam_cost, spam_owners, spam_peers, spam_poison, spam_proofs
from tests.benchmarks.spam_data import CHOOSING, VIDEOS, Comment, read_messages, read_videos
from tests.benchmarks.spam_proofs import Line, Videos

PUBLISHED = """\
The collection's authors' own figures on their split (mean MCC over the five videos, their rerun of 2017): SVM with RBF
kernel 0.904, linear SVM 0.901, logistic regression 0.901 (92.4 % of spam caught, 2.1 % of ham blocked), Bernoulli naive
Bayes 0.896, random forest 0.878, decision tree 0.877, multinomial naive Bayes 0.847, Gaussian naive Bayes 0.819."""


def main() -> None:
    """Measure the chosen proofs, and print their tables."""
    wanted = _arguments()
    logging.getLogger("captcha_guard").setLevel(logging.ERROR)
    names = tuple(VIDEOS) if wanted.videos == "all" else CHOOSING
    videos = read_videos(wanted.data, names)
    print(f"Videos: {', '.join(names)}.\n")
    chosen = wanted.only or [*_proofs({}, wanted.data), *_TABLES]
    if any(proof not in _TABLES for proof in chosen):
        print("| measured | of | number | 95 % interval | aimed at |\n| --- | --- | ---: | ---: | ---: |")
        for proof, lines in _proofs(videos, wanted.data).items():
            if proof in chosen:
                _print(lines())
        if not spam_peers.NAMES:
            print("| 1, 2, 3 and 6 | models of scikit-learn | not measured: scikit-learn isn't installed | | |")
        print(f"\n{PUBLISHED}\n")
    for proof, table in _TABLES.items():
        if proof in chosen:
            print("\n".join(table(videos)), end="\n\n", flush=True)


_TABLES: Mapping[str, Callable[[Videos], Iterable[str]]] = {
    "owners": spam_owners.owners,
    "poisoning": spam_poison.poisoning,
}


def _proofs(videos: dict[str, list[Comment]], data: Path) -> dict[str, Callable[[], Iterable[Line]]]:
    return {
        "published": lambda: spam_proofs.published(videos),
        "time": lambda: spam_proofs.true_time(videos),
        "prequential": lambda: spam_proofs.prequential(videos),
        "rules": lambda: spam_proofs.rules_alone(videos),
        "bands": lambda: spam_proofs.bands(videos),
        "leave-one-out": lambda: spam_proofs.leave_one_out(videos),
        "queue": lambda: spam_proofs.queue(videos),
        "cost": lambda: spam_cost.cost(videos, read_messages(data)),
        "sms": lambda: spam_proofs.messages(read_messages(data)),
    }


def _print(lines: Iterable[Line]) -> None:
    for line in lines:
        print(f"| {line.proof} | {line.of} | {line.number} | {line.sure} | {line.aim} |", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How well the judge tells spam from comments, and what it costs.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with youtube/ and sms/")
    parser.add_argument("--videos", choices=("choosing", "all"), default="choosing")
    parser.add_argument("--only", nargs="+", choices=[*_proofs({}, Path()), *_TABLES], default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
