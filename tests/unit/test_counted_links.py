"""Links that readers need don't count, and none of the ways to refer to something hides a spammer's links."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from captcha_guard.spam.counted_links import counted_links
from captcha_guard.spam.history import History, Party
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.rules import standard
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action, Verdict

PILLS = "http://pills.example"
SLOTS = "http://slots.example"
TEXT = "The table grows by a factor of two, which is why the cost is amortised."


@dataclass
class Past:
    """A memory of links within one scope."""

    links: dict[str, History] = field(default_factory=dict)

    def history(self, party: Party, names: tuple[str, ...]) -> History | None:
        return self.links.get(names[0], History()) if party == Party.LINK else History()

    def alike(self, submission: Submission) -> int | None:  # noqa: ARG002
        return 0


def post(body: str, **more: Any) -> Submission:
    return Submission(**{"scope": "post:1", "body": body, "author": "Ada Quill", "site": "blog.quill.example"} | more)


def judged(body: str, memory: Past | None = None, **more: Any) -> Verdict:
    return Judge(standard(memory=memory or Past())).judge(post(body, **more))


def rendered_hosts(body: str) -> set[str]:
    """Return the hosts of the links that CommonMark renderers make, with HTML and without, as browsers read them."""
    pages = [MarkdownIt("commonmark", {"html": html}).render(body) for html in (True, False)]
    urls = [unescape(url).strip() for page in pages for url in re.findall(r'href="([^"]+)"', page)]
    authorities = [re.split(r"[/?#\\\\]", re.sub(r"[\t\r\n]|^(https?:)?[/\\\\]*", "", url))[0] for url in urls]
    return {authority.rpartition("@")[2] for authority in authorities}


def count(body: str, memory: Past | None = None, **more: Any) -> int:
    return len(counted_links(post(body, **more), memory).links)


@pytest.mark.parametrize(
    "body",
    [
        f"{TEXT} https://docs.python.org/3/library/bisect.html and https://en.wikipedia.org/wiki/Hash_table",
        f"{TEXT} [the standard](https://html.spec.whatwg.org/#x) or <https://www.rfc-editor.org/rfc/rfc9110>",
        f"{TEXT} https://github.com/a/b/issues/1 https://github.com/a/b/pull/2 https://stackoverflow.com/q/3",
        f"{TEXT} https://blog.quill.example/a https://www.quill.example/b https://files.quill.example/c",
        f"{TEXT} http://192.168.0.3/ http://10.1.2.3:8080/x http://172.20.0.1 http://printer.local/",
        f"{TEXT}\n\n```\ncurl -v http://api.tables.example/v1\ncurl -v http://login.tables.example/v1\n```",
        f"{TEXT}\n\n~~~\nget http://a.tables.example/\nget http://b.tables.example/\n~~~",
        f"{TEXT}\n\n    proxy_pass http://a.tables.example;\n    proxy_pass http://b.chairs.example;\n",
        f"{TEXT} `git clone http://a.tables.example/x` and `git fetch http://a.tables.example/y`",
        f"<pre>GET http://a.tables.example/\nGET http://b.tables.example/</pre> {TEXT}",
        f"[code]wget http://a.tables.example/ && wget http://b.tables.example/[/code] {TEXT}",
        f'{TEXT} <a xmlns="http://a.tables.example/ns" xmlns:b = "http://b.tables.example/ns" />',
    ],
)
def test_links_that_technical_readers_need_dont_count(body: str) -> None:
    assert count(body) == 0
    assert judged(body).action == Action.ACCEPT


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        ("https://github.com/a https://github.com/b https://gitlab.com/c https://github.com/d", 1),
        (f"> buy pills {PILLS}\n> and play {SLOTS}\n\n{TEXT}", 2),
        (f"<blockquote>buy pills {PILLS} and play {SLOTS}</blockquote> {TEXT}", 2),
        (f"[quote=Ada]buy pills {PILLS} and play {SLOTS}[/quote] {TEXT}", 2),
        (f"`{PILLS}` `{SLOTS}` {TEXT}", 2),
        (f"{TEXT}\n```\n{PILLS}\n{SLOTS}\n```", 2),
        (f"{TEXT}\n\n    {PILLS}\n    {SLOTS}\n", 2),
        (f"{TEXT}\n    see there {PILLS}\n    or look there {SLOTS}\n", 2),
        (f"`see there {PILLS}` `or here {SLOTS}` `and there http://loans.example` {TEXT}", 1),
        (f"{TEXT}\n\n    best pills <a href='{PILLS}'>here</a> and <a href='{SLOTS}'>there</a>\n", 2),
        (f"<code>best pills <a href='{PILLS}'>here</a> <a href='{SLOTS}'>there</a></code> {TEXT}", 2),
        (f"<pre>best pills [here]({PILLS}) and slots [there]({SLOTS})</pre> {TEXT}", 2),
        (f"[code]best pills [here]({PILLS}) and slots [there]({SLOTS})[/code] {TEXT}", 2),
        (f"`best pills [url={PILLS}]here[/url] and [url={SLOTS}]there[/url]` {TEXT}", 2),
        (f"`see there {PILLS}`", 1),
        (f"```\nbest pills see {PILLS} and {SLOTS}\n{TEXT}", 2),
        (f"<code>best pills see {PILLS} and {SLOTS}\n{TEXT}", 2),
        (f"{TEXT} `see there \uff48ttp://pills.example` and `see here \uff48ttp://slots.example`", 2),
    ],
)
def test_neither_quotes_nor_code_hide_links(body: str, counted: int) -> None:
    assert count(body) == counted


@pytest.mark.parametrize(
    "link",
    [
        "https://en.wikipedia.org.pills.example/wiki",
        "https://en.wikipedia.org@pills.example/wiki",
        "https://en.wikipedia.org:80@pills.example/",
        "https://en.wikipedia.org\\@pills.example/",
        "https://en.wikipedia.org\u3002pills.example",
        "https://pills.example/en.wikipedia.org",
        "https://pills.example#en.wikipedia.org",
        "https://wikipedia.org%2epills.example/",
        "https://notwikipedia.org/",
        "https://quill.example.pills.example/",
        "https://notquill.example/",
        "https://github.com.pills.example/a/b",
        "https://github.io/a/b",
        "https://learn.microsoft.com/redirect?url=https://pills.example",
        "https://learn.microsoft.com/redirect?url=https%3A%2F%2Fpills.example",
        "https://www.w3.org/x?www.pills.example",
        "http://192.168.0.3.pills.example/",
        "http://10.pills.example/",
    ],
)
def test_no_address_passes_for_a_known_one(link: str) -> None:
    assert count(f"{TEXT} {link}") == 1
    assert count(f"{TEXT} <a href='{link}'>tables</a>") == 1


FORMS = (
    "[tables]({})",
    "[tables](<{}>)",
    "![tables]( {} 'title')",
    "<{}>",
    "[tables]\n\n[tables]: {}\n",
    "[tables]\n\n[tables]:\n <{}>\n",
    '<a href="{}">tables</a>',
    "<a class=x href=' {}'>tables</a>",
    "[url={}]tables[/url]",
    '[url="{}"]tables[/url]',
    "[url]{}[/url]",
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "between",
    [
        *(
            '"x@',
            "'y'@",
            "(@",
            "(a)(@",
            "[x@",
            "[]]@",
            "\xa0@",
            "<b>@",
            "`@",
            '".',
            "(.",
            "&apos;@",
            "&#41;.",
            "&rpar;@",
        ),
        *(
            "&lt;@",
            "&gt;@",
            "&#x20;@",
            "&Tab;@",
            "&nbsp;@",
            "&quot; @",
            "&quot;&gt;@",
            "&sol;@",
            "&quest;x@",
            "\uff0f@",
        ),
    ],
)
def test_no_character_hides_the_rest_of_a_host(form: str, between: str) -> None:
    for known in (
        "https://docs.python.org",
        "https://www.quill.example",
        "https://localhost",
        "https://tables.example",
    ):
        link = form.format(f"{known}{between}pills.example/a")
        sure = form.format("https://docs.python.org/a")
        assert count(f"{TEXT} {link}", topic="See https://tables.example/.") >= 1, link
        assert count(f"{TEXT} {sure} and {link}", topic="See https://tables.example/.") >= 1, link


@pytest.mark.parametrize(
    "form", ["[tables](<{}>)", "[tables]\n\n[tables]: <{}>\n", "<a href=' {}'>tables</a>", "[url={}]a[/url]"]
)
@pytest.mark.parametrize("between", [" x@", ' "@', "\t(@"])
def test_no_space_hides_the_rest_of_a_host_in_brackets_or_quotes(form: str, between: str) -> None:
    assert count(f"{TEXT} {form.format(f'https://docs.python.org{between}pills.example/a')}") == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("url", ["https://docs.python.org", "https://docs.python.org/3/", "http://localhost:5000"])
def test_a_whole_address_in_markup_passes_for_a_known_one(form: str, url: str) -> None:
    assert count(f"{TEXT} {form.format(url)} &amp; it's well \u200d\u2764\ufe0f written.") == 0


SEPARATORS = (
    "@",
    '"',
    "'",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "x",
    ".",
    " ",
    "\\",
    "`",
    "*",
    "~",
    "|",
    "{",
    ",",
    ";",
    ":",
    "&",
)
ENTITIES = (
    "&quot;",
    "&#39;",
    "&lpar;",
    "&#41;",
    "&lbrack;",
    "&#x5d;",
    "&lt;",
    "&gt;",
    "&sol;",
    "&#63;",
    "&num;",
    "&Tab;",
)


@given(st.sampled_from(FORMS), st.lists(st.sampled_from(SEPARATORS + ENTITIES), max_size=5).map("".join))
@settings(max_examples=300)
def test_a_link_counts_if_a_renderer_leads_it_to_another_host(form: str, between: str) -> None:
    body = f"{TEXT} {form.format(f'https://docs.python.org{between}@pills.example/a')}"
    if "pills.example" in rendered_hosts(body):
        assert count(body) >= 1


@pytest.mark.parametrize("between", [" x@", ") @", '"@', "&sol;@", "\uff0f@"])
def test_a_website_is_the_sites_own_only_if_the_whole_field_is(between: str) -> None:
    assert post(TEXT, url="https://blog.quill.example").text.site is None
    assert post(TEXT, url=f"https://blog.quill.example{between}pills.example/").text.site is not None


def test_what_the_post_links_does_not_count() -> None:
    topic = f"On tables\n\nThis follows [an older post]({PILLS}/tables/?page=2) and <a href='{SLOTS}/'>another</a>."
    assert count(f"{TEXT} {PILLS}/tables/?page=2#x and http://www.slots.example", topic=topic) == 0
    assert count(f"{TEXT} {PILLS}/tables/?page=3 and {SLOTS}/more", topic=topic) == 2
    assert count(f"{TEXT} {PILLS}/tables/?page=2", topic=lambda: topic) == 0
    assert judged(f"> {PILLS}/tables/?page=2\n\n{TEXT}\n\n{SLOTS}", topic=topic).action == Action.ACCEPT


def test_a_topic_that_fails_is_asked_once_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[str] = []

    def broken() -> str:
        asked.append("asked")
        raise OSError

    body = f"> free gift cards\n\n{TEXT} {PILLS}"
    verdict = judged(body, topic=broken)
    assert asked == ["asked"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the topic of 'post:1' failed, so the submission is judged without it" in caplog.text
    assert verdict == judged(body)
    caplog.clear()


def test_quoted_links_dont_count_if_a_published_comment_of_the_post_has_them() -> None:
    quoting = f"> See {PILLS}/tables and {SLOTS}/chairs for that.\n\n{TEXT}"
    known = {"post:1\npills.example/tables": History(1), "post:1\nslots.example/chairs": History(2)}
    assert judged(quoting).action == Action.HOLD
    assert judged(quoting, Past(known)).action == Action.ACCEPT
    assert judged(quoting, Past(known), scope="post:2").action == Action.HOLD
    assert judged(quoting.replace("> See", "See"), Past(known)).action == Action.HOLD
    spammed = known | {"post:1\npills.example/tables": History(1, 1)}
    assert count(quoting, Past(spammed)) == 1


def test_a_text_that_explains_its_links_asks_for_a_code() -> None:
    sources = "https://a.example/bench, https://b.example/bench"
    explained = f"I have measured `bisect` against a linear scan last week, on an old and on a new machine: {sources}"
    assert judged(explained).action == Action.CHALLENGE
    assert judged(f"I have measured `bisect`: {sources}").action == Action.HOLD
    assert judged(explained.replace("b.example", "a.example")).action == Action.HOLD
    assert judged(explained.replace("b.example/bench", "a.example/more")).action == Action.ACCEPT
    four = "https://a.example/2 https://a.example/3 https://a.example/4 https://a.example/5"
    assert judged(explained.replace(sources, "") * 3 + four[:-20]).action == Action.ACCEPT
    assert judged(explained.replace(sources, "") * 3 + four).held
    assert (
        judged(explained.replace("https://b.example/bench", "<a href='https://b.example/x'>b</a>")).action
        == Action.HOLD
    )
    assert judged(explained, url="https://www.a.example/").action == Action.HOLD
    assert judged(f"{explained} I have bookmarked your site.").action >= Action.HOLD
    assert judged(f"{explained * 3} https://c.example/x https://d.example/x").action >= Action.HOLD


@pytest.mark.parametrize(
    ("sign", "action"),
    [
        ("a linear scan", Action.HOLD),
        ("an iPhone or YouTube for 2.50", Action.HOLD),
        ("bisect_left", Action.HOLD),
        ("insertSorted", Action.HOLD),
        ("insertSorted => bisect", Action.CHALLENGE),
        ("macOS", Action.HOLD),
        ("whatsApp and tikTok", Action.HOLD),
        ("one => two || three", Action.HOLD),
        ("a sonata in C# minor", Action.HOLD),
        ("C#", Action.CHALLENGE),
        ("bisect_left and insertSorted", Action.CHALLENGE),
        ("one || the other", Action.HOLD),
        ("a queue in a gateway", Action.HOLD),
        ("the bug in a queue of the scheduler, with a timeout", Action.CHALLENGE),
        ("a cache, like bisect_left in numpy", Action.CHALLENGE),
        ("@ada_quill and -> others", Action.HOLD),
        ("--best of /all/of/them", Action.CHALLENGE),
        ("a price of 10.000.000", Action.HOLD),
        ("555.123.4567", Action.HOLD),
        ("those of 24.12.2023", Action.HOLD),
        ("v0.9.1", Action.CHALLENGE),
        ("v3.0", Action.CHALLENGE),
        ("sort()", Action.CHALLENGE),
        ("tables.py", Action.CHALLENGE),
        ("3.11.2", Action.CHALLENGE),
        ("the kernel of debian", Action.CHALLENGE),
    ],
)
def test_only_a_text_about_code_or_about_the_post_explains_its_links(sign: str, action: Action) -> None:
    body = f"Last week I have measured it against {sign} on some old and on some new ones: https://a.example https://b.example"
    assert judged(body).action == action
    assert judged(body, topic="Measured numbers of machines, against those of others").action == action
    topic = "How to measure\n\nWe measured linear scans against YouTube, bisect against insert: old ones and new ones."
    machines = body.replace("ones", "machines, the results differed")
    assert judged(machines, topic=f"{topic} On all machines the results differed.").action == Action.CHALLENGE


def test_a_reference_alone_is_no_bare_link() -> None:
    assert judged("https://docs.python.org/3/library/bisect.html").reasons == ()
    assert "link_only" in judged("https://a.example/bisect").reasons


@pytest.mark.parametrize(
    "link",
    ["https://gitlab.com/pills/pills", "https://docs.rs/pills", "https://forum.kde.org/t/pills/1"],
)
def test_a_comment_that_only_links_a_site_where_anyone_can_publish_is_only_a_link(link: str) -> None:
    assert "link_only" in judged(link).reasons
    assert "link_only" in judged(f"[my page]({link})").reasons
    assert judged(f"{TEXT} {link}").reasons == ()


@pytest.mark.parametrize(
    "address",
    [
        "npm.unpkg.com/pills",
        "unpkg.com/pills@1/index.html",
        "cdn.jsdelivr.net/npm/pills/index.html",
        "storage.cloud.google.com/pills/a.html",
        "pills.visualstudio.com/",
        "marketplace.visualstudio.com/items?itemName=pills",
        "forms.microsoft.com/r/pills",
        "purl.org/net/pills",
    ],
)
def test_hosts_with_pages_of_customers_are_no_works_of_reference(address: str) -> None:
    assert count(f"{TEXT} https://{address}") == 1


@pytest.mark.parametrize(
    "address",
    [
        "discuss.kubernetes.io/t/pills/1",
        "discuss.elastic.co/u/pills",
        "discourse.gnome.org/t/pills",
        "discourse.mozilla.org/t/pills",
        "users.scala-lang.org/u/pills",
        "community.mongodb.com/t/pills",
        "people.debian.org/~pills/",
        "profiles.wordpress.org/pills/",
        "wordpress.org/plugins/pills/",
        "addons.mozilla.org/firefox/addon/pills/",
        "answers.microsoft.com/en-us/pills",
        "learn.microsoft.com/en-us/users/pills/",
        "aws.amazon.com/marketplace/pp/pills",
        "en.wikipedia.org/wiki/User:Pills",
        "de.wikipedia.org/wiki/Benutzer:Pills",
        "en.wikipedia.org/w/index.php?title=User:Pills",
        "en.wikipedia.org/wiki/User%3APills",
        "wiki.archlinux.org/title/User:Pills",
        "docs.rs/pills/latest/pills/",
    ],
)
def test_where_anyone_can_publish_three_links_dont_count(address: str) -> None:
    links = [f"https://{address}{number}" for number in range(4)]
    assert count(f"{TEXT} {' '.join(links[:3])}") == 0
    assert count(f"{TEXT} {' '.join(links)}") == 1


@pytest.mark.parametrize(
    "address",
    [
        "docs.python.org/3/howto/sorting.html",
        "en.wikipedia.org/wiki/Star_Trek:_The_Next_Generation",
        "docs.djangoproject.com/en/5.0/topics/auth/users-and-groups/",
        "docs.aws.amazon.com/lambda/latest/dg/welcome.html",
        "aws.amazon.com/blogs/compute/queues/",
        "cloud.google.com/storage/docs",
        "learn.microsoft.com/en-us/dotnet/csharp/",
        "code.visualstudio.com/docs/editor/tasks",
        "wiki.archlinux.org/title/Systemd",
        "developer.wordpress.org/reference/hooks/",
    ],
)
def test_documentation_does_not_count_however_often(address: str) -> None:
    assert count(f"{TEXT} {' '.join(f'https://{address}?{number}' for number in range(5))}") == 0


def test_links_with_a_text_of_their_own_are_not_explained() -> None:
    text = "I have measured `bisect` against a linear scan last week, on an old and on a new machine of my sister"
    for links in (
        "[good tables](https://a.example/x) and https://b.example/y",
        "[good tables][1] and [chairs][2]\n\n[1]: https://a.example/x\n[2]: https://b.example/y",
        "[good tables] and [chairs]\n\n[good tables]: https://a.example/x\n[chairs]: <https://b.example/y>",
        "<a href='https://a.example/x'>good tables</a> and https://b.example/y",
        "[url=https://a.example/x]good tables[/url] and https://b.example/y",
        "[](https://a.example/x) and [\ngood tables](https://b.example/y)",
        "[tables](https://a.example/x), [chairs](https://a.example/y)",
    ):
        assert judged(f"{text}: {links}").held, links
    for links in (
        "[https://a.example/x](https://a.example/x) and [b.example](https://b.example/y)",
        "<https://a.example/x> and <https://b.example/y>",
        "[1] and [2]\n\n[1]: https://a.example/x\n[2]: https://b.example/y",
    ):
        assert judged(f"{text}: {links}").action == Action.CHALLENGE, links


@pytest.mark.parametrize(
    "body",
    [
        "GET https://a.example/x.css net::ERR_ABORTED 404 (Not Found), same for https://b.example/y.css",
        "Refused to load the script 'https://a.example/x.js'. https://b.example/y.js works.",
        "fatal: unable to access 'https://a.example/x.git/': SSL certificate problem. https://b.example/ is fine.",
        "curl -I https://a.example/x and curl -I https://b.example/y",
        "$ wget https://a.example/x gets less than https://b.example/y",
        "git clone --depth 1 https://a.example/x and https://b.example/y",
    ],
)
def test_a_pasted_message_explains_its_links(body: str) -> None:
    assert judged(body).action == Action.CHALLENGE
    assert judged(f"{body} https://c.example https://d.example").held


def test_everyday_words_beside_links_explain_nothing() -> None:
    roof = "We had our roof && siding done by these people last summer and were quite happy with the work"
    links = "https://roofs.example/miami https://siding.example/offers"
    for sign in ("&&", "=>", "and the header, with logs of", "and theirHouse", "--", "== and =="):
        assert judged(f"{roof.replace('&&', sign)}, see {links}").held, sign


@pytest.mark.parametrize("code", ["`{}`", "` {} `", "``{}``", "```{}```", "`{} www.beds.example`"])
def test_addresses_in_backticks_make_no_code_of_the_words_between_them(code: str) -> None:
    roof = "We had our roof done by these people last summer and were quite happy with all of the work"
    assert judged(f"{roof} {code.format(PILLS)} {roof} {code.format(SLOTS)} {roof}").held
    assert judged(f"{roof} {PILLS} {roof} {SLOTS} {roof} `curl http://beds.example`").action == Action.CHALLENGE


def test_an_address_that_redirects_anywhere_is_a_shortener() -> None:
    assert "shortener" in judged(f"{TEXT} https://purl.org/net/pills").reasons
