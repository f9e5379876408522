"""No address and no field of the journal leads to an error of the server, in either kind of database."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from flask import Flask

from .journal_fixtures import POST, Reader, journal, log_in, owner, printed_journal, reader

__all__ = ["journal", "owner", "printed_journal", "reader"]

VALUES = ["a\0b", "-1", "9" * 30, "9" * 5000, "0.-" + "9" * 30, "٣", "²", "../..", "//evil.example", "😀", "\r\nX: y"]

PUBLIC = [
    "/?p={}",
    "/search?q={}",
    "/search?q=fence&page={}",
    "/tags/{}",
    "/archive/{}",
    "/posts/{}",
    "/posts/{}/comments",
    "/posts/{}/comments.atom",
    f"/posts/{POST}?page={{}}",
    f"/posts/{POST}?reply={{}}",
    f"/posts/{POST}/comments/{{}}",
    f"/posts/{POST}/comments/{{}}/edit/x",
    f"/posts/{POST}/comments/1/edit/{{}}",
    f"/posts/{POST}/comments/held/{{}}",
    "/identicons/{}.svg",
    "/desk/link/{}",
    "/desk/held/{}",
    "/desk/notices/feed/{}.atom",
    "/desk/log-in?next={}",
    "/{}",
]
DESK = [
    *(f"/desk?{name}={{}}" for name in ("list", "reason", "author", "domain", "client", "text")),
    *(f"/desk?{name}={{}}" for name in ("before", "after", "done", "untaught")),
    "/desk/comments/{}",
    "/desk/comments/{}/ban",
    "/desk/decisions?done={}",
    "/desk/comments.csv?author={}",
    "/desk/statistics?span={}",
    "/desk/what-if?weights=links%3D{}",
    "/desk/what-if?limits={}",
]
FORMS = [
    ("/desk/decide", {"approve": "{}"}),
    ("/desk/decide", {"approve": "1", "back": "before={}", "then": "{}"}),
    ("/desk/decide", {"approve": "1", "seen": "{}"}),
    ("/desk/decide", {"approve": "chosen", "everything": "1", "shown": "{}"}),
    ("/desk/undo", {"batch": "{}", "comment": "{}"}),
    ("/desk/words/moderated", {"entries": "{}", "try": "1"}),
    ("/desk/bans/end", {"client": "{}"}),
    ("/desk/comments/{}/ban", {"length": "hour"}),
]


@pytest.mark.parametrize("value", VALUES)
def test_visitors_get_a_page_or_a_refusal_at_every_address(reader: Reader, value: str) -> None:
    for address in PUBLIC:
        wanted = address.format(quote(value, safe=""))
        assert reader.client.get(wanted).status_code < 500, wanted


@pytest.mark.parametrize("value", VALUES)
def test_the_owner_gets_a_page_or_a_refusal_at_every_address_and_form(owner: Reader, value: str) -> None:
    for address in DESK:
        wanted = address.format(quote(value, safe=""))
        assert owner.client.get(wanted).status_code < 500, wanted
    token = owner.open("/desk").fields["csrf_token"]
    for address, fields in FORMS:
        sent = {name: text.format(value) for name, text in fields.items()} | {"csrf_token": token}
        wanted = address.format(quote(value, safe=""))
        assert owner.client.post(wanted, data=sent).status_code < 500, (wanted, fields)


def test_a_name_with_a_nul_is_a_wrong_name(journal: Flask) -> None:
    log_in(journal)  # which creates the owner
    guest = Reader(journal.test_client())
    guest.open("/desk/log-in")
    response = guest.client.post("/desk/log-in", data=guest.form | {"name": "ot\0to", "password": "x"})
    assert response.status_code == 303
    assert "The name or the password is wrong." in guest.open(response.location).text
