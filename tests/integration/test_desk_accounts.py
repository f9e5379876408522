"""Who may use the desk: owners, logging in and out, limits, log-in links, and that visitors see nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from flask import Flask, session
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from captcha_guard import Submission, submission_judged
from captcha_guard.testing import solved_form
from demo_blog import create_app
from demo_blog.database import db
from demo_blog.desk import accounts, links, passwords
from demo_blog.desk.models import LogInLink, Owner
from demo_blog.guard import guard
from demo_blog.models import Comment

from .journal_fixtures import (
    OWNER,
    PASSWORD,
    POST,
    Page,
    Reader,
    journal,
    log_in,
    owner,
    printed_journal,
    reader,
    stranger,
)
from .test_journal_commands import journal_refuses, journal_says

__all__ = ["journal", "owner", "printed_journal", "reader", "stranger"]

PUBLIC = {
    "desk.accounts.log_in_page",
    "desk.accounts.log_in",
    "desk.accounts.link_page",
    "desk.accounts.use_link",
}
"""The views of the desk that visitors may open."""

SIGNED = {"desk.decision_links.page", "desk.decision_links.decide", "desk.notices.feed"}
"""The views of the desk that anyone with a signed address may open."""


@pytest.fixture
def guest(journal: Flask) -> Reader:
    """A visitor of a journal that has an owner."""
    with journal.app_context():
        accounts.create_owner(OWNER, PASSWORD)
    return Reader(journal.test_client())


def enter(reader: Reader, name: str = OWNER, password: str = PASSWORD, *, target: str = "") -> TestResponse:
    """Open the log-in page and send its form with a solved code."""
    reader.open("/desk/log-in")
    form = reader.form | {"name": name, "password": password} | ({"next": target} if target else {})
    return reader.client.post("/desk/log-in", data=form)


def is_in(reader: Reader) -> bool:
    return reader.client.get("/desk").status_code == 200


def from_address(app: Flask, number: int) -> Reader:
    """Return a browser with another address."""
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = f"203.0.{number}.7"
    return Reader(client)


def owner_of(journal: Flask) -> Owner:
    with journal.app_context():
        return db.session.scalars(select(Owner)).one()


# Commands


def test_the_command_asks_for_a_password_and_stores_its_hash(journal: Flask) -> None:
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    result = journal.test_cli_runner().invoke(args=["journal", "create-owner", OWNER], input=typed)
    assert "The owner otto can log in at /desk." in result.output
    assert PASSWORD not in result.output
    assert owner_of(journal).password_hash.startswith("$argon2id$")
    assert enter(Reader(journal.test_client())).location == "/desk"


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("eleven char", "has 11 characters; 12 to 1000 are allowed"),
        ("x" * 1001, "has 1001 characters"),
        ("aaaaaaaaaaaaaaaa", "easy to guess"),
        ("Otto Gatepost", "easy to guess"),
    ],
)
def test_a_bad_password_is_refused(journal: Flask, password: str, complaint: str) -> None:
    output = journal_refuses(journal, "create-owner", "otto gatepost", "--password", password)
    assert complaint in output
    assert password not in output


@pytest.mark.parametrize("name", ["", "two  spaces", " otto", "x" * 81, "ot\nto"])
def test_a_bad_name_is_refused(journal: Flask, name: str) -> None:
    assert "characters are allowed" in journal_refuses(journal, "create-owner", name, "--password", PASSWORD)


def test_a_second_owner_with_the_name_is_refused(guest: Reader, journal: Flask) -> None:
    output = journal_refuses(journal, "create-owner", OWNER, "--password", PASSWORD)
    assert "journal set-password" in output


def test_a_new_password_ends_all_sessions(guest: Reader, journal: Flask) -> None:
    enter(guest)
    assert is_in(guest)
    journal_says(journal, "set-password", OWNER, "--password", "ten gaps, eleven posts")
    assert not is_in(guest)
    assert enter(guest).location.startswith("/desk/log-in")
    assert enter(guest, password="ten gaps, eleven posts").location == "/desk"


def test_a_new_password_ends_the_log_in_links_before_it(guest: Reader, journal: Flask) -> None:
    address = journal_says(journal, "log-in-link").strip()
    journal_says(journal, "set-password", OWNER, "--password", "ten gaps, eleven posts")
    assert accounts.LINK_OVER in guest.open(address).text


def test_the_command_prints_a_link_that_logs_in(guest: Reader, journal: Flask) -> None:
    address = journal_says(journal, "log-in-link", "--site", "https://blog.example/").strip()
    assert re.fullmatch(r"https://blog\.example/desk/link/[\w-]{43}", address)
    guest.open(address.removeprefix("https://blog.example"))
    assert guest.client.post(address.removeprefix("https://blog.example"), data=guest.form).location == "/desk"
    assert is_in(guest)
    assert "no owner 'ada'" in journal_refuses(journal, "log-in-link", "ada")
    assert "--site is 'blog.example'" in journal_refuses(journal, "log-in-link", "--site", "blog.example")


# Passwords


def test_an_outdated_hash_is_replaced_at_log_in(guest: Reader, journal: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher())  # as outside of tests
    old = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
    with journal.app_context():
        db.session.scalars(select(Owner)).one().password_hash = old
        db.session.commit()
    assert enter(guest).location == "/desk"
    new = owner_of(journal).password_hash
    assert new != old
    assert not PasswordHasher().check_needs_rehash(new)
    assert enter(Reader(journal.test_client())).location == "/desk"
    assert owner_of(journal).password_hash == new


def test_a_password_is_the_same_however_its_characters_are_encoded(guest: Reader, journal: Flask) -> None:
    journal_says(journal, "set-password", OWNER, "--password", "Zäune und Pfähle")
    assert enter(guest, password="Za\u0308une und Pfa\u0308hle").location == "/desk"


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer_after_the_same_work(
    guest: Reader, journal: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, stored: str, given: bytes) -> bool:
        checked.append(stored)
        return verify(hasher, stored, given)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    answers = []
    for name, password in ((OWNER, "not the password"), ("unknown", "not the password"), ("unknown", PASSWORD)):
        response = enter(guest, name, password)
        page = guest.open(response.location)
        answers.append((response.status_code, response.location, page.text.replace(name, "")))
        assert page.fields["name"] == name
        assert accounts.WRONG in page.text
    assert len(set(answers)) == 1
    parameters = {stored.rpartition("$")[0].rpartition("$")[0] for stored in checked}
    assert len(checked) == 3
    assert len(parameters) == 1  # so each check takes as long


@pytest.mark.parametrize("name", ["", "\0", "otto\0", "\ud800", "x" * 5000, "ott\u00f6\u0308"])
def test_any_name_can_be_tried(guest: Reader, name: str) -> None:
    response = enter(guest, name.encode("utf-8", "replace").decode(), "not the password")
    assert response.status_code == 303
    assert accounts.WRONG in guest.open(response.location).text


# The guard at the log-in form


def test_every_try_needs_a_new_code(guest: Reader) -> None:
    guest.open("/desk/log-in")
    form = guest.form | {"name": OWNER, "password": "not the password"}
    assert guest.client.post("/desk/log-in", data=form).status_code == 303
    again = Page(guest.client.post("/desk/log-in", data=form | {"password": PASSWORD}))
    assert again.response.status_code == 422
    assert not is_in(guest)
    without = {name: text for name, text in form.items() if not name.startswith("captcha_")}
    assert guest.client.post("/desk/log-in", data=without).status_code == 422


def test_after_a_wrong_code_the_name_is_kept_and_the_password_is_in_no_page(guest: Reader) -> None:
    guest.open("/desk/log-in")
    form = guest.form | {"name": OWNER, "password": PASSWORD, "captcha_answer": "WRONG", "next": "/desk/decisions"}
    page = Page(guest.client.post("/desk/log-in", data=form))
    assert page.response.status_code == 422
    assert page.fields["name"] == OWNER
    assert page.fields["next"] == "/desk/decisions"
    assert PASSWORD not in page.response.text
    form = page.fields | solved_form(guest.client, page.response.text) | {"password": PASSWORD}
    assert guest.client.post("/desk/log-in", data=form).location == "/desk/decisions"


def test_a_log_in_is_not_judged_as_a_comment(journal: Flask) -> None:
    config = {"TESTING": True, "DEMO_BLOG_INSTANCE": journal.instance_path}
    config["SQLALCHEMY_DATABASE_URI"] = journal.config["SQLALCHEMY_DATABASE_URI"]
    app = create_app(config | {"CAPTCHA_GUARD_DISALLOWED_WORDS": ["viagra"]})
    with app.app_context():
        accounts.create_owner("buy viagra", "viagra [url=https://viagra.example]")
    judged: list[Submission] = []

    def listen(_: object, submission: Submission, verdict: object) -> None:
        judged.append(submission)

    guest = Reader(app.test_client())
    with submission_judged.connected_to(listen):
        enter(guest, "buy viagra", "viagra [url=https://viagra.example] and a mistake")
        assert enter(guest, "buy viagra", "viagra [url=https://viagra.example]").location == "/desk"
    for submission in judged:
        assert (submission.author, submission.body, submission.other, submission.private) == ("", "", (), ())
    with app.app_context():
        db.engine.dispose()


def test_an_owner_whose_address_has_sent_spam_can_still_log_in(guest: Reader, journal: Flask) -> None:
    for number in range(12):
        guest.comment(body=f"[Pills {number}](https://one.example) and [more](https://two.example/{number})")
        guest.comment(body=f"The fence has {number} posts, and a gap more than I thought it would have.")
    with journal.app_context():
        for comment in db.session.scalars(select(Comment)):
            guard.teach(comment.case_id or "", spam="Pills" in comment.body)
        for number in range(30):
            guard.teach(Submission(scope="x", body=f"Cheap pills {number}", client="x"), spam=True)
    assert enter(guest).location == "/desk"


# Limits


def test_one_client_has_six_tries_a_minute(guest: Reader, clock: time_machine.Traveller) -> None:
    for number in range(6):
        assert enter(guest, f"name {number}", "not the password").status_code == 303
    response = enter(guest)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) <= 60
    assert not is_in(guest)
    clock.shift(61)
    assert enter(guest).location == "/desk"


def test_many_clients_together_have_ten_tries_an_hour_for_a_name_and_the_owner_still_gets_in(
    guest: Reader, journal: Flask, clock: time_machine.Traveller
) -> None:
    known = from_address(journal, 1)
    assert enter(known).location == "/desk"
    known.client.post("/desk/log-out", data=known.open("/desk").fields)
    attackers = [from_address(journal, number) for number in range(2, 14)]
    for attacker in attackers[:10]:
        enter(attacker, OWNER.upper(), "not the password")
    eleventh = attackers[10]
    page = eleventh.open(enter(eleventh).location)  # even with the right password
    assert "Too many log-ins with this name have failed. Try again in 60 minutes." in page.text
    assert not is_in(eleventh)
    page = eleventh.open(enter(eleventh, "unknown", "x").location)
    assert accounts.WRONG in page.text  # other names are counted apart
    assert enter(known).location == "/desk"  # from a browser that the owner has used before
    assert is_in(log_in(journal))  # by a link
    clock.shift(timedelta(hours=1, seconds=1))
    assert enter(attackers[11]).location == "/desk"


def test_tries_in_the_owners_browser_are_limited_too(guest: Reader, journal: Flask) -> None:
    enter(guest)
    guest.client.post("/desk/log-out", data=guest.open("/desk").fields)
    cookie = guest.client.get_cookie("journal_browser", path="/desk")
    assert cookie is not None
    for number in range(1, 11):
        thief = from_address(journal, number)
        thief.client.set_cookie("journal_browser", cookie.value, path="/desk")
        assert enter(thief, password="not the password").status_code == 303
    assert "Too many" in thief.open(enter(thief).location).text


@pytest.mark.parametrize("cookie", ["x", "WzFd.x", "WyJvdHRvIiwieCJd.forged"])
def test_a_forged_cookie_of_a_known_browser_is_ignored(guest: Reader, cookie: str) -> None:
    guest.client.set_cookie("journal_browser", cookie, path="/desk")
    assert enter(guest).location == "/desk"


# Sessions and cookies


def cookies_of(response: TestResponse) -> dict[str, str]:
    return {line.partition("=")[0]: line for line in response.headers.getlist("Set-Cookie")}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cookies_are_out_of_reach_of_scripts_and_other_sites_and_https_only_if_possible(
    guest: Reader, scheme: str
) -> None:
    guest.client.environ_base["wsgi.url_scheme"] = scheme
    guest.open("/desk/log-in")
    base = f"{scheme}://localhost"
    form = guest.form | {"name": OWNER, "password": PASSWORD}
    sent = cookies_of(guest.client.post("/desk/log-in", base_url=base, data=form, headers={"Referer": f"{base}/desk"}))
    assert set(sent) == {"session", "journal_browser"}
    for line in sent.values():
        assert "HttpOnly" in line
        assert "SameSite=Lax" in line
        assert ("Secure" in line) == (scheme == "https")


def test_the_session_is_new_after_log_in(guest: Reader) -> None:
    client = guest.client
    with client.session_transaction() as before:
        before["author_key"] = "planted"
        before["csrf_token"] = "planted"
    guest.open("/desk/log-in")
    client.post("/desk/log-in", data=guest.form | {"name": OWNER, "password": PASSWORD})
    with client:
        client.get("/desk/decisions")
        assert "author_key" not in session
        assert session["csrf_token"] != "planted"


def test_logging_out_needs_a_post_and_ends_copies_of_the_cookie_too(guest: Reader, journal: Flask) -> None:
    enter(guest)
    cookie = guest.client.get_cookie("session")
    assert cookie is not None
    assert guest.client.get("/desk/log-out").status_code == 405
    assert guest.client.post("/desk/log-out").status_code == 400  # without a CSRF token
    assert is_in(guest)
    response = guest.client.post("/desk/log-out", data=guest.open("/desk").fields)
    assert accounts.LOGGED_OUT in guest.open(response.location).text
    assert not is_in(guest)
    thief = journal.test_client()
    thief.set_cookie("session", cookie.value)
    assert thief.get("/desk").status_code == 303


def test_a_forged_session_is_refused(guest: Reader, journal: Flask) -> None:
    client = journal.test_client()
    for value in ("1", OWNER, "None", ""):
        with client.session_transaction() as changed:
            changed["_user_id"] = value
        assert client.get("/desk").status_code == 303


def test_public_pages_do_not_vary_by_cookie(guest: Reader) -> None:
    for address in ("/", "/about", "/journal.css"):
        response = guest.client.get(address)
        assert "Cookie" not in response.headers.get("Vary", "")
        response.close()


# Where a log-in leads


HOSTILE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/desk\\@evil.example",
    "https://evil.example",
    "https://evil.example/desk",
    "http:/desk",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "%2f%2fevil.example",
    "/%2fevil.example",
    "/desk/..//evil.example",
    "/desk/%2e%2e//evil.example",
    "/desk//evil.example",
    "/desk@evil.example",
    "/deskevil",
    "/desk\r\nLocation: https://evil.example",
    "/desk\t//evil.example",
    " /desk",
    "\u2215desk",
    "/posts/x",
    "desk",
    ".evil.example",
    "@evil.example",
]


def test_a_log_in_leads_to_no_other_place_than_the_desk(owner: Reader, journal: Flask) -> None:
    for target in HOSTILE:
        with journal.test_request_context("/desk/log-in"):
            assert accounts.local_path(target) is None, target
        response = owner.client.get("/desk/log-in", query_string={"next": target})
        assert (response.status_code, response.location) == (303, "/desk"), target


def test_the_desk_of_a_journal_below_a_path_is_the_only_target(journal: Flask) -> None:
    with journal.test_request_context("/desk/log-in", environ_overrides={"SCRIPT_NAME": "/blog"}):
        assert accounts.local_path("/blog/desk/decisions") == "/blog/desk/decisions"
        assert accounts.local_path("/desk/decisions") is None


def test_a_visitor_is_led_to_the_wanted_page_after_the_log_in(guest: Reader) -> None:
    wanted = "/desk?list=all&author=Otto%20G.&reason=links"
    response = guest.client.get(wanted)
    assert response.status_code == 303
    page = guest.open(response.location)
    form = guest.form | {"name": OWNER, "password": PASSWORD}
    assert page.fields["next"].startswith("/desk?list=all")
    location = guest.client.post("/desk/log-in", data=form).location
    assert guest.client.get(location).status_code == 200
    assert "Otto G." in guest.open(location).fields["author"]


def test_the_hostile_targets_are_refused_in_the_form_too(guest: Reader) -> None:
    assert enter(guest, target="//evil.example").location == "/desk"


# Log-in links


def test_opening_a_link_does_not_use_it_up_and_it_works_once(guest: Reader, journal: Flask) -> None:
    with journal.app_context():
        token = links.create(db.session.scalars(select(Owner)).one())
        assert token not in str(db.session.scalars(select(LogInLink.digest)).all())
    address = f"/desk/link/{token}"
    for _ in range(2):  # a preview in a chat, for example
        assert guest.client.get(address).status_code == 200
        assert guest.client.head(address).status_code == 200
    assert not is_in(guest)
    guest.open(address)
    assert guest.client.post(address, data=guest.form).location == "/desk"
    assert is_in(guest)
    other = Reader(journal.test_client())
    assert other.open(address).response.status_code == 404
    other.open("/desk/log-in")
    assert accounts.LINK_OVER in Page(other.client.post(address, data=other.form)).text
    assert not is_in(other)


def test_a_link_is_valid_for_15_minutes(guest: Reader, journal: Flask, clock: time_machine.Traveller) -> None:
    with journal.app_context():
        token = links.create(db.session.scalars(select(Owner)).one())
    address = f"/desk/link/{token}"
    guest.open(address)
    clock.shift(timedelta(minutes=15))
    assert guest.client.get(address).status_code == 404
    assert guest.client.post(address, data=guest.form).status_code == 404
    with journal.app_context():
        links.create(db.session.scalars(select(Owner)).one())
        assert len(db.session.scalars(select(LogInLink)).all()) == 1  # the expired one is deleted


@pytest.mark.parametrize("token", ["", "x", "%00", "a" * 3000, "%ed%a0%80"])
def test_a_guessed_link_is_refused(guest: Reader, token: str) -> None:
    assert guest.client.get(f"/desk/link/{token}").status_code in (303, 404)


# Visitors


def addresses(rule: Rule) -> str:
    values = dict.fromkeys(rule.arguments, 1 if "<int" in rule.rule else "x")
    return rule.build(values)[1]  # type: ignore[index]


def test_visitors_are_refused_at_every_address_and_method_of_the_desk(guest: Reader, journal: Flask) -> None:
    guest.comment(body="[one](https://one.example), [two](https://two.example)")
    rules = [rule for rule in journal.url_map.iter_rules() if rule.rule == "/desk" or rule.rule.startswith("/desk/")]
    assert len(rules) > 8
    assert {rule.endpoint for rule in rules if is_public(journal, rule)} == PUBLIC | SIGNED
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
    for rule in (rule for rule in rules if rule.endpoint not in PUBLIC | SIGNED):
        for method in methods:
            assert_refused(guest.client, method, addresses(rule))
    token = guest.open("/desk/log-in").fields["csrf_token"]
    for rule in (rule for rule in rules if rule.endpoint in SIGNED):
        for method in {"GET", "POST"} & (rule.methods or set()):
            response = guest.client.open(addresses(rule), method=method, data={"csrf_token": token})
            assert response.status_code == 404
            assert "one.example" not in response.text
    with journal.app_context():
        assert [comment.state for comment in db.session.scalars(select(Comment))] == ["held"]


def is_public(app: Flask, rule: Rule) -> bool:
    return getattr(app.view_functions[rule.endpoint], "is_public", False)


@pytest.mark.parametrize("address", ["/desk/", "/desk/nothing", "/desk/comments/99999", "/desk/log-out"])
def test_visitors_do_not_learn_which_addresses_exist(guest: Reader, address: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        assert_refused(guest.client, method, address)


def assert_refused(client: FlaskClient, method: str, address: str) -> None:
    response = client.open(address, method=method)
    assert response.status_code in (303, 308), (method, address)
    assert re.match(r"(http://localhost)?/desk", response.location)
    assert "one.example" not in response.text


def test_every_view_of_the_desk_is_below_its_path(journal: Flask) -> None:
    for rule in journal.url_map.iter_rules():
        if rule.endpoint.startswith("desk."):
            assert rule.rule == "/desk" or rule.rule.startswith("/desk/")


@pytest.mark.parametrize("address", ["/desk", "/desk/comments/1", "/desk/decisions", "/desk/comments.csv"])
def test_browsers_and_proxies_store_no_page_of_the_desk(reader: Reader, owner: Reader, address: str) -> None:
    reader.comment()
    response = owner.client.get(address)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"


def test_a_form_that_was_open_for_too_long_changes_nothing_and_says_so(
    clock: time_machine.Traveller, reader: Reader, owner: Reader
) -> None:
    reader.comment()
    form = owner.open("/desk?list=all").fields
    clock.shift(timedelta(hours=2))
    page = Page(owner.client.post("/desk/decide", data=form | {"spam": "1"}))
    assert page.response.status_code == 400
    assert "nothing was changed" in page.text
    assert "/desk" in page.links


def test_the_owner_comments_without_a_code_and_is_not_judged(owner: Reader) -> None:
    page = owner.open(f"/posts/{POST}")
    assert "captcha_answer" not in page.fields
    body = "[one](https://one.example), [two](https://two.example)"
    response = owner.client.post(f"/posts/{POST}/comments", data=page.fields | {"author": "Otto", "body": body})
    assert response.status_code == 303
    assert "is published above" in owner.open(response.location).text


def test_an_owner_without_a_password_gets_in_by_link_only(journal: Flask) -> None:
    with journal.app_context():
        accounts.create_owner("editor", None)
    guest = Reader(journal.test_client())
    assert enter(guest, "editor", "").location.startswith("/desk/log-in")
    assert is_in(log_in(journal, "editor"))


def test_passwords_that_are_too_long_are_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(PasswordHasher, "verify")
    assert passwords.matches(None, "x" * 1001) is False


def test_only_the_owner_sees_a_link_to_the_desk(owner: Reader, stranger: Reader) -> None:
    for address in ("/", "/about", "/posts/the-fence-and-its-posts", "/no-such-page"):
        assert ("/desk" in owner.open(address).links) == (address != "/no-such-page"), address
        assert "/desk" not in stranger.open(address).links


def test_a_hash_that_no_password_has_takes_as_long_to_check_as_a_real_one() -> None:
    hasher = PasswordHasher()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", hasher)
        made = passwords.unusable()
        assert passwords.unusable() != made
        assert extract_parameters(made) == extract_parameters(hasher.hash(PASSWORD))
    with pytest.raises(VerifyMismatchError):  # the whole work was done: a malformed hash raises InvalidHashError
        hasher.verify(made, PASSWORD)
