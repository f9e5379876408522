"""Codes: they are derived without bias, and compared without regard to case and look-alikes."""

# ruff: noqa: RUF001 (letters that pass for others are what some of this is about)

from __future__ import annotations

import secrets
import string
import sys
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.challenge import answer
from captcha_guard.characters.look_alikes import DRAWN, FOREIGN, LOOK_ALIKES, groups_of

KEY = b"a key of thirty-two octets......"


def derive(nonce: str, **how: object) -> str:
    return answer.derive(KEY, nonce.encode(), **how)  # type: ignore[arg-type]


def test_the_same_nonce_always_has_the_same_answer() -> None:
    assert derive("nonce-1") == derive("nonce-1") == "5T9W9"


def test_another_key_or_nonce_has_another_answer() -> None:
    answers = {derive(f"nonce-{number}") for number in range(500)} | {answer.derive(b"other", b"nonce-1")}
    assert len(answers) == 501


def test_every_symbol_and_both_lengths_are_equally_likely() -> None:
    alphabet = answer.ALPHABET + "V"
    answers = [derive(f"n{number}", alphabet=alphabet) for number in range(12_000)]
    symbols = Counter("".join(answers))
    expected = sum(symbols.values()) / len(alphabet)
    # 14 symbols, about 4,710 of each. The standard deviation is 66.
    assert set(symbols) == set(alphabet)
    assert max(abs(count - expected) for count in symbols.values()) < 220
    lengths = Counter(map(len, answers))
    assert set(lengths) == {5, 6}
    assert abs(lengths[5] - 6_000) < 250


def test_look_alikes_make_no_symbol_easier_to_guess() -> None:
    alphabet = answer.ALPHABET + "KNXOQ0"  # H, K, N and X count as one, and so do D, O, Q and 0
    answers = [derive(f"n{number}", alphabet=alphabet) for number in range(12_000)]
    shown, counted = Counter("".join(answers)), Counter(answer.normalise("".join(answers)))
    expected = sum(counted.values()) / len(answer.ALPHABET)
    assert set(shown) == set(alphabet)
    # If symbols were drawn one by one, H would come 3.5 times as often.
    assert max(abs(count - expected) for count in counted.values()) < 250
    assert max(shown[one] for one in "HKNX") < 1.2 * min(shown[one] for one in "HKNX")


def test_a_group_of_two_look_alikes_shows_both_symbols_equally_often() -> None:
    shown = Counter("".join(derive(f"n{number}", alphabet="AB8", length=(20, 20)) for number in range(300)))
    # Of 6,000 symbols, half are A, and a quarter each B and 8. The standard deviation is 39 for A, 34 for the others.
    assert abs(shown["A"] - 3_000) < 150
    assert abs(shown["B"] - 1_500) < 150
    assert abs(shown["8"] - 1_500) < 150


def test_a_long_answer_does_not_repeat_the_bytes_it_is_made_of() -> None:
    """Each block of 32 bytes has a number of its own. The whole answer is pinned, so old tokens keep their answers."""
    text = derive("nonce", length=(100, 100))
    assert len({text[start : start + 20] for start in range(81)}) == 81
    assert text == (
        "TD855D29TT6FF2MDF9HF5H886FCC55HT68RWHTFFW2CRDCTDCM8MDR9W5T5MHFMC88H6H6T82MTFW9M25WH282WC88TCC522T9HD"
    )


def test_no_answer_reads_as_rude() -> None:
    rude = "FCKTWT"
    answers = [derive(f"n{number}", alphabet=rude, length=(4, 4)) for number in range(300)]
    assert not [code for code in answers if any(word in code for word in answer.RUDE)]


def test_a_rude_answer_is_drawn_again_from_the_bytes_that_follow() -> None:
    """The first drawings are TWT55, MWTF2R and TWT85C. The second ones are pinned, so old tokens keep their answers."""
    assert [derive(nonce) for nonce in ("n196", "n638", "n1011")] == ["6W2CR", "DR6589", "MTMFDR"]


def test_the_alphabet_has_no_vowels_and_one_of_each_group_of_look_alikes() -> None:
    assert not set(answer.ALPHABET) & set("AEIOU")
    assert len({answer.normalise(symbol) for symbol in answer.ALPHABET}) == len(answer.ALPHABET)


@pytest.mark.parametrize(
    ("shown", "typed"),
    [
        ("7DCP4", "7dcp4"),
        ("7DCP4", " 7 d-c p4\t"),
        ("7DCP4", "7dc\np4"),
        ("7DCP4", "7dc\r\n p4\n"),
        ("7DCP4", "7 d c \u2028 p 4"),
        ("7DCP4", "7dc / p4"),
        ("7DCP4", "\uff17\uff24\uff23\uff30\uff14"),
        ("7DCP4", "7-D\u200bC·P4"),
        ("D2588", "0ZSBB"),
        ("D2588", "qzsb8"),
        ("66666", "gggGG"),
        ("7ACD4", "7acO4"),
        ("TH4TH", "7nayk"),
        ("FHF55", "exes5"),
    ],
)
def test_case_spaces_width_and_look_alikes_do_not_matter(shown: str, typed: str) -> None:
    assert answer.matches(shown, typed)


def test_the_longest_typed_text_is_compared_and_a_longer_one_is_wrong() -> None:
    spaces = " " * (answer.LONGEST_TYPED - 5)
    assert answer.matches("7DCP4", spaces + "7DCP4")
    assert not answer.matches("7DCP4", spaces + " 7DCP4")


def test_the_letters_x_and_the_signs_for_one_are_compared() -> None:
    assert answer.matches("XH1", "x h |")
    assert answer.matches("XH1", "xh!")
    assert not answer.matches("H1", "xh1")


@pytest.mark.parametrize("typed", ["", " ", "7DCP", "7DCP44", "4PCD7", "7DCP3", "\x00", "7DCPٱ"])
def test_anything_else_is_wrong(typed: str) -> None:
    assert not answer.matches("7DCP4", typed)


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing_more(typed: str) -> None:
    once = answer.normalise(typed)
    assert answer.normalise(once) == once


@given(st.text(alphabet=st.characters(), max_size=12))
def test_nonsense_never_matches(typed: str) -> None:
    code = "7DCP4H"
    if answer.normalise(typed) != code:
        assert not answer.matches(code, typed)


def test_derived_answers_match_themselves() -> None:
    for _ in range(200):
        code = answer.derive(secrets.token_bytes(32), secrets.token_bytes(16))
        assert answer.matches(code, code.lower())


@pytest.mark.parametrize(
    ("shown", "typed"),
    [
        ("HCMT", "НСМТ"),
        ("HCMT", "нсмт"),
        ("HTM", "ΗΤΜ"),
        ("HTM", "ητμ".replace("μ", "Μ")),
        ("C", "Ϲ"),
        ("W", "ω"),
        ("W", "Ш"),
        ("3468", "ЗЧБВ"),
        ("KPAXE", "кράχε"),
        ("FH5C8", "ёһѕсв"),
        ("RTHD", "Ρʏ🅷ᴏ"),
        ("5938", "५९३८"),
        ("5938", "۵۹۳۸"),
        ("5938", "٥ ٩-٣\u200f٨"),
        ("5938", "𞥕𞥙𞥓𞥘"),
    ],
)
def test_answers_can_be_typed_on_any_keyboard(shown: str, typed: str) -> None:
    assert answer.matches(shown, typed)


@pytest.mark.parametrize("char", sorted(map(chr, FOREIGN | DRAWN)))
def test_a_letter_counts_as_what_it_or_its_capital_looks_like(char: str) -> None:
    looks = {(FOREIGN | DRAWN)[ord(one)].upper() for one in (char, char.upper()) if ord(one) in FOREIGN | DRAWN}
    assert answer.normalise(char) in {one.translate(LOOK_ALIKES) for one in looks}
    assert answer.normalise(char) == answer.normalise(char.upper())


def test_a_digit_of_any_script_means_the_same_digit() -> None:
    digits = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) == "Nd"]
    assert len(digits) > 600
    for char in digits:
        assert answer.normalise(char) == answer.normalise(str(unicodedata.decimal(char)))


def test_no_two_groups_of_symbols_become_one() -> None:
    """Letters of other scripts count as one Latin letter. They don't make two Latin letters equal."""
    everything = string.ascii_uppercase + string.digits
    for alphabet in (answer.ALPHABET, everything):
        for group in groups_of(alphabet):
            assert {answer.normalise(symbol) for symbol in group} == {group[0].translate(LOOK_ALIKES)}
        assert len({answer.normalise(symbol) for symbol in alphabet}) == len(groups_of(alphabet))


@given(st.text(max_size=8), st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=40))
def test_one_guess_is_right_for_at_most_one_code(typed: str, nonces: list[int]) -> None:
    """So the chance of a blind guess is one in the number of codes, whatever may be typed for a symbol."""
    codes = {answer.derive(KEY, str(nonce).encode()) for nonce in nonces}
    assert sum(answer.matches(code, typed) for code in codes) <= 1


@given(st.text(max_size=40))
def test_capitals_and_small_letters_are_the_same(typed: str) -> None:
    plain = unicodedata.normalize("NFKD", typed)
    assert answer.normalise(plain.upper()) == answer.normalise(plain)
