"""What a submission says, normalised: tricks undone, honest text of any script left as it is, in bounded time."""

# ruff: noqa: RUF001 (letters that pass for others are what this is about)

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.characters.look_alikes import DRAWN
from captcha_guard.characters.look_alikes import FOREIGN as LOOK_ALIKES
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.text.excerpt import BUDGET
from captcha_guard.spam.text.link import Link, host_of
from captcha_guard.spam.text.link_scanner import MOST_LINKS, scan
from captcha_guard.spam.text.normalised import Text, normalised, site_of

SPAM = "Check out my channel for free gift cards and casino bonus codes"
SMALL_CAPITALS = {meant: chr(drawn) for drawn, meant in DRAWN.items() if meant.islower()}
FOREIGN = {meant: chr(drawn) for drawn, meant in reversed(LOOK_ALIKES.items())}


def styled(text: str, small: int, large: int) -> str:
    """Write ``text`` in the letters of a block that begins at these code points."""
    lower = {97 + place: small + place for place in range(26)}
    return text.translate(lower | {65 + place: large + place for place in range(26)})


@pytest.mark.parametrize(
    ("written", "trick"),
    [
        ("\u200b".join(SPAM), "zero_width"),
        (SPAM.replace("e", "e\u2060"), "zero_width"),
        (SPAM.replace("o", "о").replace("a", "а"), "mixed_script"),
        (SPAM.replace("o", "ο"), "mixed_script"),
        (styled(SPAM, 0x1D41A, 0x1D400), "mathematical"),
        (styled(SPAM, 0x1D586, 0x1D56C), "mathematical"),
        (styled(SPAM, 0x24D0, 0x24B6), "mathematical"),
        ("".join(SMALL_CAPITALS.get(letter, letter) for letter in SPAM), "mathematical"),
        (styled(SPAM, 0xFF41, 0xFF21), "full_width"),
        ("".join(f"{letter}\u0336" for letter in SPAM), "overlaid"),
    ],
)  # fmt: skip
def test_a_letter_trick_is_undone_and_counted(written: str, trick: str) -> None:
    text = Text.of(written)
    assert text.words == Text.of(SPAM).words
    assert text.tricks[trick] >= 1


@given(st.lists(st.booleans(), min_size=len(SPAM), max_size=len(SPAM)))
def test_any_mixture_of_look_alikes_reads_as_what_it_looks_like(foreign: list[bool]) -> None:
    written = "".join(
        FOREIGN.get(letter, letter) if other else letter for letter, other in zip(SPAM, foreign, strict=True)
    )
    assert Text.of(written).words == Text.of(SPAM).words


@pytest.mark.parametrize(
    "honest",
    [
        "Спасибо за статью, а где можно скачать код? В Python это делается проще, JSONа хватит",
        "Σας ευχαριστώ για το άρθρο, ο κώδικας είναι ωραίος",
        "Շնորհակալություն հոդվածի համար",
        "Merci pour l’article, ça m’a aidé à comprendre les tables de hachage",
        "Ďakujem, žluťoučký kůň, Łódź, İstanbul, Straße, smørrebrød",
        "ありがとうございます。ＣＰＵの説明がとても分かりやすかったです",
        "می‌خواهم بدانم چرا این کار می‌کند",  # a zero-width non-joiner is spelling here
        "The Δt between steps, 5 μs, the λ-calculus, αmax and χ2 with 𝔼[X] over ℝ",
        "It works 👩‍💻👍🏽 1️⃣ ❤️ 🇮🇸",
        "A soft\u00adhyphen comes with text copied from a typeset page",
        "\ufeffThe mark at the start of a file is no trick",
    ],
)
def test_honest_text_of_any_script_shows_no_trick(honest: str) -> None:
    assert dict(Text.of(honest, author=honest).tricks) == {}


def test_honest_cyrillic_and_greek_stay_as_they_are() -> None:
    assert Text.of("Оса и рак поют, а хор сух").words == ("оса", "и", "рак", "поют", "а", "хор", "сух")
    assert Text.of("Το όνομα του τόπου").words == ("το", "όνομα", "του", "τόπου")


def test_case_entities_and_tags_are_out_and_a_tag_that_breaks_a_line_parts_words() -> None:
    text = Text.of("Fish &amp; <b>C</b>hips<br />now &lt;i&gt;hot&lt;/i&gt; don’t")
    assert text.cased == "Fish & Chips now hot don't"
    assert text.plain == "fish & chips now hot don't"
    assert text.words == ("fish", "chips", "now", "hot", "don't")
    assert "<b>" in text.tagged


def test_single_letters_in_a_row_are_one_word() -> None:
    assert Text.of("Best c a s i n o and v.i.a.g.r.a here").words == ("best", "casino", "and", "viagra", "here")
    assert Text.of("Plan a b and c, e.g. an A/B test").words[:4] == ("plan", "a", "b", "and")


def test_asp_net_is_no_link_and_urls_are_no_words() -> None:
    assert Text.of("ASP.NET is fine, so is Node.js, see readme.md").links == ()
    text = Text.of("See https://Shop.Example.org:8080/?b=1 or [url=http://b.example]the pills[/url] or www.c.example.")
    assert [link.host for link in text.links] == ["shop.example.org", "b.example", "c.example"]
    assert text.words == ("see", "or", "the", "pills", "or")


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("<a href='https://a.example/x'>pills</a>", Link("https://a.example/x", "a.example", True, "pills")),
        ("[url=https://a.example]cheap[/url]", Link("https://a.example", "a.example", True, "cheap")),
        ("[url]https://a.example[/url]", Link("https://a.example", "a.example", True, "https://a.example")),
        ("[the paper](https://a.example/p.pdf)", Link("https://a.example/p.pdf", "a.example", True, "the paper")),
        ("https://user@www.a.example./x", Link("https://user@www.a.example./x", "a.example")),
        ("h\u200bttps://a.example", Link("https://a.example", "a.example")),
        ("&lt;a href=&quot;//a.example&quot;&gt;x&lt;/a&gt;", Link("//a.example", "a.example", True, "x")),
    ],
)  # fmt: skip
def test_a_link_is_taken_apart(written: str, link: Link) -> None:
    assert Text.of(written).links == (link,)


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://www.Ada.example/blog", "ada.example"), ("ada.example", "ada.example"), ("", ""), ("none", ""),
     ("http://", ""), ("my blog", ""), ("ftp://a.b:21/", "a.b"), ("http://a..b", "")],
)  # fmt: skip
def test_a_website_is_a_host_or_nothing(url: str, host: str) -> None:
    assert host_of(url) == host
    site = site_of(url)
    assert (site.host if site else "") == host


def test_a_name_is_normalised_like_the_body() -> None:
    text = Text.of("", author="  𝓒𝓱𝓮𝓪𝓹   <b>Loans</b> ")
    assert text.author == "cheap loans"
    assert text.author_words == ("cheap", "loans")
    assert normalised("  𝓒𝓱𝓮𝓪𝓹   <b>Loans</b> ") == "cheap loans"


def test_a_submission_is_normalised_once() -> None:
    submission = Submission(scope="comment", body="Hello")
    assert submission.text is submission.text
    assert submission.text.words == ("hello",)


def test_of_a_long_text_its_start_and_its_end_are_looked_at_and_no_more() -> None:
    text = Text.of("start " + "filler " * 9000 + "https://end.example")
    assert len(text.plain) <= BUDGET + 1
    assert text.words[0] == "start"
    assert [link.host for link in text.links] == ["end.example"]


SIZE = 65_536
HOSTILE = {
    name: (unit * SIZE)[:SIZE]
    for name, unit in {
        "letters": "a", "apostrophes": "a'", "less-than": "<", "anchors": "<a ", "hrefs": "<a href", "brackets": "[",
        "tags": "[url]", "open tags": "[url=", "www": "www.", "www paths": "www.aaa/", "schemes": "http://",
        "links": "https://a.b ", "entities": "&#65;", "marks": "\u0301\u0323", "zero width": "a\u200b",
        "ligatures": "\ufdfa", "mixed": "a\u0430", "mixed words": "a\u0430 ", "cyrillic": "\u0430\u043f",
        "mathematical": "\U0001d400", "single letters": "a ", "breaks": "<br ", "users": "a@", "overlaid": "a\u0336",
    }.items()
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_of_64_kib_is_capped_before_anything_costly(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[int] = []
    normalize = unicodedata.normalize

    def counting(form: Literal["NFKC"], piece: str) -> str:
        fed.append(len(piece))
        return normalize(form, piece)

    monkeypatch.setattr(unicodedata, "normalize", counting)
    text = Text.of(HOSTILE[name], author=HOSTILE[name], url=HOSTILE[name])
    assert len(text.tagged) <= 3 * (BUDGET) + 3
    assert len(text.links) <= MOST_LINKS
    assert len(text.author) <= 3 * BUDGET
    assert sum(fed) <= BUDGET + 4096
    assert max(fed, default=0) <= 256


@given(st.text(max_size=400), st.text(max_size=60), st.text(max_size=60))
def test_no_text_is_too_strange(body: str, author: str, url: str) -> None:
    text = Text.of(body, author, url)
    assert Text.of(body, author, url) == text
    assert all(word == word.casefold() for word in text.words)


def test_links_of_a_text_without_any_are_none() -> None:
    assert scan("nothing to see") == []
