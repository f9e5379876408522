"""The notation of phrases says what it says."""

from __future__ import annotations

import pytest

from captcha_guard.spam.lists.phrasing import PhraseBook
from captcha_guard.spam.lists.spam_phrases import BOOK, FAMILIES
from captcha_guard.spam.text.normalised import Text


@pytest.mark.parametrize(
    ("notation", "text", "found"),
    [
        ("buy|order now", "please order now", "order now"),
        ("buy|order now", "order it now", None),
        ("buy . now", "buy it now", "buy it now"),
        ("buy . now", "buy this pill now", None),
        ("buy * now", "buy all of it now", "buy all of it now"),
        ("buy * now", "buy all of it right now", None),
        ("go to? bed", "go bed", "go bed"),
        ("really? buy it", "buy it", "buy it"),
        ("my web_site", "my web site", "my web site"),
        ("earn #", "earn 500", "earn 500"),
        ("# days", "30 days", "30 days"),
        ("earn #", "earn much", None),
        ("^buy", "buy it", "buy"),
        ("^buy", "i buy it", None),
        ("buy$", "i buy", "buy"),
        ("buy$", "buy it", None),
        ("art", "party", None),
        ("party", "art party", "party"),
        ("credit-", "two credits left", "credits"),
        ("credit-", "accredited", None),
        ("buy credit-", "buy creditworthy paper", "buy creditworthy"),
        ("bad_credit- now", "bad credits now", "bad credits now"),
        ("# dollars a day", "about 50 dollars a day", "50 dollars a day"),
        ("# . . dollars", "50 or 60 dollars", "50 or 60 dollars"),
        ("#|ten . dollars", "ten more dollars", "ten more dollars"),
        ("# # times", "5 5 times", "5 5 times"),
    ],
)
def test_a_phrase_is_found_as_it_is_written(notation: str, text: str, found: str | None) -> None:
    assert PhraseBook({"it": [notation]}).find(tuple(text.split())).get("it") == found


def test_a_phrase_that_any_word_can_begin_is_refused() -> None:
    for notation in (". now", "really? * now", "buy?"):
        with pytest.raises(ValueError, match="any word"):
            PhraseBook({"it": [notation]})


def test_a_number_without_another_word_is_refused() -> None:
    for notation in ("#", "# .", "#|ten"):
        with pytest.raises(ValueError, match="any number"):
            PhraseBook({"it": [notation]})


def test_matches_are_all_phrases_with_their_places() -> None:
    book = PhraseBook({"offer": ["buy now", "buy"], "tea": ["tea-", "green tea"], "first": ["^buy"]})
    found = [(match.name, match.place, match.text) for match in book.matches(("buy", "now", "green", "teas", "buy"))]
    assert found == [
        ("offer", 0, "buy now"), ("first", 0, "buy"), ("tea", 3, "teas"), ("offer", 4, "buy"),
    ]  # fmt: skip


def test_every_family_has_a_name_of_its_own_and_is_found_by_its_first_phrase() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    for family in FAMILIES:
        for phrase in family.phrases:
            tokens = [token.removesuffix("$") for token in phrase.lstrip("^").split()]
            said = [token.split("|")[0] for token in tokens if token not in ".*" and not token.endswith("?")]
            words = Text.of(" ".join(said).replace("_", " ").replace("#", "100")).words
            assert family.name in BOOK.find(words), (family.name, phrase)
