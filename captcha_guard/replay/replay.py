"""Judges recorded POSTs again, under other settings: what would have happened."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
from .record import COUNTED, TABLE, Circumstances, Found, Recorded, circumstances_of, findings_of, id_of

logger = logging.getLogger("captcha_guard")

#: What would have happened to a POST that limits refused, so that it was never judged.
UNKNOWN: Final = "unknown"

#: The names of the actions.
_NAMES: Final = {int(action): action.name.lower() for action in Action}


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
        self._known: dict[tuple[str, int, Action | None, int], str] = {}

    def replay(self, recorded: Iterable[Recorded], since: float) -> Replay:
        """Return what would have changed. POSTs before ``since`` only count for the limits.

        Damaged rows are left out, and the log has their number.
        """
        before, after = Counter[str](), Counter[str]()
        changed, damaged = [], 0
        for row in recorded:
            try:
                was, would = self._was_and_would(row)
            except (LookupError, TypeError, ValueError):  # another version may write other values
                damaged += 1
                continue
            judged_at, name, *_ = row
            if judged_at < since:
                continue
            before[was] += 1
            after[would] += 1
            if would != was:
                changed.append(Change(id_of(name), datetime.fromtimestamp(judged_at, UTC), was, would))
        if damaged:
            logger.warning(
                "captcha_guard: %d damaged rows of the table %s were left out of a replay", damaged, TABLE.name
            )
        return Replay(before.total(), _by_action(before), _by_action(after), tuple(changed))

    def _was_and_would(self, row: Recorded) -> tuple[str, str]:
        judged_at, _, client, networks, action, chance, findings, flags = row
        was, would = _NAMES[action], self._outcome(findings, flags, chance)
        if self.limits is not None and flags & COUNTED:
            would = self._limited(would, flags, is_allowed=self.limits.allow(client, networks, judged_at))
        return was, would

    def _limited(self, would: str, flags: int, *, is_allowed: bool) -> str:
        """Return what would have happened under the other limits to a POST that counts for them."""
        circumstances = circumstances_of(flags)
        if circumstances.shadow:
            return would
        if not is_allowed:
            return _NAMES[Action.REJECT]
        return UNKNOWN if circumstances.limited else would

    def _outcome(self, findings: str, flags: int, chance: float | None) -> str:
        """Return what would have happened to a POST. Equal cases are judged once."""
        by_chance = None if chance is None else self._settings.bands.action(chance)
        case = findings, flags, by_chance, _percent(chance)
        found = self._known.get(case)
        if found is None:
            found = self._known[case] = _NAMES[self._action(findings_of(findings), circumstances_of(flags), chance)]
        return found

    def _action(self, recorded: tuple[Found, ...], circumstances: Circumstances, chance: float | None) -> Action:
        if circumstances.shadow:
            return Action.ACCEPT
        thresholds, bands = self._settings.thresholds, self._settings.bands
        findings, code = tuple(filter(None, map(self._reweighted, recorded))), circumstances.code
        action = action_of(findings, chance, thresholds=thresholds, bands=bands)
        score = total(findings) if chance is None else _percent(chance)

        def code_helps() -> bool:
            if circumstances.code_helps is not None and chance is not None:
                return circumstances.code_helps
            return self._would_help(findings, chance)

        step = next_step(action, score, code, challenge_from=thresholds.challenge, code_helps=code_helps)
        if step is Step.REFUSE:
            return action
        if step is Step.ASK and not code.holds:
            return Action.CHALLENGE
        if step is Step.ASK:
            action = max(action, Action.HOLD)
        return settled(action, moderated=code.moderated)

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
        score = weighted(own, weight, defaults[found.slug])
        return found if score == found.score else found._replace(score=score)

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


def _percent(chance: float | None) -> int:
    """Return a verdict's score by the filter's chance of spam. 0 if the filter abstained."""
    return 0 if chance is None else round(100 * chance)


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
