"""The proofs of the spam benchmark: each takes videos and returns rows of one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import mean

from captcha_guard.statistics.interval import Share
from tests.benchmarks import spam_ours as ours
from tests.benchmarks import spam_peers as peers
from tests.benchmarks.spam_data import Comment, in_time, published_split, time_split
from tests.benchmarks.spam_metrics import Scored, area, blocked, caught, interval, matthews

Videos = Mapping[str, Sequence[Comment]]
Samples = Sequence[Sequence[Scored]]
Number = Callable[[Sequence[Scored]], float]
Learnt = Callable[[Sequence[Comment], Sequence[Comment]], list[Scored]]

OURS = "captcha_guard"


@dataclass(frozen=True)
class Line:
    """One number: what was measured, of what, the number, how sure it is, and what was aimed at."""

    proof: str
    of: str
    number: str
    sure: str = ""
    aim: str = ""


def published(videos: Videos) -> Iterator[Line]:
    """The collection's authors' split, each video on its own."""
    parted = {name: published_split(list(comments)) for name, comments in videos.items()}
    for name, learnt in _learners():
        samples = [learnt(*parts) for parts in parted.values()]
        yield _mean("1. authors' split, mean MCC", name, samples, matthews, "0.91" if name == OURS else "")
        every = _pooled(samples)
        aim = "2.5 %" if name == OURS else ""
        yield share_line("1. authors' split, blocked ham", name, blocked(every, spam=False), aim)
        yield share_line("1. authors' split, caught spam", name, blocked(every, spam=True))
        if name == OURS:
            for video, sample in zip(parted, samples, strict=True):
                yield Line("1. authors' split, MCC", f"{name}, {video}", f"{matthews(sample):.3f}")


def true_time(videos: Videos) -> Iterator[Line]:
    """The last 30 % of each video in time, without duplicates."""
    parted = [time_split(list(comments)) for comments in _in_time(videos).values()]
    for name, learnt in _learners():
        samples = [learnt(*parts) for parts in parted]
        yield _of_all("2. true time, pooled MCC", name, samples, matthews, "0.83" if name == OURS else "")
        yield share_line("2. true time, blocked ham", name, blocked(_pooled(samples), spam=False))
        yield share_line("2. true time, caught spam", name, blocked(_pooled(samples), spam=True))


def prequential(videos: Videos) -> Iterator[Line]:
    """Predict, then learn, through each video in time."""
    timed = _in_time(videos).values()
    runs: list[tuple[str, Callable[[Sequence[Comment]], list[Scored]]]] = [(OURS, ours.prequential)]
    runs += [(f"{OURS}, never looking back", _prequential_without_looking_back)]
    runs += [(name, partial(peers.prequential, name)) for name in peers.NAMES if "words" not in name]
    for name, run in runs:
        samples = [run(comments) for comments in timed]
        mine = name == OURS
        yield _mean("3. prequential, mean AUC", name, samples, area, "0.987" if mine else "")
        aim = "88 %" if mine else ""
        yield _mean("3. prequential, spam caught at 1 % blocked ham", name, samples, _caught, aim, percent=True)


def rules_alone(videos: Videos) -> Iterator[Line]:
    """Nothing taught."""
    sample = [one for comments in _in_time(videos).values() for one in ours.by_rules(comments)]
    ham = Share(sum(one.score >= 0.5 and not one.spam for one in sample), sum(not one.spam for one in sample))
    spam = Share(sum(one.score >= 0.5 and one.spam for one in sample), sum(one.spam for one in sample))
    yield share_line("4. rules alone, ham at 0.5 or above", OURS, ham, "0.5 %")
    yield share_line("4. rules alone, spam at 0.5 or above", OURS, spam)
    yield _of_all("4. rules alone, AUC", OURS, [sample], area, "0.91")


def bands(videos: Videos) -> Iterator[Line]:
    """From nothing, in time, LEARNING="strict": what is published, held and set aside; each video from nothing."""
    timed = _in_time(videos)
    apart = [(said, one) for comments in timed.values() for said, one in ours.score_then_learn(comments)]
    yield from _bands("5. bands, each video from nothing", apart)
    joined = ours.score_then_learn([one for comments in timed.values() for one in comments])
    yield from _bands("5. bands, one site with all videos", joined)


def leave_one_out(videos: Videos) -> Iterator[Line]:
    """Learn all videos but one, judge that one."""
    timed = _in_time(videos)
    if len(timed) < 2:
        return
    for name, learnt in _learners():
        samples = []
        for left_out, test in timed.items():
            learn = [one for video, comments in timed.items() if video != left_out for one in comments]
            samples.append(learnt(learn, test))
        yield _mean("6. leave one video out, mean MCC", name, samples, matthews, "0.85" if name == OURS else "")
        yield share_line("6. leave one video out, blocked ham", name, blocked(_pooled(samples), spam=False))


def queue(videos: Videos) -> Iterator[Line]:
    """After the first 70 % of a video the next video's spam is taught in one go; then the rest is judged."""
    timed = list(_in_time(videos).values())
    for name, looking in ((OURS, nullcontext), (f"{OURS}, never looking back", ours.never_looking_back)):
        every: list[Scored] = []
        for place, comments in enumerate(timed):
            learn, test = time_split(comments)
            spam = [one for one in timed[(place + 1) % len(timed)] if one.spam]
            with looking():
                every += ours.learn_then_score([*learn, *spam], test, retrain=False)
        yield share_line("8. a queue of spam in one go, blocked ham", name, blocked(every, spam=False))
        yield share_line("8. a queue of spam in one go, caught spam", name, blocked(every, spam=True))


def messages(comments: Sequence[Comment]) -> Iterator[Line]:
    """Another genre: text messages, predict, then learn."""
    sample = ours.prequential(comments)
    yield _of_all("SMS, prequential, AUC", OURS, [sample], area)
    yield share_line("SMS, prequential, spam caught at 1 % blocked ham", OURS, caught(sample))
    yield _of_all("SMS, prequential, MCC", OURS, [sample], matthews)
    yield share_line("SMS, prequential, blocked ham", OURS, blocked(sample, spam=False))
    yield from _bands("SMS, bands", ours.score_then_learn(comments))


def _prequential_without_looking_back(comments: Sequence[Comment]) -> list[Scored]:
    with ours.never_looking_back():
        return ours.prequential(comments)


def _learners() -> Iterator[tuple[str, Learnt]]:
    yield OURS, partial(ours.learn_then_score, retrain=True)
    yield f"{OURS}, as taught, one by one", partial(ours.learn_then_score, retrain=False)
    for name in peers.NAMES:
        yield name, partial(peers.learn_then_score, name)


def _bands(proof: str, told: Sequence[tuple[float | None, Comment]]) -> Iterator[Line]:
    ham = [said for said, one in told if not one.spam]
    spam = [said for said, one in told if one.spam]
    yield share_line(f"{proof}: ham aside", OURS, _in_band(ham, ours.ASIDE, 2), "0")
    yield share_line(f"{proof}: spam aside", OURS, _in_band(spam, ours.ASIDE, 2), "60 %")
    yield share_line(f"{proof}: spam published", OURS, _in_band(spam, -1, ours.ACCEPT), "1.5 %")
    yield share_line(f"{proof}: held", OURS, Share(sum(_is_held(said) for said, _ in told), len(told)), "30 %")
    yield share_line(f"{proof}: ham held", OURS, Share(sum(map(_is_held, ham)), len(ham)))


def _is_held(said: float | None) -> bool:
    return said is None or ours.ACCEPT < said < ours.ASIDE


def _in_band(said: Sequence[float | None], low: float, high: float) -> Share:
    return Share(sum(one is not None and low <= one <= high for one in said), len(said))


def _in_time(videos: Videos) -> dict[str, list[Comment]]:
    return in_time({name: list(comments) for name, comments in videos.items()})


def _pooled(samples: Samples) -> list[Scored]:
    return [one for sample in samples for one in sample]


def _caught(sample: Sequence[Scored]) -> float:
    return caught(sample).rate


def _mean(
    proof: str,
    of: str,
    samples: Samples,
    number: Number,
    aim: str = "",
    *,
    percent: bool = False,
) -> Line:
    low, high = interval(samples, lambda drawn: mean(map(number, drawn)))
    return _line(proof, of, mean(map(number, samples)), (low, high), aim, percent=percent)


def _of_all(proof: str, of: str, samples: Samples, number: Number, aim: str = "") -> Line:
    return _line(proof, of, number(_pooled(samples)), interval(samples, lambda drawn: number(_pooled(drawn))), aim)


def share_line(proof: str, of: str, share: Share, aim: str = "") -> Line:
    """Return a share with its interval."""
    low, high = share.wilson()
    return Line(proof, of, share_text(share), _between(low, high), aim)


def share_text(share: Share) -> str:
    """Return a share in percent, with its counts."""
    return f"{_percent(share.rate)} ({share.hits:,} of {share.trials:,})"


def _line(proof: str, of: str, number: float, sure: tuple[float, float], aim: str, *, percent: bool = False) -> Line:
    low, high = sure
    if percent:
        return Line(proof, of, _percent(number), _between(low, high), aim)
    return Line(proof, of, f"{number:.3f}", f"{low:.3f} to {high:.3f}", aim)


def _between(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
