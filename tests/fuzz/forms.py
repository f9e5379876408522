"""Forms as browsers, scripts and attackers encode them: urlencoded and multipart, whole and damaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus

from hypothesis import strategies as st

from captcha_guard.web.post.posted import ANSWER, NO_CODE, PASS, TOKEN
from tests.fuzz.texts import latin, texts

Fields = Sequence[tuple[str, str]]

BOUNDARY: Final = "xXx"

NAMES: Final = (
    *("author", "email", "url", "body", "comment[body]", "body.text", "text", "message", "title", "next", "csrf_token"),
    *("__proto__", "constructor", "", " ", "body\0", "bo\ndy", "bödy", "\u202ebody", "a" * 300, "x[]", "x[0][y]"),
    *(TOKEN, ANSWER, PASS, NO_CODE, "captcha_", TOKEN.upper(), f"{TOKEN}\0", f" {TOKEN}", "_charset_", "isindex"),
)


@dataclass(frozen=True)
class Body:
    """The body of a POST. ``intact``: every field in it can be read."""

    data: bytes
    content_type: str
    intact: bool


@dataclass(frozen=True)
class Encoding:
    """One way to encode a form: its name, a number that says how much or where, and an odd text."""

    way: str
    much: int
    text: str

    def encode(self, fields: Fields) -> Body:
        """Return the form with these fields."""
        return WAYS[self.way](fields, self)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _urlencoded(fields: Fields) -> bytes:
    return b"&".join(
        quote_plus(_bytes(name)).encode() + b"=" + quote_plus(_bytes(value)).encode() for name, value in fields
    )


URLENCODED: Final = "application/x-www-form-urlencoded"


def _plain(fields: Fields, _: Encoding) -> Body:
    return Body(_urlencoded(fields), URLENCODED, intact=True)


def _every_byte(fields: Fields, encoding: Encoding) -> Body:
    """Encode every byte, also those that need no encoding."""

    def every(text: str) -> str:
        digits = "%{:02x}" if encoding.much % 2 else "%{:02X}"
        return "".join(digits.format(byte) for byte in _bytes(text))

    body = "&".join(f"{every(name)}={every(value)}" for name, value in fields)
    return Body(body.encode(), f"{URLENCODED}; charset=utf-8", intact=True)


def _spaced(fields: Fields, encoding: Encoding) -> Body:
    """Put empty fields between the others."""
    between = ("&&", "&=&", "&a&", "&=x&")[encoding.much % 4]
    body = between.join(f"{quote(_bytes(name), safe='')}={quote(_bytes(value), safe='')}" for name, value in fields)
    return Body(body.encode(), URLENCODED, intact=True)


def _raw(fields: Fields, _: Encoding) -> Body:
    """Encode nothing, so that ``&``, ``=``, ``+`` and ``%`` in a text divide it or mean something else."""
    return Body(b"&".join(_bytes(f"{name}={value}") for name, value in fields), URLENCODED, intact=False)


def _latin(fields: Fields, _: Encoding) -> Body:
    body = "&".join(
        f"{quote_plus(name.encode('latin-1', 'replace'))}={quote_plus(value.encode('latin-1', 'replace'))}"
        for name, value in fields
    )
    return Body(body.encode(), f"{URLENCODED}; charset=iso-8859-1", intact=False)


def _parts(fields: Fields, header: str = "", ending: bytes = b"\r\n") -> bytes:
    body = b""
    for name, value in fields:
        quoted = _bytes(name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A"))
        body += b"--" + BOUNDARY.encode() + ending + b'Content-Disposition: form-data; name="' + quoted + b'"' + ending
        body += (header.encode("latin-1", "replace") + ending if header else b"") + ending + _bytes(value) + ending
    return body + b"--" + BOUNDARY.encode() + b"--" + ending


def _multipart(fields: Fields, _: Encoding) -> Body:
    intact = all(name.isprintable() and name for name, _ in fields)
    return Body(_parts(fields), f"multipart/form-data; boundary={BOUNDARY}", intact)


def _headed(fields: Fields, encoding: Encoding) -> Body:
    headers = (
        *("Content-Type: text/plain; charset=utf-16", "Content-Transfer-Encoding: base64", "X: " + "x" * 9000),
        *('Content-Disposition: form-data; name="body"; filename="a.txt"', "Content-Type: text/plain; charset="),
        *("Content-Type: multipart/mixed; boundary=y", " folded", "no colon", encoding.text or "x"),
    )
    data = _parts(fields, headers[encoding.much % len(headers)])
    return Body(data, f"multipart/form-data; boundary={BOUNDARY}", intact=False)


def _newlines(fields: Fields, _: Encoding) -> Body:
    return Body(_parts(fields, ending=b"\n"), f"multipart/form-data; boundary={BOUNDARY}", intact=False)


def _boundary(fields: Fields, encoding: Encoding) -> Body:
    boundaries = ("", "y", '"xXx"', "xXx; charset=utf-16", "x" * 300, "xXx\udcff", "a b", "--xXx", encoding.text)
    given = boundaries[encoding.much % len(boundaries)].encode("latin-1", "ignore").decode("latin-1")
    given = given.translate(dict.fromkeys(map(ord, "\r\n\0")))
    return Body(_parts(fields), f"multipart/form-data; boundary={given}", intact=False)


def _typed(fields: Fields, encoding: Encoding) -> Body:
    """Declare a type of content that isn't the body's."""
    data = _urlencoded(fields) if encoding.much % 2 else _parts(fields)
    kinds = (encoding.text, "text/plain", "", ";;;", "application/json", "multipart/form-data", "*/*", "a" * 3000)
    kind = kinds[encoding.much // 2 % len(kinds)].encode("latin-1", "ignore").decode("latin-1")
    return Body(data, kind.translate(dict.fromkeys(map(ord, "\r\n\0"))), intact=False)


def _damaged(fields: Fields, encoding: Encoding) -> Body:
    """Cut, repeat or overwrite some bytes."""
    is_multipart = encoding.much % 2
    data = _parts(fields) if is_multipart else _urlencoded(fields)
    at = encoding.much % (len(data) + 1)
    odd = _bytes(encoding.text) + bytes([encoding.much % 256])
    choices = (data[:at], data[at:], data[:at] + odd + data[at:], data[:at] + odd + data[at + len(odd) :], data + data)
    kind = f"multipart/form-data; boundary={BOUNDARY}" if is_multipart else URLENCODED
    return Body(choices[encoding.much // 2 % len(choices)], kind, intact=False)


WAYS: Final = {
    "plain": _plain,
    "every byte": _every_byte,
    "spaced": _spaced,
    "raw": _raw,
    "latin": _latin,
    "multipart": _multipart,
    "headed": _headed,
    "newlines": _newlines,
    "boundary": _boundary,
    "typed": _typed,
    "damaged": _damaged,
}

ENCODINGS: Final = st.builds(Encoding, st.sampled_from(sorted(WAYS)), st.integers(0, 20_000), latin(4))

#: Fields beside those of a comment.
EXTRA: Final = st.lists(
    st.tuples(st.one_of(st.sampled_from(NAMES), texts(2, halves=True)), texts(6, halves=True)), max_size=5
)
