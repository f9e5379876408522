"""Judges recorded POSTs again, under other settings: what would have happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from ..config import validators as checks
from ..counters.policy import Policy
from ..errors import ConfigError
from ..spam.assembly import refuse_unknown_slugs
from ..spam.code_demand import ANSWERED_BY_CODE, Step, next_step, settled
from ..spam.judge import NEW_SITE, Judge, weight_of
from ..spam.verdict import Action, Bands, Thresholds, total
from ..spam.weighing import action_of, weighted
from .limits import PastLimits
from .record import Found, Record

#: What would have happened to a POST that limits refused, so that it was never judged.
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Change:
    """A POST that would have been handled in another way.

    ``id`` is its verdict's id, "" if it was refused before it was judged. ``judged_at`` is in UTC. ``was`` and
    ``would`` are actions in lower case. ``would`` is ``"unknown"`` for a POST that limits have refused and that the
    other limits allow, because it was never judged.
    """

    id: str
    judged_at: datetime
    was: str
    would: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What other settings would have changed.

    ``submissions`` is the number of recorded POSTs. ``before`` and ``after`` are the numbers of them by action. Every
    action is there, and ``after`` may also have ``"unknown"``. ``changed`` are the POSTs with another action, the
    oldest first.
    """

    submissions: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    changed: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Settings:
    """The settings of a replay. ``defaults`` are the rules' own scores by slug."""

    thresholds: Thresholds
    bands: Bands
    weights: Mapping[str, int]
    defaults: Mapping[str, int]


class Replayer:
    """Judges recorded POSTs as the judge would under other settings.

    :param judge: the judge of the site, with its present settings.
    :param thresholds: replace the site's, all or some of them.
    :param weights: replace the site's for the slugs that they name.
    :param limits: the comment limits, ``None`` to keep what the limits did.
    :raises ConfigError: a value isn't allowed in a setting, either.
    """

    def __init__(
        self,
        judge: Judge,
        *,
        thresholds: Mapping[str, int] | None = None,
        weights: Mapping[str, int] | None = None,
        comment_limits: str | None = None,
    ) -> None:
        usual = {name: getattr(judge.thresholds, name) for name in ("challenge", "hold", "aside")}
        self._settings = _Settings(
            thresholds=Thresholds(**_checked_thresholds(usual, thresholds)),
            bands=judge.bands,
            weights={**judge.weights, **_checked_weights(judge, weights)},
            defaults={rule.slug: weight_of(rule) for rule in judge.rules},
        )
        self.limits = None if comment_limits is None else PastLimits(_checked_limits(comment_limits))
        self._weigh = lru_cache(maxsize=4096)(self._weigh_findings)  # spam comes in waves with the same findings

    def replay(self, records: Iterable[Record], since: float) -> Replay:
        """Return what would have changed. Records before ``since`` only count for the limits."""
        before, after = Counter[str](), Counter[str]()
        changed = []
        for record in records:
            would = self.outcome(record)
            if record.judged_at < since:
                continue
            was = record.action.name.lower()
            before[was] += 1
            after[would] += 1
            if was != would:
                changed.append(Change(record.id, datetime.fromtimestamp(record.judged_at, UTC), was, would))
        return Replay(before.total(), _by_action(before), _by_action(after), tuple(changed))

    def outcome(self, record: Record) -> str:
        """Return what would have happened to a POST: an action in lower case, or "unknown"."""
        would_be_limited = self.limits is not None and record.counted and not self.limits.allow(record)
        if record.shadow:
            return Action.ACCEPT.name.lower()
        if would_be_limited:
            return Action.REJECT.name.lower()
        if self.limits is not None and record.counted and record.limited:
            return UNKNOWN
        return self._action(record).name.lower()

    def _action(self, record: Record) -> Action:
        findings, action, score = self._weigh(record.findings, record.chance)
        code = record.code

        def code_helps() -> bool:
            if record.code_helps is not None and record.chance is not None:
                return record.code_helps
            return self._would_help(findings, record.chance)

        step = next_step(action, score, code, challenge_from=self._settings.thresholds.challenge, code_helps=code_helps)
        if step is Step.REFUSE:
            return action
        if step is Step.ASK and not code.holds:
            return Action.CHALLENGE
        if step is Step.ASK:
            action = max(action, Action.HOLD)
        return settled(action, moderated=code.moderated)

    def _weigh_findings(
        self, findings: tuple[Found, ...], chance: float | None
    ) -> tuple[tuple[Found, ...], Action, int]:
        """Return the findings under the weights, the judge's action, and the verdict's score."""
        kept = tuple(filter(None, map(self._reweighted, findings)))
        action = action_of(kept, chance, thresholds=self._settings.thresholds, bands=self._settings.bands)
        return kept, action, total(kept) if chance is None else round(100 * chance)

    def _reweighted(self, found: Found) -> Found | None:
        """Return the finding with its score under the weights. ``None`` if its rule would have been off."""
        weights, defaults = self._settings.weights, self._settings.defaults
        if found.slug not in defaults and found.slug != NEW_SITE:
            return found
        weight = weights.get(found.slug)
        if weight == 0:
            return None
        if found.slug == NEW_SITE:
            return found
        own = found.score if found.own_score is None else found.own_score
        return found._replace(score=weighted(own, weight, defaults[found.slug]))

    def _would_help(self, findings: Collection[Found], chance: float | None) -> bool:
        """Return whether a solved code would keep a comment from being set aside, as a POST's handler decides."""
        if ANSWERED_BY_CODE.isdisjoint(one.slug for one in findings):
            return False
        rest = [one for one in findings if one.slug not in ANSWERED_BY_CODE and not one.from_service]
        settings = self._settings
        return action_of(rest, chance, thresholds=settings.thresholds, bands=settings.bands) < Action.ASIDE


def span(since: datetime, until: datetime) -> tuple[float, float]:
    """Return both times in seconds since 1970.

    :raises ConfigError: one of them has no time zone, or ``until`` isn't later.
    """
    for name, time in (("since", since), ("until", until)):
        if not isinstance(time, datetime) or time.utcoffset() is None:
            raise ConfigError(f"{name} is {time!r}; a datetime with a time zone is needed, such as datetime.now(UTC)")
    begin, end = since.timestamp(), until.timestamp()
    if end <= begin:  # two times of one zone are compared without their offsets, which change twice a year
        raise ConfigError(f"until is {until.isoformat()}, which isn't later than since, {since.isoformat()}")
    return begin, end


def _by_action(counts: Counter[str]) -> Mapping[str, int]:
    names = [action.name.lower() for action in Action] + ([UNKNOWN] if counts[UNKNOWN] else [])
    return MappingProxyType({name: counts[name] for name in names})


def _checked_thresholds(usual: Mapping[str, int], given: Mapping[str, int] | None) -> dict[str, int]:
    merged = {**usual, **given} if isinstance(given, Mapping) else usual if given is None else given
    return dict(checks.thresholds("THRESHOLDS", merged))  # type: ignore[call-overload, no-any-return]


def _checked_weights(judge: Judge, given: Mapping[str, int] | None) -> dict[str, int]:
    weights: dict[str, int] = dict(checks.weights("WEIGHTS", {} if given is None else given))  # type: ignore[call-overload]
    refuse_unknown_slugs("WEIGHTS", weights, judge.rules)
    return weights


def _checked_limits(given: str) -> Policy:
    checks.limits("COMMENT_LIMITS", given)
    return Policy.parse("comments", given)
