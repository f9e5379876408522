"""Where links are written, which domains are registrable, and which quotes are known, in linear time."""

from __future__ import annotations

import re
import socket
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from captcha_guard.spam.counted_links import counted_links
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.text.contexts import with_contexts, without_code
from captcha_guard.spam.text.link import Context
from captcha_guard.spam.text.link_scanner import scan
from captcha_guard.spam.text.normalised import Text
from captcha_guard.spam.text.quotes import without_known_quotes
from captcha_guard.spam.text.registrable import registrable_domain

PIECES = ("```", "~~~", "`", "\n", "    ", "\t", "> ", "<pre>", "</pre>", "<code>", "</code>", "[code]", "[/code]",
          "[quote]", "[/quote]", "<blockquote>", "</blockquote>", "http://a.example ", "word ", "xmlns='")  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
@settings(deadline=None)
def test_every_link_keeps_its_place_and_gets_a_context(text: str) -> None:
    found = scan(text)
    marked = with_contexts(text, found)
    assert [(one.place, one.link.url) for one in marked] == [(one.place, one.link.url) for one in found]
    assert len(without_code(text)) <= len(text)
    without_known_quotes(text, text)


@pytest.mark.parametrize(
    "piece",
    [
        *PIECES,
        "](",
        "[a][",
        "<a ",
        "a\n`",
        "- a\n",
        "a ``` `` ",
        "<a xmlns='",
        "\r",
        "`a http://a.example` ",
        "> http://a.example\n",
        "> <a b>",
        "    http://a.example\n",
    ],
)
def test_the_time_is_linear_in_the_text(piece: str) -> None:
    def seconds(length: int) -> float:
        text = f"http://a.example {piece * (length // len(piece))}"
        start = time.process_time()
        with_contexts(text, scan(text))
        without_code(text)
        without_known_quotes(text, "a b c " * 1000)
        return time.process_time() - start

    assert min(seconds(60_000) for _ in range(3)) < 0.03


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("http://a.example", Context.PROSE),
        ("`curl http://a.example`", Context.CODE),
        ("``` curl http://a.example", Context.PROSE),
        ("> ```\n> curl http://a.example", Context.QUOTE),
        ("a\n   > http://a.example", Context.QUOTE),
        ("<blockquote>a</blockquote> http://a.example", Context.PROSE),
        ("[quote]a[quote]b[/quote]http://a.example[/quote]", Context.QUOTE),
        ("    curl http://a.example", Context.CODE),
        ("a\n\n\tcurl http://a.example\n", Context.CODE),
        ("a\n    curl http://a.example", Context.PROSE),
        ("a\n\n    b\n    curl http://a.example", Context.CODE),
    ],
)
def test_a_link_is_in_code_in_a_quote_or_in_prose(text: str, context: Context) -> None:
    assert [one.link.context for one in with_contexts(text, scan(text))] == [context]


@pytest.mark.parametrize(
    "body",
    [
        "See ``curl ` {}`` there.",
        "See `curl\n{}` there.",
        "- first\n- see `curl {}` there\n",
        "1. first\n\n```sh\ncurl {}\n```\n",
        "> said so\n\n~~~~\n~~~\ncurl {}\n~~~~~\n",
        "a `b` [c](/d) <e> `curl {}`",
        "- first\n\nso\n\n\tcurl {}\n\tcd {}\n",
        "# `a`\r\n\r\n   ```\r\ncurl {}\r\n```\r\n",
        "\u2764\ufe0f `curl {}`",
        "<xs:a b='c' xmlns:d='{}'/>",
    ],
)
def test_what_every_renderer_shows_as_code_is_code(body: str) -> None:
    links = Text.of(body.replace("{}", "http://a.example/")).links
    assert links
    assert {link.context for link in links} == {Context.CODE}


@pytest.mark.parametrize(
    "body",
    [
        "a \\``{}``",
        "a \\``get {} so` a",
        "a ```{} so`` a",
        "a `b\n\n{} so` a",
        "a `b\n\n{} so` a `",
        "a `b\n# {} so `",
        "a `b\n- {} so `",
        "a `b\n***\n{} so `",
        "* ~~~\nget {} now\n* ~~~",
        "> ~~~ sh\nget {} now\n> ~~~",
        "7) a\n\n    ```\nget {} now\n    ```\n",
        "- a\n\n      get {} now",
        "a\n2) b\n   ```\n   c\n```\nget {} now\n```",
        "<div>\n```\n</div>\n\nget {} now\n```\n",
        "<!--\n~~~\n-->\nget {} now\n\n<!--\n~~~\n-->",
        "<pre>\n</pre>\n`get {} now`",
        "[a](/b`c) get {} now `",
        "[a](</`>) get {} now `",
        "[a](/b 'c`') get {} now `",
        "[b][a`c] get {} now `\n\n[a`c]: /d",
        "<https:a`> get {} now `",
        '<a title=">`"> get {} now `',
        "&#96;get {} now&grave;",
        "&Tab;get {} now",
        "\u200b    get {} now",
        "a `\u200b`get {} now``",
        "xmlns:a='{}' is it",
        "<a> xmlns='{}' is it",
    ],
)
def test_what_a_renderer_may_show_as_text_is_not_code(body: str) -> None:
    links = Text.of(body.replace("{}", "http://a.example/")).links
    assert links
    assert Context.CODE not in {link.context for link in links}


@pytest.mark.parametrize("code", ["[code]get {} now[/code]", "<code>get {} now</code>", "<pre>get {} now</pre>"])
@pytest.mark.parametrize("link", ["<http://a.example/>", "![b](//a.example)", "[b]\n\n[b]: http://a.example/\n\nso"])
def test_links_of_markdown_are_not_code_in_html_and_bbcode(code: str, link: str) -> None:
    assert Context.CODE not in {one.context for one in Text.of(f"[b] {code.format(link)}").links}


BLOCKS = ("`", "``", "```", "\n```\n", "\n~~~\n", "\n~~~~ a\n", "\\", "\n", "\n\n", "\n  ", "\n   ", "\n\n    ", "\t",
          "\r\n", "\n- ", "- ", "1. ", "\n2) ", "\n> ", "> ", "\n# ", "\n---\n", "<pre>", "</pre>", "\n<div>\n", "<!--",
          "-->", "<b>", "[code]", "[/code]", "<code>", "</code>", "[x]", "[y](/u`v) ", "[y](/u 't`') ", "<https:a`>",
          "<b title='`'>", "&#96;", "\u200b", "\ufe0f", "word ", "a `b` c ", "](", "][", "(", "&gt;",
          "xmlns='")  # fmt: skip
LINKS = ("[a](//h{}.example)", "<https://h{}.example>", "\n[x]: https://h{}.example\n", "[a](<//h{}.example/`>)",
         "![](//h{}.example)")  # fmt: skip


@given(st.lists(st.sampled_from(BLOCKS + 3 * LINKS), max_size=14))
@settings(max_examples=400, deadline=None)
def test_every_link_that_a_commonmark_renderer_makes_counts(pieces: list[str]) -> None:
    """The body has words enough for links in code not to count."""
    written = "".join(piece.replace("{}", str(number)) for number, piece in enumerate(pieces))
    body = f"The table grows by a factor of two, which is why the cost is amortised.\n\n{written}"
    pages = [MarkdownIt("commonmark", {"html": html}).render(body) for html in (True, False)]
    rendered = {
        host for page in pages for host in re.findall(r'<(?:a href|img src)="(?:https:)?//(h\d+\.example)', page)
    }
    counted = counted_links(Submission(scope="c", body=body)).links
    assert all(any(host in link.url for link in counted) for host in rendered)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("a.b.github.io", "b.github.io"),
        ("github.io", "github.io"),
        ("x.wordpress.com", "x.wordpress.com"),
        ("a.b.pills.example", "pills.example"),
        ("10.0.0.1", "10.0.0.1"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_the_registrable_domain_is_what_one_owner_registered(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain


@given(st.text(max_size=300))
def test_any_host_has_a_registrable_domain_at_its_end(host: str) -> None:
    assert len(registrable_domain(host)) <= len(host)


def test_the_list_of_suffixes_is_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert registrable_domain("never.seen.before.co.uk") == "before.co.uk"


TOPIC = "On spam\n\nThe bot writes 'free gift cards for you' and links http://cards.example/free. We remove it."


def words(body: str, topic: str = TOPIC) -> str:
    return " ".join(Submission(scope="c", body=body, topic=topic).text.words)


def test_a_quote_of_the_post_is_not_judged() -> None:
    assert words("> the bot writes 'Free gift cards for you'\n\nWhy?") == "why"
    assert words("&gt; free gift cards\nWhy?") == "why"
    assert words("<blockquote><p>free <b>gift</b> cards</p></blockquote>Why?") == "why"
    assert words("[quote=Ada]free gift cards[/quote] Why?") == "why"


PLANTS = (
    "Water the seedlings in the evening. They need light, see https://seeds.example/light and "
    '<a class="more" href="https://pots.example/?a=1&amp;b=2">buy good pots early</a>.\n\n## The shop\n\nTwo leaves.'
)


@pytest.mark.parametrize(
    ("quote", "host"),
    [
        ("> Water the seedlings <https://slots.example/> in the evening", "slots.example"),
        ("> Water the seedlings <HTTPS://slots.example> in the evening", "slots.example"),
        ("> [Water the seedlings](<https://slots.example/>) in the evening", "slots.example"),
        ("> [Water the seedlings](<//slots.example/>) in the evening", "slots.example"),
        ('> <a href="https://slots.example/">Water the seedlings</a> in the evening', "slots.example"),
        ("> <a href=slots.example>Water the seedlings</a> in the evening", "slots.example"),
        ('> Water <img src="https://slots.example/x.png"> the seedlings', "slots.example"),
        ("> Water &lt;https://slots.example/&gt; the seedlings", "slots.example"),
        ("<blockquote>Water the <a href='https://slots.example/'>seedlings</a></blockquote>", "slots.example"),
        ("[quote=Ada]Water the [seedlings](<https://slots.example/>)[/quote]", "slots.example"),
        ("> Water the seedlings <https://seeds.example/more> in the evening", "seeds.example"),
        ("> buy good [](//pots.early)", "pots.early"),
    ],
)
def test_a_quote_with_an_address_that_the_post_lacks_is_judged(quote: str, host: str) -> None:
    for reply in ("Why?", "Why? See https://seeds.example/light for that."):
        text = Submission(scope="c", body=f"{quote}\n\n{reply}", topic=PLANTS).text
        assert host in {link.host for link in text.links}
    assert words(f"> They need light\n\nWhy?\n\n{quote}", PLANTS) == f"why {words(quote, PLANTS)}"


def test_a_link_in_several_quoted_lines_is_judged() -> None:
    body = "> [Two\n> leaves](\n> //pots.early)\n> buy good\n\nWhy?"
    assert [link.host for link in Submission(scope="c", body=body, topic=PLANTS).text.links] == ["pots.early"]


@pytest.mark.parametrize(
    "quote",
    [
        "> Water the seedlings in the evening.",
        "> Water the <b>seedlings</b> in<br/>the evening.",
        "> They need light, see https://seeds.example/light",
        "> They need light, see <https://seeds.example/light/>",
        '> and <a class="more" href="https://pots.example/?a=1&amp;b=2">buy good pots early</a>.',
        "<blockquote>buy good pots early</blockquote>",
    ],
)
def test_a_quote_with_the_links_of_the_post_is_not_judged(quote: str) -> None:
    assert words(f"{quote}\n\nWhy?", PLANTS) == "why"


def test_a_tag_that_shows_a_text_of_its_own_stays_in_a_quote() -> None:
    assert words("> Water <img alt='free gift cards'> the seedlings\n\nWhy?", PLANTS) != "why"
    assert words("> Water <casino> the seedlings\n\nWhy?", PLANTS) != "why"


def test_other_quotes_are_judged() -> None:
    assert words("> free gift cards for all\n\nWhy?") == "free gift cards for all why"
    assert words("> free gift cards", topic="") == "free gift cards"
    assert words("> free gift cards") == "free gift cards"
    linked = Submission(scope="c", body="> free gift cards http://pills.example\n\nWhy?", topic=TOPIC)
    assert [link.host for link in linked.text.links] == ["pills.example"]
    assert "gift" in words("> free gi\u200bft cards\n\nWhy?")
