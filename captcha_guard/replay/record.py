"""The record of one POST: what the judge found, and what was known about its code. It has no text and no address."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final, NamedTuple

from ..database.table import Kind, Row, Table
from ..spam.code_demand import CodeState
from ..spam.verdict import Action

TABLE: Final = Table(
    "judge_records",
    {
        "judged_at": Kind.REAL,
        "id": Kind.KEY,
        "client": Kind.HASH,
        "networks": Kind.HASH,
        "scope": Kind.HASH,
        "mark": Kind.HASH,
        "action": Kind.WHOLE,
        "chance": Kind.REAL,
        "findings": Kind.TEXT,
        "code": Kind.KEY,
        "flags": Kind.WHOLE,
    },
    key=("judged_at", "id"),
    optional=("mark", "chance"),
    indexes={"judge_records_by_mark": ("mark",)},
)

#: The columns that a replay reads.
COLUMNS: Final = ("judged_at", "id", "client", "networks", "action", "chance", "findings", "flags")
#: What a replay reads of one POST, in the order of these columns. ``networks`` has 16 bytes for each network.
Recorded = tuple[float, str, bytes, bytes, int, float | None, str, int]

#: The begin of the identifier in the database for a POST without an id. No id begins like this.
NAMELESS: Final = "~"

_MODES: Final = ("off", "suspicious", "always")

#: The bits of ``flags``, from the lowest. Two bits with the mode's number come before them.
_FLAGS: Final = ("moderated", "solved", "owed", "unproven", "holds", "shadow", "counted", "limited", "known", "helps")
_BIT: Final = {name: 1 << (2 + number) for number, name in enumerate(_FLAGS)}

#: The flag of a POST that counts for the site's comment limits.
COUNTED: Final = _BIT["counted"]

#: The bits of a finding.
_FINAL: Final = 1
_FROM_SERVICE: Final = 2


class Found(NamedTuple):
    """A finding as it is recorded. ``own_score`` is the rule's own score, which the site's weight may have changed."""

    slug: str
    score: int
    action: Action = Action.ACCEPT
    final: bool = False
    from_service: bool = False
    own_score: int | None = None


class Record(NamedTuple):
    """The record of one POST.

    ``judged_at`` is in seconds since 1970. ``id`` is its verdict's, "" if it was refused before it was judged.
    ``client`` is the client's key, and ``networks`` are the keys of its networks, the smallest first: as in
    :class:`~captcha_guard.counters.client.Client`. ``scope`` is a keyed hash. ``mark`` is the comment key, "" for a
    POST that wasn't judged. ``action`` and ``chance`` are the verdict's. ``reason`` says what was wrong with the
    code, "" if it was solved. ``shadow`` means that shadow mode let everything pass. ``counted`` means that the
    POST counts for the site's comment limits, and ``limited`` that they refused it. ``code_helps`` is whether a solved
    code would have kept the comment from being set aside, ``None`` if that made no difference.
    """

    judged_at: float
    id: str
    client: str
    networks: tuple[str, ...]
    scope: bytes
    mark: str
    action: Action
    chance: float | None
    findings: tuple[Found, ...]
    reason: str
    code: CodeState
    shadow: bool = False
    counted: bool = False
    limited: bool = False
    code_helps: bool | None = None


def row_of(record: Record, number: str) -> Row:
    """Return the row of a record. ``number`` identifies it if it has no id."""
    code = record.code
    given = {
        "moderated": code.moderated,
        "solved": code.solved,
        "owed": code.owed,
        "unproven": code.unproven,
        "holds": code.holds,
        "shadow": record.shadow,
        "counted": record.counted,
        "limited": record.limited,
        "known": record.code_helps is not None,
        "helps": bool(record.code_helps),
    }
    return (
        record.judged_at,
        record.id or f"{NAMELESS}{number}",
        _bytes_of(record.client),
        b"".join(map(_bytes_of, record.networks)),
        record.scope,
        bytes.fromhex(record.mark) or None,
        int(record.action),
        record.chance,
        _written(record.findings),
        record.reason,
        _MODES.index(code.mode) + sum(_BIT[name] for name, is_set in given.items() if is_set),
    )


class Circumstances(NamedTuple):
    """What the flags of a row say. The names are those of :class:`Record`."""

    code: CodeState
    shadow: bool
    counted: bool
    limited: bool
    code_helps: bool | None


@lru_cache(maxsize=1024)  # few combinations occur
def circumstances_of(flags: int) -> Circumstances:
    """Return what the flags of a row say."""
    has = {name: bool(flags & bit) for name, bit in _BIT.items()}
    code = CodeState(_MODES[flags & 3], has["moderated"], has["solved"], has["owed"], has["unproven"], has["holds"])
    helps = has["helps"] if has["known"] else None
    return Circumstances(code, has["shadow"], has["counted"], has["limited"], helps)


def findings_of(written: str) -> tuple[Found, ...]:
    """Return the findings of a row.

    :raises ValueError: they are damaged.
    """
    return tuple(
        Found(slug, score, Action(action), bool(bits & _FINAL), bool(bits & _FROM_SERVICE), own[0] if own else None)
        for slug, score, action, bits, *own in json.loads(written)
    )


def id_of(name: str) -> str:
    """Return the id of a row, "" if its POST had none."""
    return "" if name.startswith(NAMELESS) else name


def _written(findings: tuple[Found, ...]) -> str:
    return json.dumps(
        [
            [one.slug, one.score, int(one.action), one.final * _FINAL + one.from_service * _FROM_SERVICE]
            + ([] if one.own_score is None else [one.own_score])
            for one in findings
        ],
        separators=(",", ":"),
    )


def _bytes_of(key: str) -> bytes:
    """Return the bytes of a client's key. The key that clients without an address share has no bytes."""
    return bytes.fromhex(key) if len(key) == 32 else b""
