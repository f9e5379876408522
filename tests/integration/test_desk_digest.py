"""The e-mail digest of held comments: when it is sent, that nothing is lost, and its signed links."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from demo_blog import create_app, maintenance
from demo_blog.database import db
from demo_blog.desk import decision_links, digest, mail
from demo_blog.desk.mail import MailSettings
from demo_blog.desk.models import Decision, Digest
from demo_blog.models import Comment, CommentState, Post
from demo_blog.signing import serializer
from demo_blog.site import SettingError
from tests.mail_server import SECRET, USER, MailServer, mail_server
from tests.processes import fresh_processes, in_processes
from tests.servers import free_port
from tests.tls import Signed, authority, certificate

from .journal_fixtures import POST, Page, Reader, journal, owner, printed_journal, reader, stranger

__all__ = ["journal", "owner", "printed_journal", "reader", "stranger"]

HELD = "[one](https://one.example), [two](https://two.example)"
SITE = "https://journal.example/blog"
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def settings(url: str, **other: str) -> dict[str, str]:
    return {
        "JOURNAL_SMTP_URL": url,
        "JOURNAL_MAIL_FROM": "The Desk <desk@journal.example>",
        "JOURNAL_MAIL_TO": "otto@journal.example, petra@journal.example",
        "JOURNAL_URL": SITE,
        **other,
    }


def mail_with(journal: Flask, url: str, **other: str) -> None:
    """Let the journal send its e-mails to this server."""
    journal.config.update(settings(url, **other))
    mail.init_app(journal)


@pytest.fixture
def server(journal: Flask) -> Iterator[MailServer]:
    """A mail server that the journal uses without encryption."""
    with mail_server() as running:
        mail_with(journal, f"smtp://127.0.0.1:{running.port}?tls=off")
        yield running


def hold(*authors: str, body: str = HELD) -> list[int]:
    """Store a held comment by each author."""
    post = Post.by_slug(POST)
    made = [Comment(post=post, author=one, email="", url="", body=body, state=CommentState.HELD) for one in authors]
    db.session.add_all(made)
    db.session.commit()
    return [one.id for one in made]


def noticed() -> int:
    return db.session.scalar(select(func.count()).where(Comment.noticed)) or 0


def link(text: str, label: str) -> str:
    """Return the path of the first link with this label in an e-mail."""
    found = re.search(rf"^{label}: {re.escape(SITE)}(/\S+)$", text, re.MULTILINE)
    assert found
    return found[1]


# What is sent, and when


def test_the_command_sends_held_comments_with_their_findings(
    journal: Flask, server: MailServer, reader: Reader
) -> None:
    reader.comment(author="Ottoline Gatepost", body=HELD)
    reader.comment(body="Printed.")
    result = journal.test_cli_runner().invoke(args=["journal", "digest"])
    assert result.output == "Sent an e-mail about held comments: 1.\n"
    (message,), (text,) = server.accepted, server.texts
    assert message["Subject"] == "[The Carry Bit] a comment by Ottoline Gatepost is waiting"
    assert message["From"] == "The Desk <desk@journal.example>"
    assert server.envelopes == [("desk@journal.example", ["otto@journal.example", "petra@journal.example"])]
    assert message.get_content_type() == "text/plain"
    assert "Comment 1 of 1 by Ottoline Gatepost" in text
    assert "> [one](https://one.example), [two](https://two.example)" in text
    assert re.search(r"^Score \d+ of 100. The guard found:\n- ", text, re.MULTILINE)
    assert re.search(r"^- The comment has 2 links; .+ \(30\)$", text, re.MULTILINE)
    assert f"The desk: {SITE}/desk\n" in text
    assert "Printed." not in text


def test_nothing_is_sent_without_held_comments(journal: Flask, server: MailServer) -> None:
    result = journal.test_cli_runner().invoke(args=["journal", "digest"])
    assert result.exit_code == 0
    assert not server.accepted


def test_at_most_one_digest_an_hour(journal: Flask, server: MailServer) -> None:
    with journal.app_context():
        hold("Ada")
        assert digest.send(NOON) == 1
        hold("Bertram", "Cosmo")
        assert digest.send(NOON + timedelta(minutes=59)) == 0
        assert digest.send(NOON + timedelta(minutes=60)) == 2
        assert digest.send(NOON + timedelta(hours=5)) == 0
    assert [message["Subject"] for message in server.accepted] == [
        "[The Carry Bit] a comment by Ada is waiting",
        "[The Carry Bit] 2 comments are waiting",
    ]
    assert "Ada" not in server.texts[1]


def test_comments_decided_before_the_digest_are_left_out(journal: Flask, server: MailServer) -> None:
    with journal.app_context():
        first, _ = hold("Ada", "Bertram")
        journal.test_cli_runner().invoke(args=["journal", "approve", str(first)])
        assert digest.send(NOON) == 1
    assert "Ada" not in server.texts[0]


def test_a_digest_lists_a_limited_number_and_counts_the_rest(journal: Flask, server: MailServer) -> None:
    with journal.app_context():
        hold(*(f"Reader {number}" for number in range(digest.LISTED + 7)))
        assert digest.send(NOON) == digest.LISTED + 7
        assert noticed() == digest.LISTED + 7
    assert server.texts[0].count("Approve: ") == digest.LISTED
    assert "7 more are waiting at the desk." in server.texts[0]


def test_imported_comments_are_not_news(journal: Flask, server: MailServer) -> None:
    export = Path(__file__).parent.parent / "data" / "wordpress" / "quill.000.xml"
    journal.test_cli_runner().invoke(args=["journal", "import-wordpress", str(export)])
    with journal.app_context():
        assert digest.send(NOON) == 0


def test_the_maintenance_sends_the_digest(journal: Flask, server: MailServer, owner: Reader) -> None:
    with journal.app_context():
        hold("Ada")
        maintenance.run()
        assert noticed() == 1
    assert len(server.accepted) == 1
    assert "The last e-mail was sent on" in owner.open("/desk/notices").text


def test_maintenance_starts_after_any_request_so_that_a_digest_does_not_wait_for_a_comment(
    journal: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(maintenance, "_run_in", lambda app: started.append(app.name))
    journal.testing = False
    journal.test_client().get("/about")
    for thread in threading.enumerate():
        if thread.name == "journal-maintenance":
            thread.join()
    assert started == ["demo_blog"]


# Several processes


def send_at_once(folder: str, database: str, port: int, start: Barrier) -> int:
    """Send the digest in a process of its own, at the same moment as the others. Returns its number of comments."""
    app = create_app(
        {
            "DEMO_BLOG_INSTANCE": folder,
            "SQLALCHEMY_DATABASE_URI": database,
            "JOURNAL_URL": "https://journal.example",
            "JOURNAL_SMTP_URL": f"smtp://127.0.0.1:{port}?tls=off",
            "JOURNAL_MAIL_FROM": "d@journal.example",
            "JOURNAL_MAIL_TO": "o@journal.example",
        }
    )
    with app.app_context():
        digest.unnoticed()
        start.wait(60)
        sent = digest.send(NOON)
        db.session.remove()
        db.engine.dispose()
        return sent


@pytest.mark.parametrize("has_earlier", [False, True])
def test_of_several_processes_one_sends_the_digest(journal: Flask, server: MailServer, has_earlier: bool) -> None:
    with journal.app_context():
        if has_earlier:
            db.session.add(Digest(sent=NOON - timedelta(hours=2), comments=1))
        hold("Ada", "Bertram")
        database = db.engine.url.render_as_string(hide_password=False)
    context = fresh_processes()
    part = (journal.instance_path, database, server.port, context.Barrier(4))
    assert sorted(in_processes(context, send_at_once, [part] * 4)) == [0, 0, 0, 2]
    assert len(server.accepted) == 1


def test_a_claim_can_be_taken_once(journal: Flask) -> None:
    with journal.app_context():
        assert digest._claim(NOON, timedelta()) == 1
        assert digest._claim(NOON, timedelta()) is None
        digest._settle(1, digest.FAILED)
        assert digest._claim(NOON, digest.RETRY_AFTER) is None
        assert digest._claim(NOON, timedelta()) == 1
        digest._settle(1, 3)
        assert digest._claim(NOON + timedelta(minutes=59), timedelta()) is None
        assert digest._claim(NOON + timedelta(hours=1), timedelta()) == 2


def test_a_process_that_dies_while_sending_delays_the_digest_and_loses_nothing(
    journal: Flask, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    with journal.app_context():
        hold("Ada")
        with monkeypatch.context() as patch:
            patch.setattr(mail, "send", die)
            with pytest.raises(SystemExit):
                digest.send(NOON)
        db.session.rollback()
        assert digest.send(NOON + timedelta(minutes=4)) == 0
        assert digest.send(NOON + timedelta(minutes=5)) == 1
    assert "Ada" in server.texts[0]


# Mail servers that fail


def test_a_refusal_loses_nothing_and_is_tried_again(
    journal: Flask, server: MailServer, caplog: pytest.LogCaptureFixture, clock: time_machine.Traveller
) -> None:
    server.refuse = "451 The queue is full"
    with journal.app_context():
        hold("Ada")
        assert digest.send_if_due() == 0
        assert "451 The queue is full" in caplog.text
        assert noticed() == 0
        assert digest.last_sent() is None
        server.refuse = ""
        assert digest.send_if_due() == 0  # not yet
        clock.shift(timedelta(minutes=5))
        assert digest.send_if_due() == 1
    assert len(server.accepted) == 1


def test_the_command_reports_a_failure_and_can_be_repeated_at_once(journal: Flask, server: MailServer) -> None:
    server.refuse = "554 No"
    with journal.app_context():
        hold("Ada")
    result = journal.test_cli_runner().invoke(args=["journal", "digest"])
    assert result.exit_code == 1
    assert f"127.0.0.1:{server.port} did not accept the e-mail: 554 No" in result.output
    server.refuse = ""
    assert "Sent" in journal.test_cli_runner().invoke(args=["journal", "digest"]).output


def fails(journal: Flask) -> str:
    """Hold a comment, send the digest, and return why that failed. Checks that nothing counts as noticed."""
    with journal.app_context():
        hold("Ada")
        with pytest.raises(mail.MailError) as error:
            digest.send(NOON)
        assert noticed() == 0
    return str(error.value)


def test_a_server_that_is_down_loses_nothing(journal: Flask) -> None:
    port = free_port()
    mail_with(journal, f"smtp://127.0.0.1:{port}?tls=off")
    assert f"127.0.0.1:{port}" in fails(journal)


def test_a_server_that_never_answers_is_given_up(journal: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        mail_with(journal, f"smtp://127.0.0.1:{silent.getsockname()[1]}?tls=off")
        started = time.monotonic()
        assert "timed out" in fails(journal)
    assert time.monotonic() - started < 10


def test_an_email_is_never_sent_without_starttls(journal: Flask) -> None:
    with mail_server() as plain:
        mail_with(journal, f"smtp://127.0.0.1:{plain.port}")
        assert "doesn't offer STARTTLS" in fails(journal)
        assert not plain.accepted


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    return authority(tmp_path_factory.mktemp("ca"), "mail-ca")


@pytest.fixture(scope="module")
def signed(ca: Signed, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    return certificate(tmp_path_factory.mktemp("server"), ca, "mail", "IP:127.0.0.1")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_with_tls_gets_the_digest(
    journal: Flask, ca: Signed, signed: Signed, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.certificate))
    with mail_server(signed, implicit=scheme == "smtps") as secure:
        mail_with(journal, f"{scheme}://127.0.0.1:{secure.port}")
        with journal.app_context():
            hold("Ada")
            assert digest.send(NOON) == 1
        assert len(secure.accepted) == 1


def test_a_server_that_wants_a_log_in_gets_the_digest(
    journal: Flask, ca: Signed, signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.certificate))
    with mail_server(signed, log_in=True) as secure:
        mail_with(journal, f"smtp://{USER}:p%40ss%3Aword%2F%3F@127.0.0.1:{secure.port}")
        with journal.app_context():
            hold("Ada")
            assert digest.send(NOON) == 1
        assert len(secure.accepted) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_an_unknown_certificate_is_refused(journal: Flask, signed: Signed, scheme: str) -> None:
    with mail_server(signed, implicit=scheme == "smtps") as secure:
        mail_with(journal, f"{scheme}://127.0.0.1:{secure.port}")
        assert "CERTIFICATE_VERIFY_FAILED" in fails(journal)
        assert not secure.accepted


def test_a_wrong_password_is_reported_without_the_password(
    journal: Flask, ca: Signed, signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.certificate))
    with mail_server(signed, log_in=True) as secure:
        mail_with(journal, f"smtp://{USER}:wrong-word@127.0.0.1:{secure.port}")
        reason = fails(journal)
        assert "535" in reason
        assert "wrong-word" not in reason


# Settings


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"JOURNAL_SMTP_URL": ""}, "JOURNAL_SMTP_URL: missing"),
        ({"JOURNAL_MAIL_TO": "", "JOURNAL_URL": ""}, "JOURNAL_MAIL_TO, JOURNAL_URL: missing"),
        ({"JOURNAL_SMTP_URL": "mail.example"}, "isn't the address of a mail server"),
        ({"JOURNAL_SMTP_URL": "https://mail.example"}, "isn't the address of a mail server"),
        ({"JOURNAL_SMTP_URL": "smtp://mail.example/inbox"}, "isn't the address of a mail server"),
        ({"JOURNAL_SMTP_URL": "smtp://mail.example:many"}, "isn't a URL"),
        ({"JOURNAL_SMTP_URL": "smtp://mail.example:0"}, "isn't the address of a mail server"),
        ({"JOURNAL_SMTP_URL": "smtp://otto@mail.example"}, "only one of user and password"),
        ({"JOURNAL_SMTP_URL": "smtp://otto:a%0d%0ab@mail.example"}, "control character"),
        ({"JOURNAL_SMTP_URL": "smtp://mail.example?tls=off"}, "only allowed for this machine"),
        ({"JOURNAL_SMTP_URL": "smtp://127.0.0.1?tls"}, "an option that isn't known"),
        ({"JOURNAL_SMTP_URL": "smtps://127.0.0.1?tls=off"}, "an option that isn't known"),
        ({"JOURNAL_MAIL_FROM": "desk"}, "JOURNAL_MAIL_FROM is 'desk'"),
        ({"JOURNAL_MAIL_FROM": "a@b.example, c@d.example"}, "2 addresses; give one"),
        ({"JOURNAL_MAIL_TO": "otto@journal.example, everybody"}, "JOURNAL_MAIL_TO is"),
        ({"JOURNAL_MAIL_TO": "otto@journal.example\r\nBcc: all@journal.example"}, "JOURNAL_MAIL_TO is"),
        ({"JOURNAL_URL": "journal.example"}, "JOURNAL_URL is 'journal.example'"),
        ({"JOURNAL_URL": "https://journal.example/?x=1"}, "JOURNAL_URL is"),
    ],
)
def test_wrong_settings_stop_the_start_and_say_what_to_write(changed: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingError, match=re.escape(complaint)):
        MailSettings.from_values(settings("smtps://mail.example") | changed)


def test_no_message_or_record_contains_the_password(tmp_path: Path) -> None:
    for url in ("smtp://otto:pass-word@mail.example:x", "http://otto:pass-word@mail.example", "smtp://o:pass-word@[x"):
        with pytest.raises(SettingError) as error:
            create_app({"DEMO_BLOG_INSTANCE": tmp_path, **settings(url)})
        assert "pass-word" not in str(error.value)
    assert "pass-word" not in repr(MailSettings.from_values(settings("smtps://otto:pass-word@mail.example")))


def test_without_settings_the_command_says_what_to_set(journal: Flask) -> None:
    result = journal.test_cli_runner().invoke(args=["journal", "digest"])
    assert result.exit_code == 1
    assert "JOURNAL_SMTP_URL" in result.output


def test_the_environment_is_read_and_the_configuration_overrides_it(
    journal: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings("smtp://mail.example").items():
        monkeypatch.setenv(name, value)
    journal.config["JOURNAL_URL"] = "https://other.example/"
    mail.init_app(journal)
    with journal.app_context():
        found = mail.settings()
    assert found is not None
    assert (found.host, found.port, found.site) == ("mail.example", 587, "https://other.example")


# Hostile comments


@pytest.mark.parametrize(
    "author",
    [
        "Ada\r\nBcc: everybody@journal.example",
        "Ada\nBcc: everybody@journal.example\n\nBody",
        "Ada\x0b\x0c\x85\u2028\u2029Bcc: everybody@journal.example",
        "=?utf-8?q?Bcc=3A_everybody=40journal=2Eexample?=",
        "\u202eevil\u200b" + "x" * 2000,
        "\x00\x1b[31m",
        "\ud800",
        "Åse <åse@journal.example>",
    ],
)
def test_hostile_names_change_no_header_and_no_line(journal: Flask, server: MailServer, author: str) -> None:
    settings_ = MailSettings.from_values(settings("smtp://mail.example"))
    assert settings_ is not None
    with journal.app_context():
        post = Post.by_slug(POST)
        one = Comment(
            id=1, post=post, author=author, email="", url="", body=f"{author}\nApprove: https://evil.example", score=0,
            created=NOON, state=CommentState.HELD,
        )  # fmt: skip
        message = digest.compose([one], 1, settings_, NOON)
        db.session.rollback()
        found = mail.settings()
        assert found is not None
        mail.send(message, found)
    (received,) = server.accepted
    assert set(received.keys()) >= {"Subject", "From", "To", "Date", "Message-ID"}
    assert "Bcc" not in received
    assert received["To"] == "otto@journal.example, petra@journal.example"
    assert server.envelopes[0][1] == ["otto@journal.example", "petra@journal.example"]
    lines = received.get_content().splitlines()
    assert sum(line.startswith("Approve: ") for line in lines) == 1
    assert all(len(line) < 1000 for line in received.as_bytes().splitlines())
    assert not {"\x1b", "\u202e", "\u200b", "\x00"} & set(received["Subject"] + received.get_content())


# Signed links


@pytest.fixture
def sent(journal: Flask, server: MailServer) -> Callable[[], str]:
    """Hold a comment with a finding, send the digest, and return its text."""

    def send() -> str:
        with journal.app_context():
            hold("Ottoline <b>Gatepost</b>")
            digest.send(datetime.now(UTC))
        return server.texts[-1]

    return send


def state(journal: Flask, comment_id: int = 1) -> str:
    with journal.app_context():
        return db.session.scalars(select(Comment.state).where(Comment.id == comment_id)).one()


def confirm(by: Reader, address: str) -> Page:
    """Press the button of the page, and return the page after it."""
    response = by.client.post(address, data=Page(by.client.get(address)).fields)
    assert response.status_code == 303
    return Page(by.client.get(response.location))


@pytest.mark.parametrize(("label", "becomes"), [("Approve", "published"), ("Spam", "spam")])
def test_a_link_decides_after_confirmation_without_logging_in(
    journal: Flask, sent: Callable[[], str], stranger: Reader, label: str, becomes: str
) -> None:
    address = link(sent(), label)
    for _ in range(2):  # mail programs open links
        page = Page(stranger.client.get(address))
        stranger.client.head(address)
        assert "https://one.example" in page.text
        assert "Ottoline <b>Gatepost</b>" in page.text
        assert not page.all("b")
    assert state(journal) == "held"
    assert "was already decided" in confirm(stranger, address).text
    assert state(journal) == becomes
    with journal.app_context():
        assert db.session.scalars(select(Decision.became)).all() == [becomes]


def test_a_link_needs_a_csrf_token(journal: Flask, sent: Callable[[], str], stranger: Reader) -> None:
    address = link(sent(), "Approve")
    assert stranger.client.post(address).status_code == 400
    assert state(journal) == "held"


def test_links_of_a_decided_comment_say_what_was_decided(
    journal: Flask, sent: Callable[[], str], stranger: Reader
) -> None:
    text = sent()
    confirm(stranger, link(text, "Spam"))
    page = Page(stranger.client.get(link(text, "Approve")))
    assert "Marked as spam by an editor" in page.text
    assert "one.example" not in page.text
    assert not page.all("button")
    token = Page(stranger.client.get("/posts/" + POST)).fields["csrf_token"]
    stranger.client.post(link(text, "Approve"), data={"csrf_token": token})
    assert state(journal) == "spam"


def test_links_expire_after_seven_days(
    journal: Flask, sent: Callable[[], str], stranger: Reader, clock: time_machine.Traveller
) -> None:
    address = link(sent(), "Approve")
    form = Page(stranger.client.get(address)).fields
    clock.shift(timedelta(days=7, seconds=-2))
    assert stranger.client.get(address).status_code == 200
    clock.shift(timedelta(seconds=2))
    expired = stranger.client.get(address)
    assert expired.status_code == 410
    assert "has expired" in expired.text
    assert "one.example" not in expired.text
    stranger.client.post(address, data=form)
    assert state(journal) == "held"


def test_a_text_that_was_changed_after_it_was_shown_is_not_decided_about(
    journal: Flask, sent: Callable[[], str], stranger: Reader
) -> None:
    address = link(sent(), "Approve")
    shown = Page(stranger.client.get(address)).fields
    with journal.app_context():
        comment = db.session.get_one(Comment, 1)
        comment.body, comment.edited = "Something else.", datetime.now(UTC)
        db.session.commit()
    page = Page(stranger.client.post(address, data=shown))
    assert "has changed the comment" in page.text
    assert "Something else." in page.text
    assert state(journal) == "held"
    confirm(stranger, address)
    assert state(journal) == "published"


def test_a_link_is_for_one_comment_one_decision_and_one_purpose(
    journal: Flask, sent: Callable[[], str], stranger: Reader
) -> None:
    text = sent()
    token = link(text, "Approve").rpartition("/")[2]
    payload, signature = token.rsplit(".", 1)
    other, _ = link(text, "Spam").rpartition("/")[2].rsplit(".", 1)
    with journal.app_context():
        content = serializer(decision_links.PURPOSE).loads(token)
        forged = serializer("held comment").dumps(content)
    for wrong in (f"{other}.{signature}", payload, f"{payload}.x", f"{token}x", forged, "x", "%00"):
        assert stranger.client.get(f"/desk/held/{wrong}").status_code == 404


def test_a_link_of_a_deleted_comment_does_not_decide_about_a_new_one(
    journal: Flask, sent: Callable[[], str], stranger: Reader, clock: time_machine.Traveller
) -> None:
    address = link(sent(), "Approve")
    with journal.app_context():
        db.session.delete(db.session.get_one(Comment, 1))
        db.session.commit()
        clock.shift(60)
        db.session.add(Comment(id=1, post=Post.by_slug(POST), author="New", email="", url="", body="x", state="held"))
        db.session.commit()
    page = stranger.client.get(address)
    assert page.status_code == 410
    assert "was deleted" in page.text
    assert state(journal) == "held"


def test_pages_of_links_are_kept_out_of_caches(sent: Callable[[], str], stranger: Reader) -> None:
    response = stranger.client.get(link(sent(), "Approve"))
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_the_email_object_refuses_a_header_with_a_line_break() -> None:
    """The control: what protects the headers, if the cleaning of names is missing."""
    with pytest.raises(ValueError, match="linefeed"):
        EmailMessage()["Subject"] = "a\r\nBcc: b@c.example"


def test_the_password_of_the_test_server_needs_quoting() -> None:
    assert set(SECRET) & set(":/@?")
