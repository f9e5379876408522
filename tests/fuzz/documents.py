"""JSON documents as programs and attackers write them: odd values, repeated members, and text that isn't JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

from tests.fuzz.forms import NAMES
from tests.fuzz.texts import texts

#: Written values. Some aren't JSON, but some parsers accept them.
VALUES: Final = (
    *(
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1",
        "1.0",
        "1e999",
        "-1e999",
        "1E+400",
        "1e-400",
        "9" * 25,
        "9" * 4400,
    ),
    *("NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x10", "1_0", "''", "undefined", "True", "None"),
    *(
        '""',
        '"\\u0000"',
        '"\\ud83d"',
        '"\\udc00\\ud83d"',
        '"\\ud83d\\ude00"',
        '"\\x00"',
        '"\n"',
        '"\\u00e9"',
        '"unended',
    ),
    *("[]", "{}", "[[]]", "[1,]", "{,}", '{"a":}', "[null,null]", '{"":{"":{"":""}}}', "/* */ 1", "1 // x", "<a/>"),
    *("[" * 60 + "]" * 60, "[" * 1200 + "]" * 1200, "[" * 90_000, '{"a":' * 900 + "1" + "}" * 900, '{"a":' * 40_000),
    *("[" + "1," * 1500 + "1]", '["' + "x" * 3000 + '"]', "{" + ",".join(f'"k{n}":{n}' for n in range(1999)) + "}"),
)

#: Halves of a surrogate pair, which JSON can hold and UTF-8 can't.
HALF: Final = ('"\\ud83d"', '"a\\udc00b"', '["\\ud83d"]', '{"\\ud83d":1}', '[{"a":"\\udfff"}]')

ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-7", "latin-1", "cp037")

TYPES: Final = (
    *("application/json", "application/json; charset=utf-16", "application/vnd.blog+json", "APPLICATION/JSON"),
    *("application/json;", "application/x+json; x=y", "text/json", "application/x-www-form-urlencoded", "text/plain"),
)

#: Ways in which a document is written.
WAYS: Final = ("whole", "whole", "members twice", "in a list", "in a text", "cut", "rest", "bytes", "spaces", "bare")


@dataclass(frozen=True)
class Document:
    """A JSON document: further ``members`` as names and written values, and how it is written, encoded and declared."""

    members: Sequence[tuple[str, str]]
    way: str
    encoding: str
    content_type: str
    much: int

    def written(self, fields: Sequence[tuple[str, object]]) -> bytes:
        """Return the document with these fields and the further members."""
        own = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in fields]
        more = [f"{json.dumps(name)}:{value}" for name, value in self.members]
        place = self.much % (len(own) + 1)
        text = "{" + ",".join([*own[:place], *more, *own[place:], *(own if self.way == "members twice" else [])]) + "}"
        text = {
            "in a list": f"[{text},{text}]",
            "in a text": json.dumps(text),
            "cut": text[: self.much % (len(text) + 1)],
            "rest": f"{text}{text[: self.much % 9]}",
            "spaces": f" \t\r\n\x0b{text}\n\0" if self.much % 2 else f" \r\n{text}\n",
            "bare": more[0].partition(":")[2] if more else text,
        }.get(self.way, text)
        data = text.encode(self.encoding, "ignore")
        if self.way == "bytes":
            place = self.much % (len(data) + 1)
            data = data[:place] + bytes([self.much % 256, 0x80, 0xFF]) + data[place:]
        return data

    @property
    def is_plain(self) -> bool:
        """Whether every parser reads the fields in it as they were."""
        return not self.members and self.way in {"whole", "spaces"} and self.encoding == "utf-8" and self.much % 2 == 0


def _texts_as_json() -> st.SearchStrategy[str]:
    return texts(4, halves=True).map(json.dumps)


DOCUMENTS: Final = st.builds(
    Document,
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from(NAMES), texts(2)),
            st.one_of(st.sampled_from(VALUES), _texts_as_json(), st.sampled_from(HALF)),
        ),
        max_size=4,
    ),
    st.sampled_from(WAYS),
    st.one_of(st.just("utf-8"), st.sampled_from(ENCODINGS)),
    st.one_of(st.just("application/json"), st.sampled_from(TYPES)),
    st.integers(0, 3000),
)
