"""How much spam the families of phrases catch, and how many honest texts: ``python -m tests.benchmarks.families``.

The made-up texts are in tests/data/families. The real comments and messages (see spam_data.py) aren't part of the
repository; ``--data FOLDER`` names their folder.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from statistics import quantiles
from typing import Final

from captcha_guard.spam.lists.families import FAMILIES, LANGUAGES
from captcha_guard.spam.rules.flattery import Flattery
from captcha_guard.spam.rules.phrases import Phrases, families_in
from captcha_guard.spam.verdict import Thresholds
from tests.benchmarks.families_data import FILES, PRAISE, Sample, read_samples
from tests.benchmarks.spam_data import CHOOSING, NOT_MEASURED, VIDEOS, Comment, in_time, read_messages, read_videos
from tests.benchmarks.spam_ours import rules_score, submission

NAMES: Final = (*(family.name for family in FAMILIES), PRAISE)
LIMITS: Final = Thresholds()


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description="How much spam the families of phrases catch.")
    parser.add_argument("--data", type=Path, help="the folder with youtube/ and sms/")
    data: Path | None = parser.parse_args().data
    samples = {name: read_samples(name) for name in FILES}
    _print("Made-up texts", totals(samples))
    for name, texts in samples.items():
        _print(f"Spam caught by its own family, {name}.txt", by_language(texts))
    _print("Honest texts", honest(samples))
    _print("Searching for families", cost(samples))
    _print("Real comments and messages", real(_sources(data)) if data else [f"{NOT_MEASURED.capitalize()}."])


def cost(samples: Mapping[str, list[Sample]]) -> Iterator[str]:
    """Yield a line with the processor time of searching each text for families."""
    seconds = []
    for one in (one for texts in samples.values() for one in texts):
        passages = submission(one.text).text.passages
        families_in(passages)  # compiles the expressions of its phrases
        start = time.thread_time()
        families_in(passages)
        seconds.append(time.thread_time() - start)
    p50, p99 = (1000 * quantiles(seconds, n=100)[at] for at in (49, 98))
    yield f"{p50:.3f} ms (p50) and {p99:.3f} ms (p99) of processor time for a made-up text with compiled phrases."


@lru_cache(maxsize=20_000)
def found_in(text: str) -> frozenset[str]:
    """Return the families found in a text, and ``praise`` if the rule ``flattery`` found some."""
    found = set(families_in(submission(text).text.passages))
    if Flattery().check(submission(text)):
        found.add(PRAISE)
    return frozenset(found)


def phrases_score(text: str) -> int:
    """Return the score of the rule ``phrases``."""
    finding = Phrases().check(submission(text))
    return finding.score if finding else 0


def totals(samples: Mapping[str, list[Sample]]) -> Iterator[str]:
    """Yield a row for each file and kind of text."""
    yield "| file | texts | family found | `phrases` asks for a code | all rules hold | all rules set aside |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, texts in samples.items():
        for spam in (True, False):
            own = [one for one in texts if one.spam is spam]
            cells = [
                _share(own, lambda one: one.about in found_in(one.text) if one.spam else _family_in(one.text)),
                _share(own, lambda one: phrases_score(one.text) >= LIMITS.challenge),
                _share(own, lambda one: LIMITS.hold <= rules_score(one.text) < LIMITS.aside),
                _share(own, lambda one: rules_score(one.text) >= LIMITS.aside),
            ]
            yield f"| {name}.txt, {'spam' if spam else 'honest'} | {len(own)} | {' | '.join(cells)} |"


def by_language(texts: list[Sample]) -> Iterator[str]:
    """Yield a row for each family, with its catch in each language."""
    yield _head("family")
    spam = [one for one in texts if one.spam]
    for name in (*NAMES, "all"):
        own = [one for one in spam if name in (one.about, "all")]
        if own:
            yield f"| {name} | {' | '.join(map(_catch, _parted(own)))} |"


def honest(samples: Mapping[str, list[Sample]]) -> Iterator[str]:
    """Yield a row for each file, with the honest texts in which a family was found, for each language."""
    yield _head("file")
    for name, texts in samples.items():
        parts = _parted([one for one in texts if not one.spam])
        cells = [f"{sum(_family_in(one.text) for one in part)} of {len(part)}" for part in parts]
        yield f"| {name}.txt | {' | '.join(cells)} |"


def real(sources: Mapping[str, list[Comment]]) -> Iterator[str]:
    """Yield a row for each family, with how often it is found in spam and in ham of each source."""
    yield f"| found | {' | '.join(f'{name}: spam | ham' for name in sources)} |"
    yield f"| --- |{' ---: | ---: |' * len(sources)}"
    counts = {name: _counts(comments) for name, comments in sources.items()}
    for row in (*NAMES, "any family", "`phrases` asks", "all rules ask", "all rules hold", "texts"):
        cells = [f"{counts[name][row, True]} | {counts[name][row, False]}" for name in sources]
        yield f"| {row} | {' | '.join(cells)} |"


def _head(first: str) -> str:
    names = [name.capitalize() for name in LANGUAGES]
    return f"| {first} | {' | '.join(names)} | all |\n| --- |{' ---: |' * (len(names) + 1)}"


def _parted(texts: list[Sample]) -> list[list[Sample]]:
    """Return the texts of each language, then all of them."""
    return [*([one for one in texts if one.language == name] for name in LANGUAGES), texts]


def _sources(data: Path) -> dict[str, list[Comment]]:
    videos = in_time(read_videos(data, tuple(VIDEOS)))
    return {
        "Psy, LMFAO": [one for name in CHOOSING for one in videos[name]],
        "other videos": [one for name in videos if name not in CHOOSING for one in videos[name]],
        "messages": read_messages(data),
    }


def _counts(comments: Iterable[Comment]) -> Counter[tuple[str, bool]]:
    counts: Counter[tuple[str, bool]] = Counter()
    for one in comments:
        score = rules_score(one.text)
        rows = {
            "texts": True,
            "any family": _family_in(one.text),
            "`phrases` asks": phrases_score(one.text) >= LIMITS.challenge,
            "all rules ask": score >= LIMITS.challenge,
            "all rules hold": score >= LIMITS.hold,
        }
        counts.update((row, one.spam) for row, counted in rows.items() if counted)
        counts.update((name, one.spam) for name in found_in(one.text))
    return counts


def _family_in(text: str) -> bool:
    return bool(found_in(text) - {PRAISE})


def _catch(texts: list[Sample]) -> str:
    return f"{sum(one.about in found_in(one.text) for one in texts)} of {len(texts)}" if texts else ""


def _share(texts: list[Sample], counts: Callable[[Sample], bool]) -> str:
    number = sum(map(counts, texts))
    return f"{number} ({100 * number / len(texts):.0f} %)"


def _print(title: str, lines: Iterable[str]) -> None:
    print(f"**{title}**\n")
    print("\n".join(lines), end="\n\n")


if __name__ == "__main__":
    main()
