"""The guard reads the text that a browser shows: without invisible characters, and in the visible order of letters."""

from __future__ import annotations

import random
import unicodedata

import pytest
from playwright.sync_api import Browser

from captcha_guard.spam.text.invisible import as_seen, without_unseen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-plain")]

#: Every character of the planes in use that leaves a word as wide as it was. Thousands of letters of one width, the
#: Chinese ones and the syllables of Korean, are passed over.
NARROW = """() => {
    const word = document.querySelector("b"), found = [];
    const width = text => { word.textContent = text; return word.getBoundingClientRect().width; };
    const plain = width("viagra");
    for (let code = 0x80; code < 0x20000; code++) {
        if (code >= 0x3400 && code < 0xa000 || code >= 0xac00 && code < 0xe000) continue;
        if (width("via" + String.fromCodePoint(code) + "gra") === plain) found.push(code);
    }
    return found;
}"""

#: The letters of a line from left to right.
ORDER = """text => {
    const line = document.querySelector("b");
    line.textContent = text;
    const letters = [];
    for (let at = 0; at < text.length; at++) {
        const range = document.createRange();
        range.setStart(line.firstChild, at);
        range.setEnd(line.firstChild, at + 1);
        const box = range.getBoundingClientRect();
        if (box.width) letters.push([box.left, text[at]]);
    }
    return letters.sort((one, other) => one[0] - other[0]).map(letter => letter[1]).join("");
}"""
RLE, LRE, RLO, LRO, PDF, LRI, FSI, PDI = "\u202b\u202a\u202e\u202d\u202c\u2066\u2068\u2069"


def test_characters_that_chromium_does_not_draw_are_removed(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<b style='display: inline-block'></b>")
    narrow = page.evaluate(NARROW)
    assert {0x200B, 0x2028, 0x2029} <= set(narrow)
    marks = {code for code in narrow if unicodedata.category(chr(code)) in ("Mn", "Me")}  # drawn over a letter
    missed = [hex(code) for code in narrow if code not in marks and without_unseen(f"via{chr(code)}gra") != "viagra"]
    assert missed == []


@pytest.mark.parametrize("marks", [[LRE, RLE, LRO, PDF], [LRE, LRO, PDF, LRI, FSI, PDI]], ids=["embedded", "isolated"])
def test_letters_are_read_in_the_order_that_chromium_shows(browser: Browser, marks: list[str]) -> None:
    page = browser.new_page()
    page.set_content("<b style='display: inline-block; white-space: pre'></b>")
    chance = random.Random(7)
    odd = []
    for _ in range(300):
        letters = chance.sample("abcdegkmnopqrstuvwxyz", 8)  # except letters that fonts join
        written = RLO + "".join(letter + "".join(chance.sample([RLO, *marks, "", ""], 2)) for letter in letters)
        shown, seen = page.evaluate(ORDER, written), as_seen(written)[0]
        if shown != seen:
            odd.append((written, shown, seen))
    assert odd == []
