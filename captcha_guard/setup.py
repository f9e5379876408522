"""Builds the parts of one application's guard from its configuration, and connects them. Opens no file yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import Flask

from .catalogues import Localize, Translator
from .challenge.difficulty import Difficulty
from .challenge.drawing.fonts import FontFace, bundled_folder, font_pool
from .challenge.image import Appearance, ImageKind
from .challenge.issuer import Issuer
from .challenge.kind import ChallengeKind
from .challenge.sound import SoundKind
from .config.secret_key import read_secrets
from .config.settings import Settings, read
from .config.validators import BUNDLED, naming
from .counters.limits import Limits, Policy
from .counters.spent import Spent
from .counters.store import health_of
from .counters.surge import Surge
from .counters.without_code import FOR_SITE, PER_CLIENT
from .database.background_writer import BackgroundWriter
from .database.database import Database, Query
from .database.opening import open_database
from .database.sqlite import SQLiteDatabase
from .replay.record import TABLE as RECORDS
from .replay.records import ADD as ADD_RECORD
from .replay.records import Records
from .signals import service_answered, store_available, store_unavailable
from .spam.assembly import assemble
from .spam.filter.learner import Learner
from .spam.history import Ban
from .spam.judge import Rule
from .spam.lists.stored_words import StoredWords
from .spam.memory.bans import Bans
from .spam.memory.judged_comments import JudgedComments
from .spam.memory.reputation import Reputation
from .spam.moderation import Moderation
from .spam.new_site import NewSite
from .spam.services import Context, LateAnswer, services_of
from .spam.submission import Submission
from .spam.upgrade import delete_old_tables, move_into
from .statistics.recorder import Recorder
from .statistics.tables import ADD as ADD_COUNTS
from .web.identity import older_keys
from .web.limiter import storage_for, strategy_of
from .web.post.duplicates import known
from .web.state import State
from .web.timetable import Timetable

if TYPE_CHECKING:
    from flask_limiter import Limiter
    from limits.storage import Storage

    from .health import Health

#: Seconds in a day.
DAY = 86_400

#: The file in the instance folder for all data that has no configured place.
FILE = "captcha_guard.sqlite3"


@dataclass(frozen=True, slots=True)
class _HostArguments:
    """The arguments that the host passed to ``CaptchaGuard``, except its limiter."""

    rules: Sequence[Rule] | None
    extra_rules: Sequence[Rule]
    describe: Callable[[Submission], Context] | None
    exempt_when: Callable[[], object] | None
    localize: Localize | None


def wire(
    app: Flask,
    *,
    limiter: Limiter | None,
    rules: Sequence[Rule] | None,
    extra_rules: Sequence[Rule],
    describe: Callable[[Submission], Context] | None,
    exempt_when: Callable[[], object] | None,
    localize: Localize | None,
) -> State:
    """Return the guard of ``app``. Raises ``ConfigError`` for an invalid configuration."""
    settings = read(app.config)
    uri = settings.storage_uri or f"sqlite:///{app.instance_path}/{FILE}"
    with naming("storage_uri") if settings.storage_uri else nullcontext():
        storage = storage_for(uri, limiter)
    return _connect(app, _HostArguments(rules, extra_rules, describe, exempt_when, localize), settings, uri, storage)


def _connect(app: Flask, host: _HostArguments, settings: Settings, uri: str, storage: Storage) -> State:
    """Return a guard of ``app`` with these settings. It counts in ``storage``, which is at ``uri``."""
    secrets = read_secrets(app.config)
    fonts = _fonts(settings, app.root_path)
    path = _file(uri, app.instance_path)
    database = _database(settings, path)
    learner = Learner(database) if settings.learning != "off" else None
    health = health_of(storage, told=lambda error: _signal_health(app, error))
    spent = Spent(storage, health)
    memory = Reputation(database, secret=secrets[0])
    bans = Bans(database)
    writer = BackgroundWriter(database)
    words = StoredWords(database, fields=settings.word_fields)
    judged_comments = JudgedComments(database)
    translator = Translator(host.localize)
    in_site_language = partial(translator.translate, tag=settings.locale)
    judge = assemble(
        settings,
        root=Path(app.root_path),
        known=lambda submission: known(submission, spent, secrets[0]),
        memory=memory,
        words=words,
        ban_of=partial(_ban_of, bans),
        learner=learner,
        new_site=NewSite(learner, judged_comments, memory).check if learner is not None else None,
        rules=host.rules,
        extra_rules=host.extra_rules,
        prefetching=partial(memory.prefetching, also=partial(_queries, bans, words, learner)),
    )
    services = services_of(
        settings,
        secret=secrets[0],
        database=database,
        describe=host.describe,
        on_late_answer=lambda late: _signal_late_answer(app, judged_comments, late, in_site_language),
    )
    appearance = _appearance(settings, fonts)
    with naming("difficulty"):
        difficulty = Difficulty.of(cast("str | Difficulty", settings.difficulty))
    return State(
        settings=settings,
        difficulty=difficulty,
        issuer=Issuer(
            secrets,
            application=app.name,
            kinds=kinds_of(appearance, settings.sound_length),
            ttl=settings.ttl,
            style_rotation=appearance.rotation,
        ),
        appearance=appearance,
        storage=storage,
        health=health,
        limits=_limits(settings, storage, health),
        spent=spent,
        surge=Surge(settings.surge),
        judge=judge,
        services=services,
        moderation=Moderation(
            database=database,
            judge=judge,
            memory=memory,
            judged_comments=judged_comments,
            learner=learner,
            services=services,
            learn_unmarked=settings.learn_unmarked,
        ),
        writer=writer,
        records=Records(database, writer, secret=secrets[0]),
        bans=bans,
        words=words,
        timetable=Timetable(time.monotonic(), clock=time.time),
        secret=secrets[0],
        secrets=tuple(secrets),
        database=database,
        recorder=Recorder(database, writer),
        clock=time.time,
        exempt_when=host.exempt_when,
        translator=translator,
        reconnect=partial(_connect, app, host),
    )


def _ban_of(bans: Bans, client: str) -> Ban | None:
    """Return the ban of a client, also one from before the secret was replaced."""
    return bans.find(client) or next(filter(None, map(bans.find, older_keys(client))), None)


def _queries(bans: Bans, words: StoredWords, learner: Learner | None, submission: Submission) -> list[Query]:
    """Return what the judge reads about a submission, besides what the memory reads."""
    learned = [] if learner is None else learner.queries(submission)
    return [*bans.queries(submission), *words.queries(), *learned]


def _fonts(settings: Settings, root_path: str) -> tuple[FontFace, ...] | None:
    """Return the site's own fonts, checked. Returns ``None``, and reads no file, if the site uses the bundled fonts."""
    if not settings.fonts:
        return None
    folders = [bundled_folder() if entry == BUNDLED else Path(root_path, entry) for entry in settings.fonts]
    with naming("fonts"):
        return font_pool(tuple(folders), settings.alphabet)


def _appearance(settings: Settings, fonts: tuple[FontFace, ...] | None) -> Appearance:
    rotation = settings.style_rotation * DAY
    return Appearance(
        settings.size, settings.alphabet, settings.length, settings.style_seed, rotation, fonts, settings.colours
    )


def kinds_of(appearance: Appearance, sound_length: int) -> list[ChallengeKind]:
    """Return the ways in which a site presents each challenge. Spoken codes have ``sound_length`` digits."""
    return [ImageKind(appearance), SoundKind(sound_length)]


def policies_of(settings: Settings) -> dict[str, Policy]:
    """Return the policies that a site has configured, by name."""
    given = {
        "comments": "comment_limits",
        "challenges": "challenge_limits",
        "pictures": "picture_limits",
        "wrong": "wrong_limits",
    }
    policies = {}
    for name, setting in given.items():
        with naming(setting):
            policies[name] = Policy.parse(name, getattr(settings, setting))
    fixed = {policy.name: policy for policy in (PER_CLIENT, FOR_SITE)}
    return policies | fixed | {"wrong": policies["wrong"].with_waits(*settings.wrong_waits)}


def _limits(settings: Settings, storage: Storage, health: Health) -> Limits:
    return Limits(
        storage,
        strategy=strategy_of(storage),
        policies=policies_of(settings),
        health=health,
        workers=settings.workers,
        refusing=settings.faults["limits"] == "refuse",
    )


def _file(storage_uri: str, instance_path: str) -> Path:
    """Return the file for the judge's data. It's the counters' file if they are kept in a SQLite file."""
    scheme, _, path = storage_uri.partition(":///")
    return Path(path) if scheme == "sqlite" else Path(instance_path, FILE)


def _database(settings: Settings, path: Path) -> Database:
    """Return the judge's database. A database that the settings name first takes over the data in the file ``path``."""
    with naming("database_uri") if settings.database_uri else nullcontext():
        database = open_database(settings.database_uri or f"sqlite:///{path}")
    delete_old_tables(database)
    if not isinstance(database, SQLiteDatabase) or database.path.absolute() != path.absolute():
        database.run_before_use(lambda: move_into(database, path, more={**ADD_COUNTS, RECORDS: ADD_RECORD}))
    return database


def _signal_late_answer(
    app: Flask, judged_comments: JudgedComments, late: LateAnswer, in_site_language: Callable[[str], str]
) -> None:
    judged, finding = judged_comments.find_latest(late.comment_key), late.finding
    if judged is not None:
        finding = replace(finding, sentence=in_site_language(finding.sentence)) if finding is not None else None
        service_answered.send(app, id=judged.id, service=late.service, finding=finding)


def _signal_health(app: Flask, error: Exception | None) -> None:
    if error is None:
        store_available.send(app)
    else:
        store_unavailable.send(app, error=f"{type(error).__name__}: {error}")
