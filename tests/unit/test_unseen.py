"""What shows nothing is gone before anything is judged, whatever stands in its place in the Unicode tables."""

from __future__ import annotations

import html
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.spam.judge import Judge
from captcha_guard.spam.rules import standard
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.text.invisible import as_seen, unescaped, without_unseen
from captcha_guard.spam.text.normalised import Text, normalised, site_of

#: Default_Ignorable_Code_Point, as Unicode 15 lists it.
IGNORABLE = (
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
NONCHARACTERS = [*range(0xFDD0, 0xFDF0), *(plane << 16 | end for plane in range(17) for end in (0xFFFE, 0xFFFF))]
UNSEEN = sorted(
    {code for first, last in IGNORABLE for code in range(first, last + 1)}
    | set(NONCHARACTERS)
    | {
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    }
    - {9, 10, 13}
)
SPAM = "Buy cheap viagra online, casino bonus: http://a.example http://b.example"


def test_every_character_that_shows_nothing_is_taken_out() -> None:
    missed = [hex(code) for code in UNSEEN if without_unseen(f"a{chr(code)}b\u00e9") != "ab\u00e9"]
    assert missed == []
    assert all(without_unseen(f"a{chr(code)}b") == "ab" for code in UNSEEN if code < 128)


def test_layout_and_whatever_shows_something_stays() -> None:
    seen = "a\tb\nc\r\nd \u00a0 \u00e9\u0301 \u4e2d \U0001f600 \U0001f1ee \u0e33 \ufffd"
    assert without_unseen(seen) == seen
    assert without_unseen("a\u2800b") == "a b"  # an empty pattern of Braille is as wide as a space


def judged(body: str) -> tuple[int, int]:
    verdict = Judge(standard()).judge(Submission(scope="c", body=body, seconds=60))
    return int(verdict.action), verdict.score


@given(
    st.lists(
        st.sampled_from([chr(code) for code in UNSEEN if code != 0x202E and code < 0xF0000]), min_size=1, max_size=80
    ),
    st.booleans(),
)
def test_nothing_unseen_makes_spam_look_better(marks: list[str], written_out: bool) -> None:
    if written_out:  # but not what HTML reads as something else
        marks = [
            f"&#{ord(mark)};" if ord(mark) >= 0xA0 and not "\ud800" <= mark <= "\udfff" else mark for mark in marks
        ]
    hidden = "".join(letter + marks[place % len(marks)] for place, letter in enumerate(SPAM))
    action, score = judged(hidden)
    assert (action, score) >= judged(SPAM)
    assert score >= judged(SPAM)[1]


RLO, LRO, RLE, PDF, FSI, PDI = "\u202e\u202d\u202b\u202c\u2068\u2069"


@pytest.mark.parametrize(
    "written",
    [
        f"{RLO}argaiv",
        f"{RLO}argaiv{PDF} pills",
        f"vi{RLO}arga{PDF}",
        f"{RLO}arg{RLO}aiv",
        f"{RLO}ar{RLO}ga{PDF}iv{PDF}",
        f"{RLO}{LRO}viagra",
        f"{RLO}arga{LRO}vi",
        f"{RLO}{RLE}viagra{PDF}",
        f"{RLO}{FSI}viagra{PDI}",
        f"{RLO}arga{FSI}{RLO}iv",
        f"{RLO}arga{FSI}{PDF}vi{PDI}",
        f"{FSI}{RLO}arg{PDI}{PDF}viagra",
        f"{PDF}{PDI}{RLO}argaiv\nviagra",
        f"{RLO * 200}argaiv{PDF * 200} viagra",
        "&#x202e;argaiv",
    ],
)
def test_text_is_read_in_the_order_in_which_it_is_shown(written: str) -> None:
    seen, tricks = as_seen(written)
    assert "viagra" in seen
    assert tricks >= 1


def test_more_marks_of_direction_than_any_text_has_lose_nothing() -> None:
    assert as_seen(f"{RLO}a{PDF}" * 3_000 + "viagra")[0] == "a" * 3_000 + "viagra"


def test_a_line_ends_what_is_turned_round() -> None:
    assert as_seen(f"{RLO}eno\ntwo")[0] == "one\ntwo"
    assert as_seen(f"{RLO}{RLO}{FSI}{RLO}eno\n{PDF}{PDI}two")[0] == "one\ntwo"


@pytest.mark.parametrize(
    "mark", ["\x01", "\x7f", "\x9b", "\u200b", "\u00ad", "\ufe0f", "\U000e0041", "\ufff9", "&#2;", "&shy;"]
)
def test_every_field_is_read_as_it_is_seen(mark: str) -> None:
    assert Text.of(f"vi{mark}agra").words == ("viagra",)
    assert Text.of("", author=f"Cheap Lo{mark}ans").author == "cheap loans"
    assert Text.of("", other=[f"ht{mark}tp://a.example"]).links[0].host == "a.example"
    site = site_of(f"http://a{mark}.example")
    assert site is not None
    assert site.host == "a.example"
    assert normalised(f"ada@tra{mark}sh.example") == "ada@trash.example"


@pytest.mark.parametrize(
    "honest",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0628\u062f\u0627\u0646\u0645",
        "It works \U0001f469\u200d\U0001f4bb \u2764\ufe0f 1\ufe0f\u20e3",
        "A soft\u00adhyphen from a type\u00adset page",
        "\ufeffThe mark of a file",
        "two\r\nlines\tand a tab",
        "AT&amp;T and R&D",
        "That\x92s what Windows\x94 wrote, don\x92t you think",
        "donâ\x80\x99t you think",
        "page one\n\x0cpage two",
        "\u2067\u05e9\u05dc\u05d5\u05dd\u2069 (hello)",
        "\u0915\u094d\u200d\u0937",
        "Flag \U0001f3f4\U000e0067\U000e0062\U000e007f",
    ],
)
def test_honest_text_with_invisible_characters_scores_nothing(honest: str) -> None:
    assert judged(honest) == (0, 0)


def test_a_control_character_inside_a_word_is_a_trick() -> None:
    assert Text.of("vi\x01agra").tricks == {"zero_width": 1}
    assert Text.of("Then vi\x9bagra").tricks == {"zero_width": 1}


def test_a_body_of_nothing_seen_is_held_and_so_are_other_texts() -> None:
    for blank in ("\u200b \u2060", "\x01\x02", "\u2800\u2800", "&#8203;", "\ue000"):
        assert "empty" in Judge(standard()).judge(Submission(scope="c", body=blank)).reasons
        assert "empty" in Judge(standard()).judge(Submission(scope="c", body=blank, other=("5",))).reasons
        assert "empty" in Judge(standard()).judge(Submission(scope="c", body="", other=(blank,))).reasons
        assert "empty" not in Judge(standard()).judge(Submission(scope="c", body="", other=(blank, "5"))).reasons
    assert Judge(standard()).judge(Submission(scope="c", body=" ", other=(" ", "\n"))).reasons == ()


@given(
    st.lists(
        st.sampled_from(
            ["&", "#", "x", "1", "08", "lt", "amp", ";", "&#104;", "&#x41", "&nbsp;", "&#146;", " ", "&Tab;"]
        )
    ).map("".join)
)
def test_entities_are_read_as_the_standard_library_reads_them(text: str) -> None:
    if "\ufffd" not in html.unescape(text) and not set(html.unescape(text)) & {chr(code) for code in UNSEEN}:
        assert without_unseen(unescaped(text)) == without_unseen(html.unescape(text))


def test_entities_with_any_number_of_digits_do_no_harm() -> None:
    assert unescaped("&#" + "0" * 9000 + "104;ttp") == "http"
    assert unescaped("&#" + "1" * 9000 + ";") == "&#" + "1" * 9000 + ";"
    assert as_seen("vi&#0;agra")[0] == "viagra"


@pytest.mark.parametrize(
    "piece", ["a\u200b", "&", "&#65;", "&amp;", "a\x01", "a\x85", "&#", "&a", "\ud800a", "\ue000\u200b\ufeff"]
)
def test_hostile_text_takes_a_time_that_grows_no_faster_than_the_text(piece: str) -> None:
    start = time.thread_time()
    as_seen((piece * 500_000)[:500_000])
    assert time.thread_time() - start < 0.5
