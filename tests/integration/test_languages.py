"""Visitors read the guard's texts in their language, moderators in the site's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from flask import Flask, render_template_string, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from captcha_guard import CaptchaGuard, Submission, Verdict
from captcha_guard.catalogues import catalogue
from captcha_guard.errors import ConfigError
from captcha_guard.messages import Message
from captcha_guard.signals import submission_judged
from captcha_guard.web.language import LONGEST_HEADER, negotiated, translated
from captcha_guard.web.post.limit_message import waiting_time
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, post_comment, wrong
from tests.integration.snippets import python_of

LABEL = "Enter Security Code"
ASKED = "Please type the security code. Your text is kept."
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
ARABIC = {"Accept-Language": "ar"}
LINKS = COMMENT | {"body": "See https://one.example/x and https://two.example/y and https://three.example/z here."}

MakeHost = Callable[..., Flask]


@pytest.fixture
def hosts(bare: Any) -> MakeHost:
    """Make applications with a form, a guarded route and arguments for the guard."""

    def make(config: dict[str, object] | None = None, **arguments: Any) -> Flask:
        app: Flask = bare(**(config or {}))
        guard = CaptchaGuard(app, **arguments)

        @app.route("/", methods=["GET", "POST"])
        @guard.protect(moderated=True)
        def comments() -> str:
            return render_template_string("<form method=post>{{ captcha_guard() }}</form>")

        return app

    return make


def field_of(page: TestResponse) -> dict[str, str]:
    """Return the attributes of a page's ``<captcha-guard>``."""
    return next(given for tag, given in Page(page.text).tags if tag == "captcha-guard")


def posted(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    return client.post("/posts/one/comments", data=COMMENT, headers=headers)


@pytest.mark.parametrize(("headers", "tag", "direction"), [(GERMAN, "de", "ltr"), (ARABIC, "ar", "rtl")])
def test_the_field_and_our_page_are_in_the_browsers_language(
    client: FlaskClient, headers: dict[str, str], tag: str, direction: str
) -> None:
    label, asked = (catalogue(tag).gettext(text) for text in (LABEL, ASKED))
    assert (label, asked) != (LABEL, ASKED)
    page = client.get("/posts/one", headers=headers)
    assert label in page.text
    assert (field_of(page)["lang"], field_of(page)["dir"]) == (tag, direction)
    refused = posted(client, headers)
    assert refused.status_code == 422
    assert f'<html lang="{tag}" dir="{direction}">' in refused.text
    assert asked in Page(refused.text).text
    assert refused.headers["Vary"] == "Accept-Language"


@pytest.mark.parametrize("path", ["/posts/one", "/letters"])
def test_a_cache_keeps_the_pages_with_a_field_apart_by_language(client: FlaskClient, path: str) -> None:
    for headers in (GERMAN, {}):
        assert client.get(path, headers=headers).headers["Vary"] == "Accept-Language"


def test_without_a_language_the_field_is_in_english(client: FlaskClient) -> None:
    page = client.get("/posts/one")
    assert LABEL in page.text
    assert (field_of(page)["lang"], field_of(page)["dir"]) == ("en", "ltr")


def test_the_script_finds_its_sentences_in_the_field(client: FlaskClient) -> None:
    given = field_of(client.get("/posts/one"))
    assert given["data-text-new-code"] == "Here is a new code."
    names = {name.removeprefix("data-text-") for name in given if name.startswith("data-text-")}
    assert names == {"new-code", "expired", "failed", "picture-failed", "sound-failed", "accepted"}


def test_a_json_client_gets_the_detail_in_its_language_and_the_same_reason(client: FlaskClient) -> None:
    answer = client.post("/api/comments", json=COMMENT, headers=GERMAN)
    assert answer.get_json()["detail"] == catalogue("de").gettext(ASKED)
    assert (answer.get_json()["title"], answer.get_json()["reason"]) == ("Unprocessable Entity", "code_missing")


def test_the_errors_and_the_label_of_a_wtforms_field_are_translated(client: FlaskClient) -> None:
    answer = client.post("/letters", data=COMMENT, headers=GERMAN)
    assert catalogue("de").gettext(LABEL) in answer.text
    assert catalogue("de").gettext(ASKED) in answer.text


def test_numbers_follow_the_language(client: FlaskClient, blog: Blog) -> None:
    with blog.app.test_request_context(headers=GERMAN):
        text = blog.guard.check(Submission(scope="x", body="x" * 70_000)).findings[0].sentence
        assert text == "The field body is 70,000 characters long; 65,525 are allowed."
        assert isinstance(text, Message)
        assert "70.000" in blog.state.translator.translate(text, "de")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "*",
        "xx",
        "zh-Hant-TW",
        "pt-BR",
        "de;q=0",
        "-",
        ",;=,;q=de",
        "de;q=nan",
        "\xff\xfe",
        "a" * 10_000,
        "xx," * 5_000 + "de",
        "%(count)d",
        "../../de",
    ],
)
def test_an_odd_language_header_gets_the_site_s_language(client: FlaskClient, header: str) -> None:
    page = client.get("/posts/one", headers={"Accept-Language": header})
    assert page.status_code == 200
    assert field_of(page)["lang"] == "en"


def test_only_the_beginning_of_the_header_is_read() -> None:
    header = ",".join(f"x{number}" for number in range(1000))
    assert len(header) > LONGEST_HEADER
    assert negotiated("el;q=0.3, fr-CA;q=0.8, *", ("en", "fr", "el"), "en") == "fr"


def test_the_settings_limit_and_replace_the_languages(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_LOCALE": "fr", "CAPTCHA_GUARD_LOCALES": ["de"]})
    found = [
        field_of(blog.client().get("/posts/one", headers={"Accept-Language": tag}))["lang"]
        for tag in ("ar", "de", "fr", "en")
    ]
    assert found == ["fr", "de", "fr", "fr"]


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"CAPTCHA_GUARD_LOCALE": "de_DE"}, "CAPTCHA_GUARD_LOCALE is 'de_DE'; allowed: en, ar, de, el, es, fr, ja, ro"),
        ({"CAPTCHA_GUARD_LOCALE": "de_DE"}, "Did you mean 'de'?"),
        ({"CAPTCHA_GUARD_LOCALES": ["de", "xx"]}, "allowed: a list of some of en, ar, de"),
        ({"CAPTCHA_GUARD_LOCALES": ["de", "xx"]}, "ja, ro. 'xx' isn't one of them"),
        ({"CAPTCHA_GUARD_LOCALES": ["de", "fr-CA"]}, "Did you mean 'fr'?"),
        ({"CAPTCHA_GUARD_LOCALES": "de"}, "allowed: a list of some of en, ar, de"),
        ({"CAPTCHA_GUARD_LOCALES": "de"}, "Write ['de']"),
    ],
)
def test_an_unknown_language_in_the_settings_is_refused(hosts: MakeHost, config: dict[str, object], error: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(error)):
        hosts(config)


def test_a_localize_that_cannot_be_called_is_refused(hosts: MakeHost) -> None:
    with pytest.raises(ConfigError, match="localize is 'gettext'; allowed: a function"):
        hosts(localize="gettext")


def test_a_moderator_reads_the_site_s_language_while_the_visitor_reads_another(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_LOCALE": "de"})
    verdicts = _verdicts(blog.app)
    with verdicts[0]:
        assert post_comment(blog.client(), "/queue", headers={"Accept-Language": "en"}, **LINKS).status_code == 303
    held = next(found for found in verdicts[1][0].findings if found.reason == "links")
    assert held.sentence == "Der Kommentar enthält 3 Links; ab 2 wird ein Kommentar zurückgehalten."
    assert isinstance(held.sentence, Message)
    assert held.sentence.english == "The comment has 3 links; comments with 2 or more are held."


def test_a_refusal_is_in_the_visitor_s_language_and_its_finding_in_the_site_s(blogs: MakeBlog) -> None:
    long = COMMENT | {"author": "A" * 300}
    for site, visitor in (("de", "en"), ("en", "de")):
        blog = blogs({"CAPTCHA_GUARD_LOCALE": site}, folder=site)
        verdicts = _verdicts(blog.app)
        with verdicts[0]:
            answer = post_comment(blog.client(), headers={"Accept-Language": visitor}, **long)
        german = re.compile("Das Feld .* ist 300 Zeichen lang; erlaubt sind 245")
        english = re.compile("The field author is 300 characters long; 245 are allowed")
        told, noted = (english, german) if visitor == "en" else (german, english)
        assert answer.status_code == 413
        assert told.search(answer.text)
        assert noted.search(verdicts[1][0].findings[0].sentence)


def test_a_wrong_code_is_noted_in_the_site_s_language(blogs: MakeBlog) -> None:
    blog = blogs()
    verdicts = _verdicts(blog.app)
    with verdicts[0]:
        page = blog.client().get("/posts/one", headers=GERMAN)
        blog.client().post("/posts/one/comments", data=wrong(page, COMMENT), headers=GERMAN)
    [found] = [one for one in verdicts[1][0].findings if one.reason == "code_wrong"]
    assert found.sentence == "That was not the code. Your text is kept; here is a new code."


def test_the_decision_log_stays_in_english(blogs: MakeBlog, caplog: pytest.LogCaptureFixture) -> None:
    blog = blogs({"CAPTCHA_GUARD_LOCALE": "de"})
    with caplog.at_level("INFO", "captcha_guard.decisions"):
        posted(blog.client(), GERMAN)
    assert "code_missing" in caplog.text
    assert "Sicherheitscode" not in caplog.text


def test_outside_of_a_request_texts_are_in_the_site_s_language(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_LOCALE": "de"})
    with blog.app.app_context():
        verdict = blog.guard.check(Submission(scope="x", author="Ada", body=LINKS["body"]))
    assert "Der Kommentar enthält 3 Links" in " ".join(found.sentence for found in verdict.findings)


def test_the_host_replaces_texts_for_visitors_and_moderators(hosts: MakeHost) -> None:
    seen: list[tuple[str, str]] = []

    def localize(text: Message, language: str) -> str | None:
        seen.append((text.msgid, language))
        return {LABEL: f"Buchstaben <{language}>", ASKED: None}.get(text.msgid)

    app = hosts(localize=localize)
    page = app.test_client().get("/", headers=GERMAN)
    assert "Buchstaben &lt;de&gt;" in page.text
    assert ("New code", "de") in seen
    assert "Buchstaben &lt;en&gt;" in app.test_client().get("/").text


def test_the_documented_localize_uses_the_host_s_catalogues(hosts: MakeHost, tmp_path: Path) -> None:
    from flask_babel import Babel  # noqa: PLC0415 - only few hosts have it

    polish = Catalog(locale="pl")
    polish.add(LABEL, "Przepisz kod")
    seconds = ("%(count)d second", "%(count)d seconds")
    polish.add(seconds, ("%(count)d sekunda", "%(count)d sekundy", "%(count)d sekund"))
    file = tmp_path / "pl" / "LC_MESSAGES" / "messages.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as catalogue_file:
        write_mo(catalogue_file, polish)
    [documented] = [block for block in python_of("docs/languages.md") if "get_translations" in block]
    names: dict[str, Any] = {}
    exec(documented.partition("\n\nguard =")[0], names)  # noqa: S102 - that is the point
    app = hosts(localize=names["localize"])
    Babel(app, default_translation_directories=str(tmp_path), locale_selector=lambda: "pl")
    assert "Przepisz kod" in app.test_client().get("/").text
    with app.test_request_context():
        shown = [translated(waiting_time(number)) for number in (1, 3, 7, 600)]
    assert shown == ["1 sekunda", "3 sekundy", "7 sekund", "10 minutes"]


def test_the_host_s_own_template_can_use_our_texts(hosts: MakeHost, tmp_path: Path) -> None:
    app = hosts()
    folder = tmp_path / "templates" / "captcha_guard"
    folder.mkdir(parents=True)
    (folder / "challenge.html").write_text('<b>{{ text("Enter Security Code") }} {{ direction }}</b>')
    app.jinja_loader = None
    app.template_folder = str(tmp_path / "templates")
    del app.jinja_loader
    assert "<b>أدخل رمز الأمان rtl</b>" in app.test_client().get("/", headers=ARABIC).text


def test_flask_babel_decides_before_the_browser(hosts: MakeHost) -> None:
    from flask_babel import Babel  # noqa: PLC0415 - only this test's host has it

    app = hosts({"CAPTCHA_GUARD_LOCALES": ["de", "ar"]})
    Babel(app, locale_selector=lambda: request.args.get("lang", "de_CH"))
    client = app.test_client()
    assert field_of(client.get("/", headers=ARABIC))["lang"] == "de"
    assert field_of(client.get("/?lang=ar"))["dir"] == "rtl"
    assert field_of(client.get("/?lang=ja", headers=ARABIC))["lang"] == "en"
    assert "Vary" not in client.get("/?lang=de").headers
    refused = client.post("/?lang=de", data=COMMENT, headers=ARABIC)
    assert catalogue("de").gettext(ASKED) in refused.text
    assert "Vary" not in refused.headers


def test_a_failing_locale_of_flask_babel_leaves_the_browser_s_language(
    hosts: MakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    from flask_babel import Babel  # noqa: PLC0415 - only this test's host has it

    app = hosts()

    def select() -> str:
        raise LookupError("no user yet")

    Babel(app, locale_selector=select)
    assert field_of(app.test_client().get("/", headers=GERMAN))["lang"] == "de"
    assert "Flask-Babel's locale can't be read" in caplog.text


def test_waiting_times_have_one_unit_and_its_plural() -> None:
    assert [waiting_time(seconds) for seconds in (0, 1, 89, 90, 5340, 5341, 90_000)] == [
        "1 second", "1 second", "89 seconds", "2 minutes", "89 minutes", "2 hours", "25 hours",
    ]  # fmt: skip


def _verdicts(app: Flask) -> Any:
    """Return a context in which the verdicts of ``app`` are collected, and the list of them."""
    found: list[Verdict] = []

    def receive(sender: object, *, submission: Submission, verdict: Verdict) -> None:
        found.append(verdict)

    return submission_judged.connected_to(receive, app), found
