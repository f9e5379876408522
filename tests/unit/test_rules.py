"""Every rule, and every number in it, changes at least one verdict; good comments are let through."""

# ruff: noqa: RUF001 (letters that pass for others are among what is tried)

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from captcha_guard.spam.history import Ban, History, Party
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.lists.word_list import WordList
from captcha_guard.spam.rules import RULES, standard
from captcha_guard.spam.rules.too_fast import TooFast
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action, Thresholds
from tests.unit.good_comments import GOOD

PLAIN = Submission(
    scope="comment:hash-tables",
    author="Ada Quill",
    email="ada@mail.example",
    body="The load factor in part two should read 0.7, I think.",
    seconds=42,
    client="c1",
    posted_at=1_000_000,
)
LONG = "The second paragraph could say that the table grows by a factor of two, and why that is amortised."


@dataclass
class Past:
    """A memory that says what it is told to."""

    known: dict[tuple[Party, str], History | None] = field(default_factory=dict)
    copies: int | None = 0

    def history(self, party: Party, names: tuple[str, ...]) -> History | None:
        return self.known.get((party, names[0]), History()) if names else History()

    def alike(self, submission: Submission) -> int | None:  # noqa: ARG002
        return self.copies


def judge(memory: Past | None = None, weights: dict[str, int] | None = None, **options: Any) -> Judge:
    return Judge(standard(memory=memory or Past(), **options), weights=weights)


def spam_from(party: Party, name: str, ham: int, spam: int) -> dict[str, Any]:
    return {"memory": Past({(party, name): History(ham, spam)})}


DAY = 86_400
WORDS = WordList(["free pills", "part:agra"])
BAN = Ban("c1", datetime(2027, 1, 15, tzinfo=UTC), datetime(2027, 1, 16, 9, 30, 1, tzinfo=UTC))
AUTHOR = "ada quill\nada@mail.example"

#: slug, what is posted, the options under which; without the rule another action is taken.
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("too_long", {"author": "x" * 246}, {}),
    ("closed_post", {"closed": True}, {}),
    ("disallowed_words", {"body": "Get FREE  pills"}, {"disallowed": WORDS}),
    ("duplicate", {}, {"known": lambda _: True}),
    ("banned_client", {}, {"ban_of": {"c1": BAN}.get}),
    ("trusted_author", {"account": "ada", "honeypot": "x"}, spam_from(Party.ACCOUNT, "ada", 3, 0)),
    ("honeypot", {"honeypot": "x"}, {}),
    ("too_fast", {"seconds": 2.9}, {}),
    ("old_post", {"post_age": 365 * DAY, "body": f"{LONG} See shop.example.com/tables"}, {}),
    ("empty", {"body": "\u200b \u2060"}, {}),
    ("links", {"body": f"{LONG} https://a.example https://b.example"}, {}),
    ("single_link", {"body": "You have a great blog, see https://a.example"}, {}),
    ("link_only", {"body": "https://a.example"}, {}),
    ("link_markup", {"body": f"{LONG} <a href='https://a.example'>tables</a>", "post_age": 400 * DAY}, {}),
    ("bbcode", {"body": f"{LONG} [url=https://a.example]tables[/url]"}, {}),
    ("shortener", {"body": f"{LONG} https://bit.ly/x1"}, {}),
    ("last_link", {"body": f"{LONG} https://bestlawnmowers.example", "author": "Best Lawn Mowers"}, {}),
    ("bare_domain", {"body": f"{LONG} Then visit lawnmowers . com"}, {}),
    ("author_slogan", {"author": "Cheap Loans"}, {}),
    ("name_offer", {"author": "Tree Service Tampa"}, {}),
    ("disposable_email", {"email": "ada@in.trash.example"}, {"disposable": ["trash.example"]}),
    ("letter_tricks", {"body": "The l\u200boad fаctor"}, {}),
    ("foreign_script", {"body": "Спасибо за статью"}, {"scripts": ["Latin", "Greek"]}),
    ("contact", {"body": f"{LONG} Call +1 555 010 0100 or mail seller@shop.example"}, {}),
    ("flattery", {"body": "I have bookmarked your site", "url": "https://a.example"}, {}),
    ("phrases", {"body": "Make money online with free gift cards"}, {}),
    ("moderated_words", {"body": "a viagrafree zone"}, {"moderated": WORDS}),
    ("first_comment", {}, {"hold_first": True}),
    ("client_history", {}, spam_from(Party.CLIENT, "c1", 0, 1)),
    ("linked_host", {"url": "https://www.pills.example/x"}, spam_from(Party.HOST, "pills.example", 0, 1)),
    ("near_duplicate", {}, {"memory": Past(copies=1)}),
]


@pytest.mark.parametrize(("slug", "change", "options"), CHANGES, ids=[slug for slug, _, _ in CHANGES])
def test_each_rule_changes_a_verdict(slug: str, change: dict[str, Any], options: dict[str, Any]) -> None:
    submission = replace(PLAIN, **change)
    verdict = judge(**options).judge(submission)
    without = judge(**options, weights={slug: 0}).judge(submission)
    assert slug in verdict.reasons
    assert verdict.action != without.action


def test_every_rule_of_the_registry_is_shown_to_change_a_verdict() -> None:
    assert [slug for slug, _, _ in CHANGES] == [rule.slug for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_every_rule_says_what_it_is(rule: Any) -> None:
    assert set(rule.looks_at) <= {name for name in PLAIN.__dataclass_fields__ if name != "scope"} | {"scope"}
    assert 0 <= rule.weight <= 100
    assert rule.sentence.endswith(".")
    assert rule.__doc__
    assert rule.final in (True, False)


def test_the_documented_table_has_every_rule_with_its_score_in_order() -> None:
    page = (Path(__file__).parents[2] / "docs/judging.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| ([\w, ]+) \|", page, re.MULTILINE)
    assert rows == [(rule.slug, str(rule.weight), ", ".join(rule.looks_at)) for rule in RULES]


def test_rules_run_in_the_order_of_the_registry() -> None:
    rules = standard(
        memory=Past(),
        ban_of=lambda _: None,
        disallowed=WORDS,
        moderated=WORDS,
        disposable=["a"],
        scripts=["Latin"],
        hold_first=True,
    )
    assert [type(rule) for rule in rules] == list(RULES)


#: slug, what just does not count, what just does, the options.
EDGES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("too_long", {"author": "x" * 245}, {"author": "x" * 246}, {}),
    ("too_fast", {"seconds": 3}, {"seconds": 2.9}, {}),
    ("old_post", {"post_age": 30 * DAY - 1}, {"post_age": 30 * DAY}, {"old_post": 30}),
    ("links", {"body": f"{LONG} https://a.example"}, {"body": f"{LONG} https://a.example https://b.example"}, {}),
    ("link_only", {"body": "see there for tables https://a.example"}, {"body": "see there for https://a.example"}, {}),
    ("link_only", {"body": "\u540c\u3058\u30a8\u30e9\u30fc\u304c\u51fa\u307e\u3057\u305f https://a.example"},
     {"body": "\u540c\u3058\u30a8 https://a.example"}, {}),
    ("bbcode", {"body": "Write [url=...]text[/url] there"}, {"body": "Write [url=a]text[/url] there"}, {}),
    ("single_link", {"body": "`http://` should be `https://`, so http://... won't do"}, {"body": "http://..a"}, {}),
    ("last_link", {"body": f"{LONG} https://ada.example", "author": "Ada"},
     {"body": f"{LONG} https://adam.example", "author": "Adam"}, {}),
    ("author_slogan", {"author": "Quill of the hash tables blog"}, {"author": "Quill of the two hash tables blog"}, {}),
    ("author_slogan", {"author": "Casino"}, {"author": "Casino bonus"}, {}),
    ("name_offer", {"author": "Tree Tampa"}, {"author": "Tree Service Tampa"}, {}),
    ("name_offer", {"author": "Kredit Schulze"}, {"author": "Kredit ohne Schufa"}, {}),
    ("foreign_script", {"body": "за ко"}, {"body": "за код"}, {"scripts": ["Latin"]}),
    ("foreign_script", {"body": "спасибо thank you"}, {"body": "спасибо thanks"}, {"scripts": ["Latin"]}),
    ("flattery", {"body": f"Great post. {LONG} {LONG}", "url": "https://a.example"},
     {"body": "Great post.", "url": "https://a.example"}, {}),
    ("flattery", {"body": "Great post."}, {"body": "Great post. https://a.example"}, {}),
    ("bbcode", {"body": f"{LONG} `[url=https://a.example]tables[/url]` is how"},
     {"body": f"{LONG} [url=https://a.example]tables[/url] is how"}, {}),
    ("link_markup", {"body": f"{LONG}\n```\n<a href='https://a.example/'>tables</a>\n```"},
     {"body": f"{LONG}\n<a href='https://a.example/'>tables</a>\n``` "}, {}),
    ("phrases", {"body": "The best price per core has an old laptop."}, {"body": "Laptops at the best prices!"}, {}),
    ("trusted_author", {"account": "bea", "seconds": 1}, {"account": "ada", "seconds": 1},
     {"memory": Past({(Party.ACCOUNT, "ada"): History(3), (Party.ACCOUNT, "bea"): History(2)})}),
    ("trusted_author", {"account": "bea", "seconds": 1}, {"account": "ada", "seconds": 1},
     {"memory": Past({(Party.ACCOUNT, "ada"): History(5), (Party.ACCOUNT, "bea"): History(99, 1)})}),
    ("trusted_author", {"author": "ada", "seconds": 1}, {"account": "ada", "seconds": 1},
     {"memory": Past({(Party.ACCOUNT, "ada"): History(3)})}),
    ("client_history", {"client": "c2"}, {"client": "c1"},
     {"memory": Past({(Party.CLIENT, "c1"): History(1, 2), (Party.CLIENT, "c2"): History(2, 2)})}),
    ("client_history", {"client": "shared"}, {"client": "c1"},
     {"memory": Past({(Party.CLIENT, "c1"): History(0, 2), (Party.CLIENT, "shared"): History(0, 9)})}),
    ("linked_host", {"url": "https://www.w3.org"}, {"url": "https://x.a.example"},
     {"memory": Past({(Party.HOST, "a.example"): History(0, 5), (Party.HOST, "w3.org"): History(0, 5)})}),
    ("linked_host", {"url": "https://github.com/bea/x/y"}, {"url": "https://github.com/ada/x/y/z"},
     {"memory": Past({(Party.HOST, "github.com/ada/x/y"): History(0, 5)})}),
    ("linked_host", {"url": "https://bea.github.io"}, {"url": "https://www.ada.github.io"},
     {"memory": Past({(Party.HOST, "ada.github.io"): History(0, 5)})}),
    ("linked_host", {"url": "https://b.example"}, {"url": "https://a.example"},
     {"memory": Past({(Party.HOST, "a.example"): History(1, 5), (Party.HOST, "b.example"): History(1, 4)})}),
    ("first_comment", {"account": "ada"}, {"account": "bea"},
     {"hold_first": True, "memory": Past({(Party.ACCOUNT, "ada"): History(1)})}),
    ("first_comment", {}, {"email": ""}, {"hold_first": True, "memory": Past({(Party.AUTHOR, AUTHOR): History(1)})}),
    ("empty", {"body": "  "}, {"body": " \u200b"}, {}),
    ("empty", {"body": "<img src=x>"}, {"body": "\u3164"}, {}),
    ("link_markup", {"body": f"{LONG} <a href='https://a.example/?t=2m19s'>2:19</a>"},
     {"body": f"{LONG} <a href='https://a.example/'>watch</a>"}, {}),
    ("bare_domain", {"body": "numpy.org and main.rs"}, {"body": "see example.org/me"}, {}),
    ("disposable_email", {"email": "ada@nottrash.example"}, {"email": "ADA@Trash.Example"},
     {"disposable": ["trash.example"]}),
    ("bare_domain", {"body": "Framework 4 .NET and Core2 .NET"}, {"body": "Visit mowers . net"}, {}),
    ("bare_domain", {"body": "It runs under .NET/Mono, using .net/c"}, {"body": "Visit mowers .com/lawn"}, {}),
    ("bare_domain", {"body": "at github.com/ada/tables"}, {"body": "at mowers.com/lawn"}, {}),
    ("bare_domain", {"body": "console.me and club.bet"}, {"body": "at red-mowers.bet"}, {}),
    ("bare_domain", {"body": "a `top-row.live` class"}, {"body": "a top-row.live show"}, {}),
    ("bare_domain", {"body": "call lawn-data.win(1)"}, {"body": "call lawn-data.win"}, {}),
    ("bare_domain", {"body": "it is at mowers.vip"}, {"body": "write us at mowers.vip"}, {}),
    ("bare_domain", {"body": "[red-mowers.xyz](https://red-mowers.xyz)"}, {"body": "[red-mowers.xyz](x)"}, {}),
    ("bare_domain", {"body": "I mow . Live with it (.) me"}, {"body": "see mowers[.]live"}, {}),
    ("bare_domain", {"body": "at mowers.python/lawn"}, {"body": "at mowers.casino/lawn"}, {}),
    ("contact", {"body": "the scheme tg: of a link"}, {"body": "[mowers](tg://resolve?domain=mowers)"}, {}),
    ("contact", {"body": "<a href='https://a.example/'>x</a>"}, {"body": "<a href='https://t.me/mowers'>x</a>"}, {}),
    ("contact", {"body": "a href of whatsapp://"}, {"body": "[x](whatsapp://send?phone=1)"}, {}),
    ("phrases", {"body": "It makes 5000 requests per hour online."}, {"body": "I made $700 a week from home."}, {}),
    ("contact", {"body": "ISBN 978-0-13-110362-7 of 2024-05-17"}, {"body": "whatsapp: 0155 5010 0100"}, {}),
    ("contact", {"body": "dial tcp 10.96.0.1:443: timeout"}, {"body": "dial 01.55.50.10.00"}, {}),
    ("contact", {"body": "12:01:31 +0200 20240517 ok"}, {"body": "at +1200 20240517"}, {}),
    ("contact", {"body": "git@forge.example:ada/tables.git"}, {"body": "ada@forge.example"}, {}),
    ("bbcode", {"body": "[link](https://docs.python.org) in Markdown, [url] alone"},
     {"body": "[link]https://docs.python.org in BBCode"}, {}),
    ("bbcode", {"body": "~~~\n[url]https://docs.python.org[/url]\n~~~"},
     {"body": "<code>[url]docs.python.org[/url]</code>"}, {}),
    ("author_slogan", {"author": "Loan Nguyen"}, {"author": "Loan Expert"}, {}),
    ("author_slogan", {"author": "Kim Seo Yeon"}, {"author": "Seo Marketing"}, {}),
    ("author_slogan", {"author": "Joe Hacker"}, {"author": "Hacker for hire"}, {}),
    ("author_slogan", {"author": "Bea the Cheap"}, {"author": "Bea the cheap shop"}, {}),
    ("author_slogan", {"author": "Bob, Big Poker Fan"}, {"author": "Bob, Big Poker Club"}, {}),
    ("name_offer", {"author": "Bea's Tree Service"},
     {"author": "Bea's Tree Service", "body": f"{LONG} https://roof.example"}, {}),
    ("author_slogan", {"author": "Bob Plumber"}, {"author": "Bob Plumber Dallas"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "under", "over", "options"), EDGES, ids=[edge[0] for edge in EDGES])
def test_each_number_in_a_rule_is_an_edge(
    slug: str, under: dict[str, Any], over: dict[str, Any], options: dict[str, Any]
) -> None:
    assert slug not in judge(**options).judge(replace(PLAIN, **under)).reasons
    verdict = judge(**options).judge(replace(PLAIN, **over))
    assert slug in verdict.reasons
    decides = Thresholds(challenge=max(1, verdict.score))
    for change, changes in ((under, False), (over, True)):
        actions = {
            Judge(judge(**options).rules, decides, weights=weights).judge(replace(PLAIN, **change)).action
            for weights in ({}, {slug: 0})
        }
        assert (len(actions) == 2) is changes


def score(slug: str, change: dict[str, Any], **options: Any) -> int:
    findings = judge(**options).judge(replace(PLAIN, **change)).findings
    return sum(finding.score for finding in findings if finding.reason == slug)


@pytest.mark.parametrize(
    ("ham", "spam", "sentence"),
    [
        (0, 1, "1 comment that linked to pills.example was spam."),
        (0, 3, "3 comments that linked to pills.example were spam."),
        (1, 6, "6 comments that linked to pills.example were spam. 1 other comment was kept."),
        (2, 9, "9 comments that linked to pills.example were spam. 2 other comments were kept."),
    ],
)
def test_the_moderator_reads_how_many_comments_with_the_link_were_spam_and_how_many_were_kept(
    ham: int, spam: int, sentence: str
) -> None:
    submission = replace(PLAIN, url="https://pills.example")
    verdict = judge(**spam_from(Party.HOST, "pills.example", ham, spam)).judge(submission)
    (finding,) = (one for one in verdict.findings if one.reason == "linked_host")
    assert finding.sentence == sentence


def test_the_moderator_reads_which_share_of_the_letters_is_foreign() -> None:
    verdict = judge(scripts=["Latin"]).judge(replace(PLAIN, body="спасибо abc"))
    assert [finding.sentence for finding in verdict.findings] == [
        "70 % of the letters are in a script that the site doesn't use."
    ]


def test_what_comes_again_and_again_weighs_more() -> None:
    assert [score("near_duplicate", {}, memory=Past(copies=copies)) for copies in (1, 2, 3)] == [35, 55, 75]
    assert score("near_duplicate", {}, memory=Past(copies=8)) == 90
    assert [score("client_history", {}, **spam_from(Party.CLIENT, "c1", 0, spam)) for spam in (1, 2)] == [30, 60]
    hosts = [spam_from(Party.HOST, "a.example", 0, spam) for spam in (1, 2)]
    assert [score("linked_host", {"url": "a.example"}, **host) for host in hosts] == [30, 60]
    many = " ".join(f"https://{letter}.example" for letter in "abcd")
    assert [score("links", {"body": many}), score("links", {"body": many}, max_links=4)] == [50, 30]
    assert score("links", {"body": "https://a.example " * 900}) == 90
    assert score("letter_tricks", {"body": "ｆｒｅｅ"}) < score("letter_tricks", {"body": "fr\u200bee"})
    assert score("letter_tricks", {"body": "fr\u200bee gi\u200bft"}) < score("letter_tricks", {"body": "a\u200bb " * 5})
    assert score("phrases", {"body": "free gift cards"}) < score(
        "phrases", {"body": "free gift cards and casino bonus codes"}
    )
    assert score("phrases", {"body": "I subscribe"}) < score("phrases", {"body": "subscribe to my channel"})
    kinds = ("I have bookmarked your site.", "I stumbled upon your blog.", "How long have you been blogging?")
    praise = [" ".join(kinds[:count]) for count in (1, 2, 3)]
    assert [score("flattery", {"body": body}) for body in praise] == [20, 35, 50]
    assert [score("flattery", {"body": body, "url": "https://a.example"}) for body in praise] == [40, 50, 50]
    assert score("contact", {"body": "a@b.example"}) < score("contact", {"body": "a@b.example or +1 555 010 0100"})
    ways = ("whatsapp me @ada", "call +1 555 010 0100", "mail a@b.example")
    assert [score("contact", {"body": ", ".join(ways[:count])}) for count in (1, 2, 3)] == [25, 50, 50]
    tricks = ("fr\u200bee", "gi\u0456ft", "\U0001d41f\U0001d42b\U0001d41e", "c\u0336a\u0336s\u0336")
    assert [score("letter_tricks", {"body": " ".join(tricks[:count])}) for count in (1, 2, 3)] == [25, 50, 60]
    assert [score("letter_tricks", {"body": "a\u200bb " * times}) for times in (4, 5)] == [25, 50]
    offers = ("free gift cards", "casino bonus codes", "buy viagra online", "payday loans online", "buy backlinks")
    assert [score("phrases", {"body": ", ".join(offers[:count])}) for count in (1, 2, 3, 4, 5)] == [45, 60, 75, 90, 90]
    names = ("asp.net", "best-shop.com", "bob.xyz", "loanmart.com", "https://ada.com")
    assert [score("author_slogan", {"author": name}) for name in names] == [25, 40, 40, 40, 40]
    code = f"With `bisect`: {LONG}"
    page, front = f"{code} https://adam.example/tables/2", f"{code} https://adam.example/"
    bodies = (page, front, page.replace("`", ""), page[:15] + page[-30:])
    assert [score("last_link", {"author": "Adam", "body": body}) for body in bodies] == [15, 40, 40, 40]
    twice = f"{page} https://adam.example/tables/3"
    assert score("last_link", {"author": "Adam", "body": twice}) == 15
    assert score("last_link", {"author": "Adam", "body": f"{twice} https://adam.example/tables/2,"}) == 40
    assert score("bare_domain", {"body": "at shop.com/x"}) < score("bare_domain", {"body": "at shop (dot) com"})


def test_nobody_is_trusted_or_accused_when_the_memory_is_down() -> None:
    down = Past({(party, name): None for party in Party for name in ("ada", "c1", "a.example", AUTHOR)}, copies=None)
    submission = replace(PLAIN, account="ada", url="https://a.example", honeypot="x")
    assert judge(down).judge(submission).reasons == ("honeypot",)
    assert judge(down, hold_first=True).judge(submission).reasons == ("honeypot", "first_comment")


@pytest.mark.parametrize("name", GOOD)
def test_a_good_comment_is_let_through(name: str) -> None:
    verdict = judge(disposable=["trash.example"]).judge(GOOD[name])
    assert verdict.action == Action.ACCEPT, verdict.findings


@pytest.mark.parametrize(
    "spam",
    [
        {"author": "Cheap Loans Online", "url": "https://loans.example",
         "body": "Great post! I have bookmarked your site. Visit my web page for personal loans: https://loans.example"},
        {"author": "SEO Expert", "url": "https://rank.example",
         "body": "We offer SEO services and quality backlinks, rank on google now. <a href='https://rank.example'>SEO</a>"},
        {"body": "[url=https://casino.example]online casino[/url] [url=https://slots.example]casino bonus[/url]"},
        {"body": "A hacker helped me recover my bitcoin funds, contact him on telegram @Coinback77"},
        {"body": "Make money online, work from home jobs! Earn $500 daily, click here https://bit.ly/x1"},
    ],
)  # fmt: skip
def test_spam_of_the_usual_kinds_is_held_or_set_aside(spam: dict[str, Any]) -> None:
    assert judge().judge(replace(PLAIN, **spam)).held


@pytest.mark.parametrize(
    ("threshold", "honeypot", "seconds"), [("challenge", "", 1), ("hold", "x", 60), ("aside", "x", 1)]
)
def test_each_threshold_changes_a_verdict(threshold: str, honeypot: str, seconds: float) -> None:
    submission = replace(PLAIN, honeypot=honeypot, seconds=seconds)
    usual = Judge(standard()).judge(submission)
    raised = replace(Thresholds(), **{threshold: getattr(Thresholds(), threshold) + 1})
    assert Judge(standard(), raised).judge(submission).action < usual.action


def test_the_shortest_usual_time_is_a_setting() -> None:
    assert TooFast(10).check(replace(PLAIN, seconds=9)) is not None


@pytest.mark.parametrize(
    ("body", "most"),
    [
        ("Why would the free spins of online slots repeat after a million games with this generator?", 45),
        ("Our payday loan simulator in numpy is off by a cent. Why is the interest rate of 12 % read as 11.9?", 25),
        ("Is generic viagra without a prescription what your spam contains, too?", 25),
        ("¿Cómo calcular un crédito sin aval en fortran? Mi correo es ada@escuela.example", 25),
    ],
)
def test_readers_may_ask_about_the_subjects_of_spam(body: str, most: int) -> None:
    """The same text with a link, or with a website of the author, scores as spam does."""

    def scored(**change: Any) -> int:
        found = judge().judge(replace(PLAIN, **change)).findings
        return sum(finding.score for finding in found if finding.reason == "phrases")

    assert 0 < scored(body=body) <= most
    for change in ({"body": f"{body} https://a.example"}, {"body": body, "url": "https://a.example"}):
        assert scored(**change) > most
    assert scored(body=f"{body} https://a.example") > most
