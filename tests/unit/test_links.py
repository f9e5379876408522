"""Links: all that CommonMark or a browser would follow and nothing else, in linear time."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from captcha_guard.spam.submission import Submission
from captcha_guard.spam.text.link import Link
from captcha_guard.spam.text.link_scanner import MOST_LINKS, scan
from captcha_guard.spam.text.normalised import Text
from tests.unit.good_comments import GOOD


def hosts(body: str, site: str = "") -> list[str]:
    return [link.host for link in Text.of(body, site=site).links]


@pytest.mark.parametrize(
    "written",
    [
        "http://x.example/a",
        "HTTPS://X.example",
        "ftp://x.example",
        "www.x.example",
        "<http://x.example>",
        "<https:x.example>",
        "[a](http://x.example)",
        '[a](http://x.example "title")',
        "[a](<http://x.example>)",
        r"[a](http\://x.example)",
        r"[a](<http\://x.example>)",
        "[a](//x.example)",
        r"[a](\/\/x.example)",
        r"[a](https:\\x.example)",
        "[a](https:x.example)",
        "[a](http:/x.example)",
        "[a](\n//x.example)",
        "> [a](\n> //x.example)",
        "![a](//x.example/a.png)",
        "[a][1]\n\n[1]: //x.example",
        "[a][]\n\n[A]: <//x.example>",
        "[a]\n\n[a]:\n  http://x.example 'title'",
        r"[a\]b]" + "\n\n" + r"[a\]b]: http://x.example",
        "&#104;ttp&#58;//x.example",
        "&#x000068;ttp&colon;//x.example",
        "[a](&#47;&sol;x.example)",
        "[a](htt&#112;:x.example)",
        "<a href=//x.example>a</a>",
        "<A HREF = '//x.example'>a</A>",
        '<a title="a>b" href=" //x.example">a</a>',
        '<a href="ht\ntp://x.exa\tmple">a</a>',
        '<a href="/\\x.example">a</a>',
        '<a href="https:x.example">a</a>',
        "<a href=x.example/a>a</a>",
        "<img src=//x.example/a.png>",
        "[url]//x.example[/url]",
        "[URL=x.example]a[/URL]",
        "[link=http://x.example]a[/link]",
        "_http://x.example/_",
        "\u898bhttp://x.example",
        "h\x01ttp://x.example",
        "http:\u200b//x.example",
        "http://x\u3002example",
        "http:\\/x.example",
        "[http://x.example](http://x.example)",
        "<a href='http://x.example'>http://x.example</a>",
        "[url=http://x.example]http://x.example[/url]",
        "[git](git+ssh://x.example/a)",
    ],
)
def test_a_link_is_found_once_with_its_host(written: str) -> None:
    assert hosts(f"See {written}") == ["x.example"] or hosts(written) == ["x.example"]


@pytest.mark.parametrize(
    "written",
    [
        "ASP.NET, .NET, Node.js, socket.io, os.path.join, e.g. pyproject.toml",
        "[1] and array[i](x) and a[i](//",
        "f(a[0]) [x]",
        "[a](/posts/1) [b](#notes) [c](mailto:ada@x.example) [d](../a) [e](a.html)",
        "[1]: see above",
        "<a name=x> <article>",
        "std::vector<std::string> a = b[i](c) // d",
        "http: and https: and http:// alone",
        "key: //",
        "C:\\\\temp",
        "\\\\",
        "mail me at ada@www.x.example",
        "<div href>",
        "href = x",
        "src = y",
        "a[link] [url]",
        "return x[1]://",
    ],
)
def test_what_leads_to_no_other_site_is_no_link(written: str) -> None:
    assert hosts(written) == []


@pytest.mark.parametrize("name", [name for name in GOOD if "http" not in GOOD[name].body])
def test_no_link_is_seen_in_honest_comments(name: str) -> None:
    assert GOOD[name].text.links == ()


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("[a][1] [b][1] [c][1]\n\n[1]: //x.example", 3),
        ("[1]: //x.example\n[2]: //y.example", 2),
        ("[1]: //x.example\n\n[a][1]", 1),
        ("[a][1]\n\n[1]: /here", 0),
        ("[a] [A][] ![x][a]\n\n[a]: //x.example", 3),
        ("[1]: //x.example\n\nas in [1]: yes", 1),
        ("[1]: //x.example\n\n# [1]: //x.example\n\n[a][1] [b][1]", 3),
        ("[![i](//i.example)](//l.example)", 2),
        ("[http://a.example](http://b.example)", 2),
        ("https://en.x.example/A_(b) is one", 1),
    ],
)
def test_references_count_as_often_as_they_are_used(written: str, count: int) -> None:
    assert len(hosts(written)) == count


@pytest.mark.parametrize(
    "home",
    [
        "http://localhost:5000",
        "http://127.0.0.1:8000/docs",
        "https://[::1]/",
        "http://0.0.0.0:80",
        "http://app.localhost/a",
        "https://blog.example/posts/1",
        "[a](//blog.example)",
        "<a href='http://www.blog.example/'>a</a>",
        "www.blog.example",
        "(see http://localhost:5000).",
        "<http://localhost>",
        "`http://127.0.0.1`",
        "[a](http://localhost:5000), and",
    ],
)
def test_links_to_the_site_itself_and_to_ones_own_machine_dont_count(home: str) -> None:
    assert hosts(home, site="blog.example:443") == []


@pytest.mark.parametrize(
    "away",
    [
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://localhost:1@evil.example",
        r"http://localhost\.evil.example",
        "<a href='http://localhost\n.evil.example'>a</a>",
        "http://127.0.0.1.evil.example",
        "<a href=http://localhost'.evil.example>a</a>",
        "[a](http://localhost(.evil.example))",
        "http://localhost).evil.example",
        "https://blog.example.evil.example",
        "https://evilblog.example",
        "//x [a](//localhost%2eevil.example)",
    ],
)
def test_nothing_else_passes_for_the_site_or_ones_own_machine(away: str) -> None:
    assert len(hosts(away, site="blog.example")) == 1


def test_many_links_home_hide_no_other() -> None:
    assert hosts("http://localhost/ " * 900 + "http://x.example") == ["x.example"]
    assert len(hosts("http://localhost/ " * 5000 + "http://x.example")) == MOST_LINKS


def test_links_are_found_anywhere_in_any_text() -> None:
    filler = "The lock is taken twice because the first holder may have gone. " * 400
    for place in (0, 7000, len(filler) // 2, len(filler)):
        assert hosts(f"{filler[:place]} [a](//x.example) {filler[place:]}") == ["x.example"]
    submission = Submission(
        scope="c", body=filler, other=(filler, "so", f"{filler} http://x.example"), private=("www.y.example",)
    )
    assert [link.host for link in submission.text.links] == ["x.example", "y.example"]


HOST = st.sampled_from(["a.example", "b.example", "sub.c.example"])
SCHEME = st.sampled_from(["http://", "https://", "//", "HTTP://", "http\\://", "ftp://", "&#104;ttp&#58;//", "\\/\\/"])
URL = st.builds(
    "{}{}{}".format, SCHEME, HOST, st.sampled_from(["", "/", "/a_b", "/a?b=c&d#e", "/(x)", "/a\\)b", "/*a*"])
)
TITLE = st.sampled_from(["", ' "t"', " 't'", " (t)", '\n"t [x](y)"'])
WORDS = st.sampled_from(
    ["text", "a *b* c", "`code`", "\\[", "]", "[", "![", "(x)", "*", "_a_", "<b>", "&amp;", "\\\\", "a[0]", "1"]
)
LABEL = st.sampled_from(["1", "a", "Foo  Bar", "a*b", "x\\]y", "\u1e9e"])
INLINE = st.one_of(
    st.builds("[{}]({}{})".format, WORDS, URL, TITLE),
    st.builds("![{}](<{}>{})".format, WORDS, URL, TITLE),
    st.builds("[{}]( <{}> )".format, WORDS, URL),
    st.builds("<{}>".format, st.builds("http://{}".format, HOST)),
    st.builds("[{}][{}]".format, WORDS, LABEL),
    st.builds("[{}][]".format, LABEL),
    st.builds("[{}]".format, LABEL),
    st.builds("[![{}]({})]({})".format, WORDS, URL, URL),
    st.builds("[x](/here) [{}]({}".format, WORDS, URL),
    WORDS,
)
DEFINITION = st.builds("[{}]:{}{}{}".format, LABEL, st.sampled_from([" ", "\n ", ""]), URL, TITLE)
LINE = st.one_of(
    st.lists(INLINE, min_size=1, max_size=6).map(" ".join),
    st.lists(INLINE, min_size=1, max_size=6).map("".join),
    DEFINITION,
)
BLOCK = st.builds("{}{}".format, st.sampled_from(["", "> ", "- ", "# ", "1. ", "    ", "```\n"]), LINE)


def rendered(body: str) -> int:
    """Return how many links and images of other hosts a CommonMark renderer makes of ``body``."""
    count = 0
    tokens = list(MarkdownIt("commonmark").parse(body))
    while tokens:
        token = tokens.pop()
        tokens += token.children or []
        target = str(token.attrGet("href") or token.attrGet("src") or "")
        count += bool(urlsplit(target).netloc)
    return count


@given(st.lists(BLOCK, min_size=1, max_size=8).map("\n\n".join))
@settings(max_examples=500)
def test_no_fewer_links_are_counted_than_a_commonmark_renderer_makes(body: str) -> None:
    assert len(Text.of(body).links) >= rendered(body)


SIZE = 500_000
PIECES = (
    "[",
    "](",
    "](/",
    "<a ",
    "[a][",
    "http:",
    "http://",
    "\\",
    "\\[",
    "&",
    "&#65;",
    "](//",
    "href=",
    'href="',
    "href= ",
    "[a]: /",
    "[url=",
    "www.",
    "www.a",
    "]:",
    "]: > ",
    "<http:",
    "h\n",
    "href=h\n",
    "a://",
    "https://a.b ",
    "http://localhost ",
    "src=",
    "`",
    "[a]: //localhost\n",
    "[a\\",
)


@pytest.mark.parametrize("piece", PIECES)
def test_hostile_text_takes_no_longer_than_its_length_allows(piece: str) -> None:
    """Some 100 ns a character at the most, where a quadratic search takes minutes."""
    hostile = (piece * SIZE)[:SIZE]
    start = time.thread_time()
    found = scan(hostile)
    assert time.thread_time() - start < 0.5
    assert len(found) <= MOST_LINKS


def test_a_text_without_links_has_none() -> None:
    assert Text.of("nothing to see").links == ()
    assert Text.of("see http://x.example.").links == (Link("http://x.example.", "x.example"),)
