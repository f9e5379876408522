"""What the doctor reports about a page that is really served: the effect for visitors, and the fix."""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import time_machine
from flask import Flask, Response, abort, make_response, redirect, render_template_string, request
from flask_wtf import CSRFProtect

from captcha_guard import CaptchaGuard
from captcha_guard.doctor.diagnosis import Severity
from captcha_guard.web.state import NAME
from tests.browser.server import served
from tests.integration.doctors_site import altered, found, make_site, seen_by_doctor, seen_on, sent_home
from tests.servers import free_port
from tests.tls import Signed, authority, certificate

FIELD = "{{ captcha_guard(scope='comment') }}"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = make_site(tmp_path)
    yield app
    storage: Any = app.extensions[NAME].storage
    storage.close()


def page_at(app: Flask, path: str, html: str) -> None:
    app.add_url_rule(path, path.strip("/"), lambda: render_template_string(html))


def changed(app: Flask, change: Callable[[str], str]) -> None:
    """Change the markup of every page, as a template or a proxy may."""

    def rewrite(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.set_data(change(response.get_data(as_text=True)))
        return response

    app.after_request(rewrite)


def served_by_tls(app: Flask, signed: Signed) -> AbstractContextManager[str]:
    return served(app, (str(signed.certificate), str(signed.key)))


def test_a_page_that_visitors_can_use_is_fine(app: Flask) -> None:
    result = seen_on(app)
    assert {"CG101", "CG406", "CG407"} <= set(result.fine)
    assert result.exit_status == 0


def test_without_a_url_no_page_is_checked_and_none_is_fine(app: Flask) -> None:
    result = seen_by_doctor(app)
    assert {"CG101", "CG405", "CG406", "CG407"} <= set(result.unchecked)
    assert "--url https://blog.example/posts/hello" in result.unchecked["CG407"]


# Pages without a form


def test_a_form_without_the_field_is_no_fault_where_mode_off_allows_it(app: Flask) -> None:
    @app.route("/letters", methods=["GET", "POST"])
    @CaptchaGuard().protect(mode="off")
    def letters() -> str:
        return '<form method="post"><textarea name="body"></textarea></form>'

    result = seen_on(app, "/letters")
    assert "which mode='off' allows" in result.unchecked["CG407"]
    assert result.exit_status == 0
    assert found(seen_on(app, "/"), "CG407") != []  # it has no form at all


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/nowhere", r"There is no such page: http://\S+/nowhere answers 404\."),
        ("/", r"http://\S+/ has no field for the security code\."),
        ("/account", r"http://\S+/account redirects to a log-in page, http://\S+/login\."),
        ("/members", r"http://\S+/members isn't public: it answers 403\."),
        ("/moved", r"http://\S+/moved leads to http://\S+/, which has no field for the security code\."),
        ("/gone", r"There is no such page: http://\S+/gone leads to http://\S+/nowhere, which answers 404\."),
        ("/down", r"http://\S+/down answers 502, not with a page\."),
        ("/feed", r"http://\S+/feed is sent as application/json, not as a page\."),
        ("/circle", r"http://\S+/circle redirects more than 10 times, last to http://\S+/circle\."),
        ("/mail", r"http://\S+/mail can't be fetched over HTTP\."),
    ],
)
def test_each_kind_of_page_without_a_form_has_its_own_message_and_is_a_fault(
    app: Flask, path: str, sentence: str
) -> None:
    sent_home(app, "/account")
    app.add_url_rule("/members", "members", lambda: abort(403))
    app.add_url_rule("/moved", "moved", lambda: redirect("/"))
    app.add_url_rule("/gone", "gone", lambda: redirect("/nowhere"))
    app.add_url_rule("/down", "down", lambda: ("", 502))
    app.add_url_rule("/feed", "feed", lambda: {"comments": []})
    app.add_url_rule("/circle", "circle", lambda: redirect("/circle"))
    app.add_url_rule("/mail", "mail", lambda: redirect("mailto:me@blog.example"))
    result = seen_on(app, path)
    [sentence] = found(result, "CG407")
    assert re.fullmatch(sentence, sentence), sentence
    assert result.exit_status == 2
    assert {"CG101", "CG405", "CG406"} <= set(result.unchecked)


@pytest.mark.parametrize(
    "page",
    [
        '<form><captcha-guard src="/captcha-guard" scope="comment"></captcha-guard></form>',
        '<script src="/captcha-guard/static/captcha_guard.js" defer></script><div id="blog"></div>',
    ],
    ids=["element", "framework"],
)
def test_a_page_whose_field_a_script_adds_is_unknown_and_no_fault(app: Flask, page: str) -> None:
    app.add_url_rule("/static-page", "static_page", lambda: page)
    result = seen_on(app, "/static-page")
    assert result.diagnoses == []
    assert {"CG101", "CG405", "CG406", "CG407"} <= set(result.unchecked)
    assert "the doctor runs no scripts" in result.unchecked["CG407"]


def test_redirects_are_followed_and_cookies_are_kept(app: Flask) -> None:
    def door() -> Any:
        response = redirect("/posts/hello" if "seen" in request.cookies else "/door")
        response.set_cookie("seen", "1")
        return response

    app.add_url_rule("/door", "door", door)
    assert found(seen_on(app, "/door"), "CG407") == []


def test_a_refused_connection_is_reported(app: Flask) -> None:
    port = free_port()
    result = seen_by_doctor(app, url=f"http://127.0.0.1:{port}/posts/hello")
    assert found(result, "CG407") == [
        f"http://127.0.0.1:{port}/posts/hello can't be reached: the connection was refused, so no server listens there."
    ]
    assert result.exit_status == 2


def test_an_unknown_host_is_reported(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    [sentence] = found(seen_by_doctor(app, url="http://blog.invalid/"), "CG407")
    assert sentence == "http://blog.invalid/ can't be reached: the host name can't be resolved."


def test_waiting_for_a_server_has_a_time_limit(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("captcha_guard.doctor.browser.TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        [sentence] = found(seen_by_doctor(app, url=f"http://127.0.0.1:{silent.getsockname()[1]}/"), "CG407")
    assert "doesn't answer within 0 s" in sentence


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_a_server_that_does_not_speak_http_is_reported(app: Flask, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer_once() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = Thread(target=answer_once)
        thread.start()
        [sentence] = found(seen_by_doctor(app, url=f"http://127.0.0.1:{other.getsockname()[1]}/"), "CG407")
        thread.join()
    assert "can't be fetched: " in sentence


def test_problems_with_tls_are_reported(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = authority(tmp_path, "ca")
    here = certificate(tmp_path, ca, "here", "IP:127.0.0.1")
    elsewhere = certificate(tmp_path, ca, "elsewhere", "DNS:elsewhere.example")
    with served_by_tls(app, here) as address:
        [sentence] = found(seen_by_doctor(app, url=f"{address}/posts/hello"), "CG407")
        assert "has a certificate that browsers refuse: unable to get local issuer certificate" in sentence
        monkeypatch.setenv("SSL_CERT_FILE", str(ca.certificate))
        assert found(seen_by_doctor(app, url=f"{address}/posts/hello"), "CG407") == []
    with served_by_tls(app, elsewhere) as address:
        [sentence] = found(seen_by_doctor(app, url=f"{address}/posts/hello"), "CG407")
        assert "IP address mismatch" in sentence
    with served(app) as address:
        [sentence] = found(seen_by_doctor(app, url=address.replace("http:", "https:")), "CG407")
        assert "can't be reached by TLS" in sentence


# Pictures and files


def test_the_urls_in_the_page_are_fetched_and_not_the_right_ones(app: Flask) -> None:
    changed(app, lambda html: html.replace("/captcha-guard/", "/elsewhere/"))
    result = seen_on(app)
    sentences = found(result, "CG407")
    assert {sentence.partition(":")[0] for sentence in sentences} == {
        "The field has no styles",
        'the button "New code" is missing',
        "The picture is missing",
        "The picture is missing on high-resolution screens",
        "The sound is missing",
    }
    [picture] = [one for one in sentences if one.startswith("The picture is missing:")]
    assert re.fullmatch(r"The picture is missing: http://\S+/elsewhere/\S+….png answers 404\.", picture), picture
    assert result.exit_status == 2


@pytest.mark.parametrize(
    ("start", "severity"), [("/captcha-guard/", Severity.FAULT), ("/captcha-guard/static/", Severity.WARNING)]
)
def test_pictures_and_files_behind_a_log_in_are_reported(app: Flask, start: str, severity: Severity) -> None:
    sent_home(app, start)
    result = seen_on(app)
    assert result.exit_status == severity
    assert all(re.search(r" redirects to http://\S+/login\.$", one) for one in found(result, "CG407"))


def test_a_base_element_is_used(app: Flask) -> None:
    changed(app, lambda html: '<base href="/blog/">' + html.replace('="/captcha-guard', '="captcha-guard'))
    assert any("/blog/captcha-guard/" in one for one in found(seen_on(app), "CG407"))


@pytest.mark.parametrize(
    ("kind", "problem"), [("text/html", "is sent as text/html, not as"), ("", "is sent as no type")]
)
def test_a_file_of_a_wrong_type_is_reported(app: Flask, kind: str, problem: str) -> None:
    def retype(response: Response) -> Response:
        if request.path.startswith("/captcha-guard/"):
            response.headers["Content-Type"] = kind
        return response

    app.after_request(retype)
    sentences = found(seen_on(app), "CG407")
    assert len(sentences) == 5
    assert all(problem in one for one in sentences)


def test_pictures_over_http_on_a_page_over_https_are_reported(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = authority(tmp_path, "ca")
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.certificate))
    changed(
        app,
        lambda html: html.replace('="/captcha', f'="http://{request.host}/captcha').replace(
            " /captcha", f" http://{request.host}/captcha"
        ),
    )
    with served_by_tls(app, certificate(tmp_path, ca, "here", "IP:127.0.0.1")) as address:
        result = seen_by_doctor(app, url=f"{address}/posts/hello")
    assert all("isn't HTTPS, but the page is" in one for one in found(result, "CG407")[:3])
    assert any("x_proto=1" in one.fix for one in result.diagnoses)


def test_a_picture_that_its_host_does_not_share_is_reported(app: Flask) -> None:
    other = Flask("other")

    @other.get("/<path:anything>")
    def answer(anything: str) -> Response:
        return Response(b"\x89PNG", mimetype="image/png", headers={"Cross-Origin-Resource-Policy": "same-origin"})

    with served(other) as address:
        changed(app, lambda html: re.sub(r'src="(/captcha-guard/[^"]*png)"', rf'src="{address}\1"', html))
        [sentence] = found(seen_on(app), "CG407")
    assert "Cross-Origin-Resource-Policy: same-origin" in sentence
    assert sentence.startswith("The picture is missing: ")


def test_pictures_that_caches_may_store_are_reported(app: Flask) -> None:
    def keep(response: Response) -> Response:
        if response.mimetype == "image/png":
            response.headers["Cache-Control"] = "public, max-age=86400"
        return response

    app.after_request_funcs.setdefault(None, []).insert(0, keep)
    app.extensions[NAME].issuer  # noqa: B018
    assert all("Don't let a cache" in one.fix for one in seen_on(app).diagnoses if one.code == "CG407")
    assert len(found(seen_on(app), "CG407")) == 2


def test_too_many_pictures_are_not_reported_as_missing(tmp_path: Path) -> None:
    app = make_site(tmp_path, {"CAPTCHA_GUARD_PICTURE_LIMITS": "1 per hour"})
    sentences = found(seen_on(app), "CG407")
    assert len(sentences) == 2
    assert all("answers 429: too many pictures" in sentence for sentence in sentences)
    storage: Any = app.extensions[NAME].storage
    storage.close()


# Policies


def test_a_content_security_policy_that_blocks_the_picture_is_a_fault(app: Flask) -> None:
    altered(app, Content_Security_Policy="default-src 'self'; img-src https://cdn.example")
    result = seen_on(app)
    sentences = found(result, "CG407")
    assert len(sentences) == 2
    assert sentences[0] == (
        "The picture is missing: the page's Content-Security-Policy blocks it (img-src https://cdn.example)."
    )
    assert result.exit_status == 2


@pytest.mark.parametrize(
    ("policy", "problem", "status"),
    [
        ("style-src 'nonce-abc'", "The field has no styles", 1),
        ("media-src 'none'", "The sound is missing", 2),
        ("script-src 'none'", 'the button "New code" is missing', 1),
        ("connect-src 'none'", "The script can't fetch a new code", 1),
        ("form-action https://other.example", "The form can't be sent", 2),
    ],
)
def test_each_part_that_a_policy_blocks_is_reported(app: Flask, policy: str, problem: str, status: int) -> None:
    altered(app, Content_Security_Policy=policy)
    result = seen_on(app)
    assert [one.partition(":")[0] for one in found(result, "CG407")] == [problem]
    assert result.exit_status == status


def test_a_policy_in_a_meta_element_is_used_and_a_report_only_policy_is_not(app: Flask) -> None:
    altered(app, Content_Security_Policy_Report_Only="default-src 'none'")
    policy = """<meta http-equiv="Content-Security-Policy" content="img-src 'none'">"""
    page_at(app, "/meta", f"{policy}<form>{FIELD}</form>")
    assert found(seen_on(app), "CG407") == []
    assert "(img-src 'none')" in found(seen_on(app, "/meta"), "CG407")[0]


# Caches


@pytest.mark.parametrize(("control", "status"), [
    ("public, max-age=600", 2), ("s-maxage=60", 2), ("max-age=600", 1), ("private, max-age=600", 0), ("no-store", 0),
])  # fmt: skip
def test_a_page_with_a_code_that_caches_may_store_is_reported(app: Flask, control: str, status: int) -> None:
    def keep(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers["Cache-Control"] = control
        return response

    app.after_request_funcs.setdefault(None, []).insert(0, keep)
    result = seen_on(app)
    assert bool(found(result, "CG407")) == bool(status)
    assert result.exit_status == status


def test_headers_for_one_kind_of_cache_are_checked(app: Flask) -> None:
    altered(app, Surrogate_Control="max-age=3600")
    assert "Surrogate-Control" in found(seen_on(app), "CG407")[0]


def kept_page(app: Flask) -> None:
    kept: list[str] = []

    def page() -> Any:
        if not kept:
            kept.append(render_template_string(f"<form>{FIELD}</form>"))
        response = make_response(kept[0])
        response.cache_control.private = True
        return response

    app.add_url_rule("/kept", "kept", page)


def test_a_cache_is_recognised_by_the_code_that_two_visitors_get(app: Flask) -> None:
    kept_page(app)
    [sentence] = found(seen_on(app, "/kept"), "CG407")
    assert re.fullmatch(r"Visitors get each other's codes: http://\S+/kept comes from a cache\.", sentence)


def test_a_cache_is_recognised_by_an_expired_code(app: Flask) -> None:
    kept_page(app)
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        app.test_client().get("/kept")
        clock.shift(app.extensions[NAME].settings.ttl + 1)
        assert any("comes from a cache" in one for one in found(seen_on(app, "/kept"), "CG407"))


# Other checks of the same page


def test_a_secret_that_the_served_site_does_not_share_is_a_fault(app: Flask, tmp_path: Path) -> None:
    other = make_site(tmp_path / "other")
    with served(app) as address:
        result = seen_by_doctor(other, url=f"{address}/posts/hello")
    assert found(result, "CG101")
    assert found(result, "CG407") == []
    storage: Any = other.extensions[NAME].storage
    storage.close()


def test_a_secret_that_was_replaced_with_a_fallback_is_shared(app: Flask, tmp_path: Path) -> None:
    old = app.config["SECRET_KEY"]
    other = make_site(tmp_path / "other", {"SECRET_KEY": secrets.token_hex(), "SECRET_KEY_FALLBACKS": [old]})
    with served(app) as address:
        assert found(seen_by_doctor(other, url=f"{address}/posts/hello"), "CG101") == []
    storage: Any = other.extensions[NAME].storage
    storage.close()


def test_a_field_outside_of_the_form_is_reported(app: Flask) -> None:
    page_at(app, "/outside", f"<form method=post><textarea name=body></textarea></form>{FIELD}")
    assert found(seen_on(app, "/outside"), "CG407") == ["The code isn't sent: the field is outside the page's forms."]


def test_a_form_without_a_csrf_token_is_a_hint(app: Flask, tmp_path: Path) -> None:
    page_at(app, "/safe", f'<form><input type="hidden" name="csrf_token" value="x">{FIELD}</form>')
    assert found(seen_on(app, "/safe"), "CG405") == []
    assert "CSRFProtect isn't set up" in found(seen_on(app), "CG405")[0]
    protected = make_site(tmp_path / "other")
    CSRFProtect(protected)
    result = seen_on(protected)
    assert "CSRFProtect is set up, but" in found(result, "CG405")[0]
    assert result.exit_status == 0
    storage: Any = protected.extensions[NAME].storage
    storage.close()


@pytest.mark.parametrize(
    ("protection", "field", "problem"),
    [
        ({}, '<textarea name="text"></textarea>', ""),
        ({}, '<textarea name="feedback"></textarea>', "The guard looks for 'body' or 'comment'"),
        ({"fields": {"body": "lettr"}}, '<textarea name="letter"></textarea>', "{'body': 'lettr'} names a field that"),
        ({"fields": {"body": "letter"}}, '<input name="letter">', ""),
        ({"ignore": ("stars",)}, '<input name="stars">', ""),
        ({}, '<select name="stars"></select>', "The guard looks for"),
    ],
)
@pytest.mark.parametrize("below", ["", "/shop"])
def test_cg406_a_form_without_a_field_for_the_body(
    app: Flask, protection: dict[str, Any], field: str, problem: str, below: str
) -> None:
    guard = CaptchaGuard()
    elsewhere = "<form method=post action='https://elsewhere.example/rated'><input name=captcha_token></form>"
    page_at(app, f"{below}/rate", f"<form method=post action={below}/rated>{field}{FIELD}</form>{elsewhere}")
    app.add_url_rule("/rated", "rated", guard.protect(**protection)(lambda: ""), methods=["POST"])
    sentences = found(seen_on(app, f"{below}/rate"), "CG406")
    assert len(sentences) == bool(problem)
    assert all("/rate posts to the route 'rated'" in sentence and problem in sentence for sentence in sentences)


def test_the_doctor_never_posts(app: Flask) -> None:
    methods = set()
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: methods.add(request.method))
    seen_on(app)
    assert methods == {"GET"}
