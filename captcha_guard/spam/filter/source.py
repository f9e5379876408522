"""Where a comment came from, so that many comments from one source can't change the filter much.

A source is a client, a linked host or a scope on one day, each for one label. Comments up to its allowance count in
full. After that the k-th counts (allowance / k)^3, so fifty comments of one client on one day together count as about
three.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from ...database.retention import Retention
from ...database.table import Kind, Table

DAY: Final = 86_400.0

#: Comments of one client or linked host, and of one scope, that count in full on one day.
PARTY_ALLOWANCE: Final = 2
SCOPE_ALLOWANCE: Final = 12
_POWER: Final = 3
#: The most clients and linked hosts of one comment that count: its client, and the first hosts that it links to.
_MOST_PARTIES: Final = 6
#: Seconds for which a source's count is kept. A comment can be taught by its id for the same time.
_KEPT: Final = 60 * DAY

TABLE: Final = Table(
    "learning_sources",
    {"source": Kind.WHOLE, "taught": Kind.WHOLE, "expires": Kind.REAL},
    key=("source",),
    indexes={"learning_sources_by_expiry": ("expires",)},
)
RETENTION: Final = Retention(TABLE, most=100_000)


class Source(NamedTuple):
    """A source: its 63-bit hash, how many of its comments count in full, and when its count expires."""

    name: int
    allowance: int
    expires: float


def sources_of(parties: Iterable[bytes], scope: str, *, spam: bool, posted_at: float) -> tuple[Source, ...]:
    """Return the sources of a comment.

    :param parties: keyed hashes of its client and of the hosts that it links to.
    :param scope: the token of its scope, or "".
    :param posted_at: seconds since 1970. 0 means that the day isn't known; then there are no sources.
    """
    if posted_at <= 0:
        return ()
    day, expires = int(posted_at // DAY), posted_at + _KEPT
    found = [(party, PARTY_ALLOWANCE) for party in [*parties][:_MOST_PARTIES]]
    if scope:
        found.append((scope.encode("utf-8", "surrogatepass"), SCOPE_ALLOWANCE))
    return tuple(Source(_name(identity, day, spam=spam), allowance, expires) for identity, allowance in found)


def share(taught: Mapping[Source, int]) -> float:
    """Return how much a comment counts, up to 1.

    :param taught: the number of comments of each of its sources that were taught, including this one.
    """
    return min((min(1.0, (source.allowance / number) ** _POWER) for source, number in taught.items()), default=1.0)


def _name(identity: bytes, day: int, *, spam: bool) -> int:
    digest = blake2b(identity, digest_size=8, salt=day.to_bytes(8, "big"), person=b"spam" if spam else b"ham")
    return int.from_bytes(digest.digest(), "big") >> 1
