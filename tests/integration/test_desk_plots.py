"""The desk's statistics page: charts of what the guard counted, and its alerts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from .journal_fixtures import Page, Reader, journal, owner, printed_journal, reader

__all__ = ["journal", "owner", "printed_journal", "reader"]

SPAM = "Cheap pills, cheap pills https://one.example and https://two.example and https://three.example"


def numbers(page: Page) -> dict[str, str]:
    """Return the figures at the top of the page."""
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page.response.text))


def test_a_new_journal_has_no_charts_but_says_when_it_will_have_them(owner: Reader) -> None:
    page = owner.open("/desk/statistics")
    assert page.response.status_code == 200
    assert numbers(page) == {}
    assert page.all("svg") == []
    assert "Nothing was counted in this time. When somebody opens a comment form" in page.text


def test_a_form_that_was_opened_and_not_sent_is_in_charts_without_results(owner: Reader, reader: Reader) -> None:
    reader.open()
    page = owner.open("/desk/statistics")
    assert numbers(page)["Judged comments"] == "0"
    assert numbers(page)["Codes shown"] == "1"
    assert numbers(page)["Median time to solve"] == "\N{EN DASH}"


def test_comments_move_the_charts(clock: time_machine.Traveller, owner: Reader, reader: Reader) -> None:
    reader.open()
    clock.shift(timedelta(seconds=10))
    assert reader.send(author="Ada", body="On topic.").status_code == 303
    reader.comment(author="Bob", body=SPAM)
    reader.open()
    reader.send(author="Cy", body="Wrong code.", captcha_answer="WRONG")
    page = owner.open("/desk/statistics?span=day")
    assert numbers(page)["Judged comments"] == "3"
    assert numbers(page)["Codes solved, of those tried"] == "67%"
    assert "code_wrong" in page.text
    assert "code_<wbr>wrong" in page.response.text
    assert "links" in page.text
    shapes = [attributes.get("class") for attributes in page.all("rect")]
    assert "fill-accept" in shapes
    assert "fill-hold" in shapes or "fill-aside" in shapes


@pytest.mark.parametrize("span", ["day", "month", "year"])
def test_each_span_has_its_first_and_last_time(
    clock: time_machine.Traveller, owner: Reader, reader: Reader, span: str
) -> None:
    clock.shift(timedelta(minutes=5))
    reader.open()
    page = owner.open(f"/desk/statistics?span={span}")
    first, last = re.findall(r'class="chart-ends"><span>([^<]+)</span> <span>([^<]+)</span>', page.response.text)[0]
    expected = {
        "day": ("14 January 2027, 13:00 UTC", "15 January 2027, 12:00 UTC"),
        "month": ("17 December 2026", "15 January 2027"),
        "year": ("16 January 2026", "15 January 2027"),
    }
    assert (first, last) == expected[span]


def test_an_unknown_span_does_not_exist(owner: Reader) -> None:
    assert owner.open("/desk/statistics?span=decade").response.status_code == 404


def test_replayed_codes_are_an_alert(clock: time_machine.Traveller, owner: Reader, reader: Reader) -> None:
    del clock
    for number in range(12):
        reader.open()
        reader.send(author="Ada", body=f"Once {number}.")
        reader.send(author="Ada", body=f"Twice {number}.")
    assert "Please look" in owner.open("/desk/statistics?span=day").text


def test_statistics_that_cannot_be_read_are_reported_and_the_page_stays(owner: Reader, journal: Flask) -> None:
    from captcha_guard import CaptchaGuardError  # noqa: PLC0415 (only here)
    from demo_blog.guard import guard  # noqa: PLC0415 (only here)

    def fail(*_: object, **__: object) -> None:
        raise CaptchaGuardError("The judge's database can't be used: it is locked.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "statistics", fail)
        page = owner.open("/desk/statistics")
    assert page.response.status_code == 200
    assert "it is locked" in page.text
    del journal
