"""What would have happened: other settings applied to the recorded past, on the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from .journal_fixtures import Page, Reader, journal, owner, printed_journal, reader

__all__ = ["journal", "owner", "printed_journal", "reader"]

TWO_LINKS = "[one](https://one.example), [two](https://two.example)"


def heading(page: Page) -> str:
    return page.under("answer-heading")


@pytest.fixture
def past(clock: time_machine.Traveller, reader: Reader) -> None:
    """A published comment and a held one."""
    for body in ("On topic.", TWO_LINKS):
        reader.comment(body=body)
        clock.shift(timedelta(minutes=10))


@pytest.mark.usefixtures("past")
def test_a_weight_of_0_would_have_published_the_held_comment(owner: Reader) -> None:
    page = owner.open("/desk/what-if?weights=links%3D0")
    assert heading(page) == "1 of 2 submissions would have ended otherwise"
    assert "/desk/comments/2" in page.links
    assert page.fields["weights"] == "links=0"


@pytest.mark.parametrize("query", ["challenge=30&hold=60&aside=90", "days=30&challenge=&hold=&aside=&weights=&limits="])
@pytest.mark.usefixtures("past")
def test_the_present_settings_change_nothing(owner: Reader, query: str) -> None:
    page = owner.open(f"/desk/what-if?{query}")
    assert heading(page) == "0 of 2 submissions would have ended otherwise"


@pytest.mark.usefixtures("past")
def test_a_tighter_limit_would_have_refused_the_second_comment(owner: Reader) -> None:
    page = owner.open("/desk/what-if?limits=1+per+hour")
    assert heading(page) == "1 of 2 submissions would have ended otherwise"


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("hold=abc", "hold is 'abc'; write a whole number from 1 to 101"),
        ("hold=102", "hold is '102'; write a whole number from 1 to 101"),
        ("hold=101", "A threshold is below the one before it."),
        ("weights=links", "'links' isn't a weight; write links=10"),
        ("weights=links%3D101", "links is '101'; write a whole number from 0 to 100"),
        ("weights=lynx%3D5", "“Weights of rules” names the rule 'lynx', which doesn't exist; known are author_slogan,"),
        ("limits=often", "The comment limits are 'often'; write them like '2 per minute;"),
        ("hold=%D9%A3%D9%A0", "write a whole number"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_and_stays_in_its_field(owner: Reader, query: str, complaint: str) -> None:
    page = owner.open(f"/desk/what-if?{query}")
    assert page.response.status_code == 422
    assert complaint in page.under("problem")
    assert page.fields[query.partition("=")[0]]


def test_without_a_question_nothing_is_replayed(owner: Reader) -> None:
    page = owner.open("/desk/what-if")
    assert page.response.status_code == 200
    assert heading(page) == ""
