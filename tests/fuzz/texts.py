"""Odd texts: the pieces that parsers, templates, databases and rules are most likely to mistake."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

PIECES: Final = (
    *("\0", "\n", "\r\n", "\r", "\t", "\x0b", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffd", "\uffff"),
    *(
        "\u200b",
        "\u200d",
        "\u202e",
        "\u2066",
        "\u00ad",
        "\U000e0041",
        "a\u0301\u0323",
        "\u0301",
        "\u1d25",
        "ﷺ",
        "ß",
        "\u0131",
    ),
    *(
        "\uff41",
        "\uff11",
        "٣",
        "\u0967",
        "\u0430",
        "Ω",
        "漢字",
        "\U0001f469\u200d\U0001f680",
        "\U0010ffff",
        "\U0001d7d8",
    ),
    *("<", ">", "&", '"', "'", "&lt;", "&#0;", "&#x110000;", "&amp;amp;", "</textarea>", "<!--", "]]>", "<script>"),
    *("{{7*7}}", "{% raw %}", "${7}", "%s%n%(x)s", "{0.__class__}", "%", "%%", "%zz", "%00", "%u0041", "\\", "\\u0000"),
    *(
        "http://a.example",
        "[a](http://b.example)",
        "[url=http://c.example]c[/url]",
        "www.d.example",
        "e.example",
        "//f",
    ),
    *("javascript:alert(1)", "mailto:a@a.example", "data:,x", "https://[::1]:99999/", "https://xn--/", "http://a@b:c"),
    *("'; DROP TABLE comment;--", "' OR '1'='1", "../../etc/passwd", "=cmd|' /C calc'!A0", "NaN", "Infinity", "-0"),
    *(
        "null",
        "None",
        "true",
        "1e999",
        "9" * 40,
        "-1",
        "0x10",
        "1_000",
        "²",
        "٤٢",
        "```",
        "**",
        "> ",
        "# ",
        "|-|",
        "~~",
    ),
    *("(a+)+$", "/(a+)+$/", "/(/", "/a{1,99999}/", "[", "*", "?", "\\Q", "(?i)", "/.*/", "viagra", "casino", "pills"),
    *("The loop in part two never ends. ", "please explain ", "a", " ", "-", "_", ".", ",", "=", ";", "+", "@", ":"),
)

#: Halves of a surrogate pair. Python texts can hold them, UTF-8 can't.
HALVES: Final = ("\ud800", "\udfff", "\udc80")


def texts(longest: int = 12, *, halves: bool = False) -> st.SearchStrategy[str]:
    """Return texts of up to ``longest`` pieces, some of them repeated many times."""
    known = st.sampled_from([*PIECES, *(HALVES if halves else ())])
    free = st.text(st.characters() if halves else st.characters(codec="utf-8"), max_size=4)
    repeated = st.builds(lambda piece, times: piece * times, known, st.sampled_from([2, 30, 300]))
    return st.lists(st.one_of(known, known, free, repeated), max_size=longest).map("".join)


def latin(longest: int = 10) -> st.SearchStrategy[str]:
    """Return texts that can stand in a header: Latin-1 without line ends."""
    return texts(longest).map(lambda text: text.encode("latin-1", "ignore").decode("latin-1")).map(_on_one_line)


def _on_one_line(text: str) -> str:
    return text.translate(dict.fromkeys(map(ord, "\r\n\0")))[:4000]
