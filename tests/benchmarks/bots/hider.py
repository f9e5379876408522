"""A bot that posts an honest text in the usual field, and spam in odd ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.benchmarks.bots.poster import Poster
from tests.benchmarks.bots.site import AUTHOR, BODY, EMAIL, URL
from tests.benchmarks.bots.writers import HONEST, SPAM
from tests.crowd.visitor import Answer, Visitor, message

_FORM = "application/x-www-form-urlencoded"
_BOUNDARY = "bots-boundary"


@dataclass(frozen=True)
class Place:
    """Where spam is hidden: in fields with these names, in the query string, or in the name of an uploaded file.

    With ``replaces`` the fields have only the spam, otherwise the spam follows the usual value. ``multipart`` is
    another encoding of the form.
    """

    names: Sequence[str] = ()
    query: str = ""
    file: str = ""
    replaces: bool = False
    multipart: bool = False

    def __str__(self) -> str:
        where = f"query string, {self.query}" if self.query else f"name of a file, {self.file}" if self.file else ""
        return (where or ", ".join(self.names)) + (" (multipart)" if self.multipart else "")


PLACES = (
    *(
        Place((name,))
        for name in ("comment", "text", "message", "content", "review", "c-body", "comment[body]", "tags")
    ),
    *(Place((name,)) for name in ("website", "g-recaptcha-response", "submit", "next", "_method", "captcha_extra")),
    *(Place((name,), replaces=True) for name in (AUTHOR, EMAIL, URL)),
    *(Place((name,)) for name in (BODY, AUTHOR, URL)),
    Place((SPAM.replace(" ", "_"),)),
    Place(query=BODY),
    Place(query="utm_source"),
    Place(("comment",), multipart=True),
    Place((BODY,), multipart=True),
    Place(file=BODY),
    Place(file="attachment"),
)


class FieldHider(Poster):
    """Hides the spam in another place with each attempt."""

    def send(self, visitor: Visitor, path: str, fields: Mapping[str, str], number: int) -> Answer:
        """Send the form with the spam in it."""
        place = PLACES[number % len(PLACES)]
        usual = {**fields, BODY: f"{HONEST} {number}"}
        pairs = [(name, value) for name, value in usual.items() if not (place.replaces and name in place.names)]
        pairs += [(name, SPAM) for name in place.names]
        query = f"?{urlencode({place.query: SPAM})}" if place.query else ""
        is_multipart = place.multipart or bool(place.file)
        body = _multipart(pairs, place.file) if is_multipart else urlencode(pairs).encode()
        kind = f"multipart/form-data; boundary={_BOUNDARY}" if is_multipart else _FORM
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        headers = {"Accept": "text/html", **({"Cookie": cookies} if cookies else {})}
        return visitor.send(message("POST", path + query, body, kind, headers))


def _multipart(pairs: Sequence[tuple[str, str]], file: str) -> bytes:
    """Return a form in the other encoding. ``file`` is the name of an input for files; the file is named like spam."""
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in pairs]
    if file:
        head = f'Content-Disposition: form-data; name="{file}"; filename="{SPAM}"\r\nContent-Type: text/plain'
        parts.append(f"{head}\r\n\r\nx")
    lines = "".join(f"--{_BOUNDARY}\r\n{part}\r\n" for part in parts)
    return f"{lines}--{_BOUNDARY}--\r\n".encode()
