"""Headings of articles have identifiers that stay, links to themselves, and days that can be listed."""

from __future__ import annotations

import re

import pytest

from demo_blog.headings import Day
from demo_blog.markdown import Article, render_article


def article(text: str) -> Article:
    return render_article(text, "/posts/")


def identifiers(text: str) -> list[str]:
    return re.findall(r'<h\d id="([^"]*)"', article(text).html)


@pytest.mark.parametrize(
    ("heading", "identifier"),
    [
        ("## The arithmetic of chairs", "the-arithmetic-of-chairs"),
        ("## You can't *promise* `it`!", "you-cant-promise-it"),
        ("### Erdős & Rényi, 1959", "erdos-renyi-1959"),
        ("## [A link](https://example.org) here", "a-link-here"),
        ("## 漢字", "section"),
        ("## Its text changed {#given-before}", "given-before"),
        ("## Braces {#Not-An-Id}", "braces-not-an-id"),
    ],
)
def test_the_identifier_comes_from_the_text_or_is_given(heading: str, identifier: str) -> None:
    assert identifiers(heading) == [identifier]


def test_a_given_identifier_is_not_shown() -> None:
    assert "{#" not in article("## Shown {#given}").html


def test_equal_headings_get_different_identifiers() -> None:
    assert identifiers("## Again\n\n## Again\n\n## Again 2\n\n## Again") == ["again", "again-2", "again-2-2", "again-3"]


@pytest.mark.parametrize("word", ["Comments", "Main", "Author", "Body", "Comment form", "Captcha", "Days"])
def test_no_heading_takes_an_identifier_of_the_page(word: str) -> None:
    assert identifiers(f"## {word}")[0].startswith("section-")


def test_a_heading_has_a_link_to_itself_but_not_in_feeds() -> None:
    text = "## Heading\n"
    link = '<a class="anchor" href="#heading" aria-label="Link to this section"></a>'
    assert article(text).html == f'<h2 id="heading">Heading {link}</h2>\n'
    assert render_article(text, "/posts/", anchors=False).html == '<h2 id="heading">Heading</h2>\n'


def test_headings_that_begin_with_a_day_are_listed() -> None:
    found = article(
        "## Monday: Sorting\n\n## Not a day\n\n## Tuesday, 8 September: *Trees* {#tue}\n\n## Day 3\n\n"
        "### Friday: a smaller heading\n\n## Mondays are hard\n\n## Sunday"
    ).days
    assert found == (
        Day("monday-sorting", "Monday", "Sorting"),
        Day("tue", "Tuesday, 8 September", "Trees"),
        Day("day-3", "Day 3", ""),
        Day("sunday", "Sunday", ""),
    )
