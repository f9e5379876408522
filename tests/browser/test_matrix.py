"""Every front end, with and without a script, in every state: no comment is lost, and one code is enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from .matrix_fixtures import host, new_page, served_host, watch
from .matrix_host import NO_NAME, MatrixHost
from .matrix_visitor import Visitor
from .watch import Watch

__all__ = ["host", "new_page", "served_host", "watch"]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-matrix")]

OFFLINE: Final = "net::ERR_INTERNET_DISCONNECTED"

ALREADY: Final = "This very comment has already been posted here."


def right(visitor: Visitor) -> None:
    visitor.write()
    visitor.get_code()
    visitor.send()


def wrong(visitor: Visitor) -> None:
    visitor.write()
    visitor.get_code()
    visitor.send("WRONG")
    visitor.sees("That was not the code.")
    visitor.keeps_text()
    visitor.send()


def expired(visitor: Visitor) -> None:
    visitor.write()
    visitor.get_code()
    visitor.code.fill(visitor.answer())
    visitor.host.ahead = 3600
    visitor.button.click()
    visitor.sees("That code had expired.")
    visitor.keeps_text()
    visitor.send()


def used(visitor: Visitor) -> None:
    visitor.write()
    visitor.get_code()
    visitor.use_code_elsewhere()
    visitor.send()
    visitor.sees("That code has already been used.")
    visitor.keeps_text()
    visitor.send()


def another_field_invalid(visitor: Visitor) -> None:
    visitor.write(author=" ")
    visitor.get_code()
    visitor.send()
    visitor.sees(NO_NAME)
    visitor.keeps_text()
    expect(visitor.code).to_have_count(0)
    visitor.page.get_by_label("Name").fill("Ada")
    visitor.button.click()


def network_loss_during_refresh(visitor: Visitor) -> None:
    visitor.write()
    visitor.get_code()
    visitor.page.route("**/challenge", lambda route: route.abort("internetdisconnected"))
    visitor.new_code.click()
    visitor.sees("The server didn't send a new code.")
    visitor.keeps_text()
    visitor.page.unroute("**/challenge")
    visitor.new_code.click()
    visitor.sees("Here is a new code.")
    visitor.keeps_text()
    visitor.send()


def back(visitor: Visitor) -> None:
    visitor.write()
    visitor.page.get_by_role("link", name="Elsewhere").click()
    expect(visitor.page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    expect(visitor.page.locator("html[aria-busy]")).to_have_count(0)  # Turbo has finished
    visitor.go_back()
    visitor.get_code()
    visitor.send()
    visitor.sees_comment()
    if visitor.front_end not in ("htmx", "turbo"):  # with these, the page with the comment replaces the form's page
        visitor.go_back()
        visitor.send()
        visitor.sees(ALREADY)
        del visitor.host.solved[1:]  # the code of the repetition, which isn't stored
        visitor.page.goto(f"/{visitor.front_end}")


def second_tab(visitor: Visitor) -> None:
    visitor.write()
    visitor.get_code()
    other = Visitor(visitor.page.context.new_page(), visitor.host, visitor.front_end, "From the second tab.")
    other.write()
    other.get_code()
    other.send()
    other.sees_comment()
    visitor.host.comments.remove(("Ada", other.text))
    visitor.host.solved.clear()
    visitor.keeps_text()
    visitor.send()


def double_click(visitor: Visitor) -> None:
    visitor.write()
    visitor.get_code()
    visitor.code.fill(visitor.answer())
    visitor.button.dblclick(delay=20)


STATES: Final[dict[str, Callable[[Visitor], None]]] = {
    "right": right,
    "wrong": wrong,
    "expired": expired,
    "used": used,
    "another field invalid": another_field_invalid,
    "network loss during refresh": network_loss_during_refresh,
    "Back": back,
    "second tab": second_tab,
    "double click": double_click,
}

#: Front ends that also work without a script. The others are parts of scripts.
WITHOUT_SCRIPT: Final = ("decorator", "wtforms", "plain", "interstitial")
WITH_SCRIPT: Final = (*WITHOUT_SCRIPT, "element", "htmx", "turbo")

CELLS: Final = [
    *((front_end, "script", state) for front_end in WITH_SCRIPT for state in STATES),
    *(
        (front_end, "no script", state)
        for front_end in WITHOUT_SCRIPT
        for state in STATES
        if state != "network loss during refresh"  # only the script refreshes a code in place
    ),
]


@pytest.fixture
def visitor(host: MatrixHost, new_page: Callable[..., Page], cell: tuple[str, str, str]) -> Visitor:
    front_end, script, state = cell
    page = new_page(java_script_enabled=script == "script")
    return Visitor(page, host, front_end, f"“{state}”, {script} & <{front_end}>.\nA second line.")


@pytest.mark.parametrize("cell", CELLS, ids=", ".join)
def test_a_comment_is_kept_and_posted_once_with_one_code(
    visitor: Visitor, host: MatrixHost, watch: Watch, cell: tuple[str, str, str]
) -> None:
    _, script, state = cell
    STATES[state](visitor)
    if (script, state) == ("no script", "double click"):  # the browser may show the answer to the second click
        expect(visitor.page.get_by_role("listitem").or_(visitor.page.get_by_text(ALREADY))).to_be_visible()
        visitor.page.goto(f"/{visitor.front_end}")
    visitor.sees_comment()
    assert host.comments == [("Ada", visitor.text)]
    assert host.solved == (["image", "pass"] if state == "another field invalid" else ["image"])
    assert [one for one in watch.complaints if OFFLINE not in one] == []


@pytest.mark.parametrize("front_end", WITH_SCRIPT)
def test_a_comment_is_posted_with_the_code_that_is_heard(
    host: MatrixHost, new_page: Callable[..., Page], watch: Watch, front_end: str
) -> None:
    """The sound is opened and replaced under the strict policy, too."""
    visitor = Visitor(new_page(), host, front_end, "Heard, not seen.")
    visitor.write()
    visitor.get_code()
    audio = visitor.page.locator("audio")
    visitor.page.get_by_text("Listen to a code instead").click()
    expect(audio).to_have_js_property("readyState", 4)
    first = visitor.answer("sound")
    visitor.new_code.click()
    visitor.sees("Here is a new code.")
    assert visitor.answer("sound") != first
    audio.evaluate("audio => audio.play()")
    expect(audio).to_have_js_property("readyState", 4)
    visitor.send(visitor.answer("sound"))
    visitor.sees_comment()
    assert host.comments == [("Ada", visitor.text)]
    assert host.solved == ["sound"]
    assert watch.complaints == []


@pytest.mark.parametrize("front_end", WITH_SCRIPT)
def test_a_comment_is_sent_to_the_moderator_without_a_code(
    host: MatrixHost, new_page: Callable[..., Page], watch: Watch, front_end: str
) -> None:
    visitor = Visitor(new_page(), host, f"moderated/{front_end}", "Neither seen nor heard.")
    visitor.write()
    visitor.get_code()
    visitor.page.get_by_role("checkbox", name="Send to the moderator without a code").check()
    visitor.button.click()
    visitor.sees_comment()
    assert host.comments == [("Ada", visitor.text)]
    assert host.held == [True]
    assert host.solved == []
    assert watch.complaints == []
