"""Rendering any comment is cheap. The cost is counted in function calls, which don't depend on the machine's load."""

from __future__ import annotations

import random
import re
import sys
from html import unescape

import pytest

from demo_blog.comment_form import MAX_LENGTHS
from demo_blog.markdown import MAX_COST, parsing_cost, render_comment

LONGEST = MAX_LENGTHS["body"]

#: Calls of Python and C functions, about 15 million per second. 20,000 "[" made 4,000,000 before there was a limit.
MOST_CALLS = 250_000

PIECES = [
    "[", "]", "](", "![", "[[]", "[a](", "[a](b", "[a](<b", '[a](b "', "[a](b (", "[a][", "[]()", "[a](x)",
    "[a](((", "[*", "*[", "*`[", "[`](", "[a]: b\n", "<", "<a", "<a@b", "<http://a.b>", "<a:b>", "*", "**", "* ",
    "*a ", "a*", "*a_ ", "a**b", "_", "_ ", "_a_ ", "*_", "`", "` ", "`a", "``a` ", "```\n", "~~~", "~~~\n", "> ",
    "> a\n", ">\n", "- ", "- a\n", "-\n", "- a\n  - ", "1. ", "1. a\n", "+ ", "> - ", "&", "&a", "&amp;", "&#1;",
    "\\", "\\[", "\\\n", "\n", "a\n\n", " \n", "    a\n", "!", "é", "a", "a ", " ", "\t", "\r", "\0", "http:",
    "()", "{}", "\u2028", "*a*[b](c)`d`", "[[a](b)](c)",
]  # fmt: skip


def calls_of(text: str) -> int:
    """Count the function calls of rendering a comment."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    render_comment.cache_clear()
    sys.setprofile(count)
    try:
        render_comment(text)
    finally:
        sys.setprofile(None)
    return calls


def cut(text: str) -> str:
    return (text * (LONGEST // len(text) + 1))[:LONGEST]


def just_parsed(piece: str, rest: str) -> str:
    """Return as many copies of a piece, before as many of the rest, as are still parsed."""
    low, high = 0, LONGEST // len(piece)
    while low < high:
        middle = (low + high + 1) // 2
        text = piece * middle + cut(rest)[: LONGEST - len(piece) * middle]
        low, high = (middle, high) if parsing_cost(text) <= MAX_COST else (low, middle - 1)
    return piece * low + cut(rest)[: LONGEST - len(piece) * low]


@pytest.mark.parametrize("piece", PIECES)
def test_a_comment_that_repeats_one_piece_is_cheap(piece: str) -> None:
    assert calls_of(cut(piece)) <= MOST_CALLS


@pytest.mark.parametrize("rest", ["a", "a ", "é", "- ", "http:", "("])
@pytest.mark.parametrize("piece", ["[", "[a](", "[*", "*", "_a_ ", "<a:b>", "`a", "- a\n", '[a](b "'])
def test_a_comment_that_is_just_parsed_is_cheap(piece: str, rest: str) -> None:
    assert calls_of(just_parsed(piece, rest)) <= MOST_CALLS


def test_any_mixture_is_cheap() -> None:
    draw = random.Random(7)
    for _ in range(40):
        some = draw.sample(PIECES, 4)
        assert calls_of(cut("".join(draw.choices(some, k=draw.randint(3, 400))))) <= MOST_CALLS, some


def test_runs_of_every_length_and_deep_nesting_are_cheap() -> None:
    for text in (
        "".join("`" * size + " " for size in range(1, 199)),
        "".join("*" * size + "a" for size in range(1, 199)),
        "[" * 6600 + "]" * 6600 + "(" * 6600,
        "*" * 9999 + "a" + "*" * 9999,
        "\n".join("> " * 60 + "a" for _ in range(164)),
        "\n".join(" " * (2 * depth) + "- a" for depth in range(140)),
    ):
        assert calls_of(text) <= MOST_CALLS


@pytest.mark.parametrize(
    "start",
    [
        "- a\n  ```\n", "> ```\n", "```\n```\n", " ```\n```\n", "```\n   ```\n", "````\n```\n`````\n", "```a`\n",
        "~~~ `\n~~~\n", "- ~~~\n~~~\n~~~\n", "```\n~~~\n```\n", "1. ```\n\n", ">```\n>a\n\n", "```\n``` \t\n",
        "\t```\n",
        "```\n\t```\n", "```\n\t```\n```\n",
        "- a\n\n  ```\n  b\n", "~~~~\n~~~\n~~~~\n",
    ],
)  # fmt: skip
def test_no_markup_is_taken_for_code_that_the_parser_reads(start: str) -> None:
    for end in ("", "\n```", "\n~~~", "\n```\n```"):
        for marks in ("[*" * 9000, "*a_ " * 4500, "- a\n" * 4500):
            assert calls_of(start + marks + end) <= MOST_CALLS


def test_a_long_listing_is_code() -> None:
    code = "for (int i = 0; i < n; i++) { a[i] = *p_next; }\n" * 400
    assert render_comment(f"See:\n\n```c\n{code}```\n").count("<pre>") == 1


def test_a_comment_with_too_much_markup_is_shown_as_typed() -> None:
    shown = render_comment("<b>[" * 4000 + '\nsecond & "last" line\r\nthird\n')
    assert shown.startswith("<p>&lt;b&gt;[")
    assert shown.endswith("[<br>\nsecond &amp; &quot;last&quot; line<br>\nthird</p>\n")
    assert set(re.findall("<[^>]*>", shown)) == {"<p>", "</p>", "<br>"}


@pytest.mark.parametrize(
    "piece", ["<script>alert(1)</script>*", "[x](javascript:alert(1))", "\0<", "&lt;b&gt;*", "]]>"]
)
def test_nothing_in_a_comment_that_is_shown_as_typed_is_markup(piece: str) -> None:
    text = cut(piece)
    shown = render_comment(text)
    assert set(re.findall("<[^>]*>", shown)) <= {"<p>", "</p>", "<br>"}
    assert unescape(re.sub("<[^>]*>", "", shown)).strip() == text.replace("\0", "\ufffd").strip()


def test_long_ordinary_comments_keep_their_markup() -> None:
    paragraph = (
        "I've tried this on **three** machines (two of them _old_), and it's `O(n)` as you say; see "
        '[the notes](https://example.org/notes?a=1&b=2) and [this](https://example.org/this). It isn\'t "obvious"!\n\n'
    )
    items = "".join(f"- item {number}: a line of a *list*\n" for number in range(40))
    code = "```\n" + "for (int i = 0; i < n; i++) { a[i] = *p_next; }\n" * 60 + "```\n"
    shown = render_comment(paragraph * 15 + items + "\n" + code)
    assert shown.count("<strong>") == 15
    assert shown.count("<a ") == 30
    assert shown.count("<li>") == 40
    assert shown.count("<pre>") == 1
