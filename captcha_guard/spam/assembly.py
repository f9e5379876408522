"""Builds the judge of a site from its settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

from ..config.settings import Settings
from ..config.suggestion import suggest
from ..config.validators import PREFIX, naming
from ..errors import ConfigError
from .history import Ban, Memory
from .judge import NEW_SITE, Judge, NewSiteCheck, Rule, Scorer, StandardRule
from .lists.stored_words import StoredWords
from .lists.word_list import WordList, Words, read_words
from .rules import RULES, standard
from .submission import Submission
from .verdict import Bands, Thresholds

#: Means every rule in ``CAPTCHA_GUARD_SHADOW``.
ALL: Final = "*"


def assemble(
    settings: Settings,
    *,
    root: Path,
    known: Callable[[Submission], bool],
    memory: Memory | None,
    words: StoredWords,
    ban_of: Callable[[str], Ban | None],
    learner: Scorer | None = None,
    new_site: NewSiteCheck | None = None,
    rules: Iterable[Rule] | None = None,
    extra_rules: Iterable[Rule] = (),
    prefetching: Callable[[Submission], AbstractContextManager[object]] = nullcontext,
) -> Judge:
    """Return the judge for these settings.

    :param root: the folder that relative paths are below.
    :param known: returns whether this submission is stored already.
    :param words: the lists of words that moderators edit.
    :param ban_of: returns the ban of a client's key.
    :param rules: replace the standard rules.
    :param extra_rules: run after the others.
    :param prefetching: the context in which one submission is judged.
    :raises ConfigError: a list can't be read, a slug names no rule, or two rules have the same slug.
    """
    chosen: Iterable[Rule | StandardRule] | None = rules
    if chosen is None:
        chosen = _standard(settings, root=root, known=known, memory=memory, words=words, ban_of=ban_of)
    all_rules = (*chosen, *extra_rules)
    _refuse_clash(all_rules)
    refuse_unknown_slugs("WEIGHTS", settings.weights, all_rules)
    everything = ALL in settings.shadow
    refuse_unknown_slugs("SHADOW", set(settings.shadow) - {ALL}, all_rules)
    return Judge(
        all_rules,
        Thresholds(**settings.thresholds),
        weights=settings.weights,
        shadow=everything or settings.shadow,
        learner=learner,
        bands=Bands(*settings.learning_bands),
        strict=settings.learning == "strict",
        new_site=new_site,
        prefetching=prefetching,
    )


def listed(name: str, rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return a host's rules, which were passed as the argument ``name``.

    :raises ConfigError: they aren't a list of rules.
    """
    if isinstance(rules, (type, Rule)) or not isinstance(rules, Iterable):
        raise ConfigError(f"{name} is {rules!r}; a list of rules is needed: {name}=[{_written(rules)}]")
    found = tuple(rules)
    for rule in found:
        if isinstance(rule, type):
            raise ConfigError(f"{name} has the class {rule.__name__} in it; write {_written(rule)}, which makes a rule")
        if not isinstance(rule, Rule) or not callable(rule.check) or not isinstance(rule.slug, str) or not rule.slug:
            raise ConfigError(f"{name} has {rule!r} in it; a rule has a slug, which is a text, and check(submission)")
    return found


def _written(rule: object) -> str:
    return f"{rule.__name__ if isinstance(rule, type) else type(rule).__name__}()"


def _standard(
    settings: Settings,
    *,
    root: Path,
    known: Callable[[Submission], bool],
    memory: Memory | None,
    words: StoredWords,
    ban_of: Callable[[str], Ban | None],
) -> tuple[StandardRule, ...]:
    def both(name: str) -> Words:
        return words.beside(name, WordList(_entries(settings, f"{name}_words", root), settings.word_fields))

    return standard(
        min_seconds=settings.min_seconds,
        max_links=settings.max_links,
        known=known,
        memory=memory,
        ban_of=ban_of,
        disallowed=both("disallowed"),
        disallowed_message=settings.disallowed_message,
        moderated=both("moderated"),
        disposable=_entries(settings, "disposable_domains", root),
        scripts=settings.scripts,
        hold_first=settings.first_comment == "hold",
        trust_after=settings.trust_after,
        old_post=settings.old_post,
    )


def _entries(settings: Settings, name: str, root: Path) -> tuple[str, ...]:
    source: tuple[Path | str, ...] = getattr(settings, name)
    with naming(name):
        read = [_read(one, root) if isinstance(one, Path) else (one,) for one in source]
    return tuple(entry for entries in read for entry in entries)


def _read(file: Path, root: Path) -> tuple[str, ...]:
    try:
        return read_words(root / file)
    except ConfigError as error:
        if file.suffix or len(file.parts) > 1:
            raise
        raise ConfigError(f"{error}. If {str(file)!r} is an entry, write a list: {[str(file)]!r}") from None


def refuse_unknown_slugs(name: str, named: Iterable[str], rules: Iterable[Rule | StandardRule]) -> None:
    """Raise ``ConfigError`` if the setting ``name`` has a slug that none of the rules and of the standard rules has."""
    slugs = {rule.slug for rule in (*rules, *RULES)} | {NEW_SITE}
    for slug in sorted(set(named) - slugs):
        raise ConfigError(
            f"{PREFIX}{name} names the rule {slug!r}, which doesn't exist; {suggest(slug, sorted(slugs))}"
        )


def _refuse_clash(rules: Iterable[Rule | StandardRule]) -> None:
    for slug, times in Counter(rule.slug for rule in rules).items():
        if times > 1:
            names = " and ".join(type(rule).__name__ for rule in rules if rule.slug == slug)
            raise ConfigError(f"{names} have the same slug, {slug!r}; give the host's rule another slug, or remove one")
