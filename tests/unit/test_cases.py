"""Inputs that must give the right answer, as the judge sees them.

``tests/cases.jsonl`` has one case per line: its ``kind``, ``what`` it is, what to ``expect``, and the input: ``form``
(pairs of name and value as posted; order and repeats matter), ``query``, ``json``, ``files`` (field, file name,
content), ``posts`` (several, one after the other), ``addresses``, or ``typed`` compared with ``code``. All texts are
made up. Spam is judged untaught and moderated; "no milder" compares the verdict's action and score with those of the
plain text in the body.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from captcha_guard.challenge.answer import matches
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.rules import standard
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action, Verdict

CASES = [json.loads(line) for line in (Path(__file__).parents[1] / "cases.jsonl").read_text("utf-8").splitlines()]


def of_kind(kind: str) -> list[Any]:
    cases = [case for case in CASES if case["kind"] == kind and "form" in case]
    return [pytest.param(dict(case["form"]), case, id=f"{kind}-{number}") for number, case in enumerate(cases)]


def judged(body: str, author: str = "", other: tuple[str, ...] = (), site: str = "") -> Verdict:
    return Judge(standard()).judge(Submission(scope="c", body=body, author=author, other=other, seconds=60, site=site))


def no_milder(verdict: Verdict, than: Verdict) -> bool:
    return verdict.action >= than.action and verdict.score >= than.score


@pytest.mark.parametrize(("form", "case"), of_kind("control"))
def test_control_characters_hide_nothing(form: dict[str, str], case: dict[str, Any]) -> None:
    del case
    plain = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", form["body"])
    assert judged(plain).action >= Action.HOLD
    assert no_milder(judged(form["body"]), judged(plain))


@pytest.mark.parametrize(("form", "case"), of_kind("links"))
def test_links_are_found_however_they_are_spelt(form: dict[str, str], case: dict[str, Any]) -> None:
    assert case["expect"] == "finds two links"
    hosts = {link.host for link in Submission(scope="c", body=form["body"]).text.links}
    assert hosts == {"a.example", "b.example"}
    (sentence,) = [one.sentence for one in judged(form["body"]).findings if one.reason == "links"]
    assert sentence.startswith("The comment has 2 links")


@pytest.mark.parametrize(("form", "case"), of_kind("field"))
def test_a_text_without_a_role_is_judged_like_the_body(form: dict[str, str], case: dict[str, Any]) -> None:
    values = [value for _, value in (*case["form"], *case.get("query", ()))] + [
        name for _, name, _ in case.get("files", ())
    ]
    if case["expect"].startswith("accept"):
        assert judged("", other=tuple(values)).action == Action.ACCEPT
        return
    (spam,) = [value for value in values if "viagra" in value]
    body = form.get("body", "") if form.get("body") != spam else ""
    assert judged(spam).held
    assert no_milder(judged(body, other=tuple(value for value in values if value != body)), judged(spam))


@pytest.mark.parametrize(("form", "case"), of_kind("honest"))
def test_honest_comments_are_accepted_without_a_finding(form: dict[str, str], case: dict[str, Any]) -> None:
    if case["expect"] == "accept after one solved code":
        assert judged(form["body"], form["author"]).action <= Action.HOLD
        return
    assert judged(form["body"], form["author"]) == Verdict()


@pytest.mark.parametrize(
    "disguised",
    [
        "\u202e" + "Buy cheap viagra online, casino bonus for you"[::-1],
        "B\u202eyu\u202c \u202epaehc\u202c viagra online, casino bonus for you",
        "&#8238;" + "Buy cheap viagra online, casino bonus for you"[::-1],
        "B**u**y ch**ea**p vi**ag**ra on*l*ine, cas`i`no bo~~n~~us for you",
        "Buy cheap vi[ag](#)ra online, cas[in](/x)o bonus for you",
        "Buy cheap vi[b][/b]agra online, cas[i]i[/i]no bonus for you",
        "Buy cheap vi<!-- > -->agra online, cas<!---->ino bonus for you",
    ],
)
def test_a_word_is_read_as_a_page_shows_it(disguised: str) -> None:
    shown = Judge(standard()).judge(Submission(scope="c", body="Buy cheap viagra online, casino bonus for you"))
    found = Judge(standard()).judge(Submission(scope="c", body=disguised))
    assert found.score >= shown.score > 0
    assert found.action >= shown.action


@pytest.mark.parametrize(
    "honest",
    [
        "\u2067\u05e9\u05dc\u05d5\u05dd\u2069 and welcome to the loop in part two.",
        "Call f(*args, **kwargs) and 2*x**2, then `a`b`c` or snake__case and x~y.",
        "The index a[i](b) and the cell[b] are fine.",
    ],
)
def test_signs_between_letters_that_hide_nothing_do_not_weigh(honest: str) -> None:
    assert Judge(standard()).judge(Submission(scope="c", body=honest, author="Ada", seconds=60)).reasons == ()


@pytest.mark.parametrize("case", [case for case in CASES if case["kind"] == "typed"])
def test_a_code_may_be_typed_on_any_keyboard(case: dict[str, str]) -> None:
    assert matches(case["code"], case["typed"]) == (case["expect"] == "right")
