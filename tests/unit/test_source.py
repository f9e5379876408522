"""Many comments from one source don't change the filter more than a few."""

from __future__ import annotations

from captcha_guard.spam.filter.source import DAY, PARTY_ALLOWANCE, SCOPE_ALLOWANCE, share, sources_of

NOW = 20_000 * DAY


def names(*parties: bytes, scope: str = "p:tea", spam: bool = True, posted_at: float = NOW) -> set[int]:
    return {one.name for one in sources_of(parties, scope, spam=spam, posted_at=posted_at)}


def test_a_source_is_a_client_or_a_post_on_one_day_for_one_label() -> None:
    assert len(names(b"client", b"host")) == 3
    assert names(b"client") == names(b"client", posted_at=NOW + DAY - 1)
    assert len(names(b"client") & names(b"client", scope="p:other")) == 1
    for other in (names(b"client", posted_at=NOW + DAY), names(b"client", spam=False)):
        assert not names(b"client") & other
    assert not names(b"client", scope="") & names(b"other", scope="")


def test_a_comment_of_an_unknown_day_has_no_source() -> None:
    """Imported comments have no day, because a whole blog may be taught at once."""
    assert names(b"client", posted_at=0.0) == set()
    assert share({}) == 1


def test_fifty_comments_of_one_client_count_as_three() -> None:
    [client] = sources_of([b"client"], "", spam=True, posted_at=NOW)
    shares = [share({client: number}) for number in range(1, 51)]
    assert shares[:PARTY_ALLOWANCE] == [1.0] * PARTY_ALLOWANCE
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) < 3


def test_a_busy_post_counts_longer_and_the_strictest_source_decides() -> None:
    client, scope = sources_of([b"client"], "p:tea", spam=True, posted_at=NOW)
    assert share({client: 1, scope: SCOPE_ALLOWANCE}) == 1
    assert share({client: 1, scope: 2 * SCOPE_ALLOWANCE}) == 1 / 8
    assert share({client: 2 * PARTY_ALLOWANCE, scope: 1}) == 1 / 8
