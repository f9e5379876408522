"""The origin of a request by its headers: what is accepted, and what comes from a page of another site."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.web.post.origin import canonical, is_cross_site, is_same_place

HOST = "blog.example"
ELSEWHERE = "https://evil.example"


@pytest.mark.parametrize("origin", ["", "null", ELSEWHERE, f"https://{HOST}"])
def test_a_cross_site_request_is_refused_whatever_the_origin(origin: str) -> None:
    assert is_cross_site({"cross-site"}, origin, HOST)


@pytest.mark.parametrize("site", ["same-origin", "same-site", "none"])
@pytest.mark.parametrize("origin", ["", "null", ELSEWHERE, f"https://{HOST}"])
def test_a_same_site_request_is_accepted_whatever_the_origin(site: str, origin: str) -> None:
    assert not is_cross_site({site}, origin, HOST)


def test_a_request_with_neither_header_is_accepted() -> None:
    assert not is_cross_site(set(), "", HOST)


@pytest.mark.parametrize("site", [set(), {"same-planet"}, {"same-origin", "same-planet"}])
def test_without_a_known_value_the_origin_decides(site: set[str]) -> None:
    assert is_cross_site(site, ELSEWHERE, HOST)
    assert is_cross_site(site, "null", HOST)
    assert not is_cross_site(site, f"https://{HOST}", HOST)
    assert not is_cross_site(site, "", HOST)


def test_cross_site_is_recognised_if_a_proxy_adds_another_value() -> None:
    assert is_cross_site({"same-origin", "cross-site"}, "", HOST)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://blog.example", "blog.example"), ("https://blog.example", "blog.example:443"),
        ("http://blog.example", "blog.example"), ("http://blog.example", "blog.example:80"),
        ("https://blog.example", "blog.example:80"),  # a proxy that ends TLS
        ("https://Blog.Example", "BLOG.example"), ("https://blog.example.", "blog.example"),
        ("https://blog.example", "blog.example."), ("https://blog.example:8443", "blog.example:8443"),
        ("http://[::1]:5000", "[::1]:5000"), ("https://[2001:DB8::1]", "[2001:db8::1]"),
        ("http://127.0.0.1:5000", "127.0.0.1:5000"), ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)  # fmt: skip
def test_spelling_scheme_and_default_ports_do_not_matter(origin: str, host: str) -> None:
    assert is_same_place(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "blog.example"), ("https://blog.example.evil.example", "blog.example"),
        ("https://evilblog.example", "blog.example"), ("https://blog.example:8443", "blog.example"),
        ("https://blog.example", "blog.example:8443"), ("https://blog.example:8443", "blog.example:8444"),
        ("http://localhost:5000", "127.0.0.1:5000"), ("http://[::2]", "[::1]"),
        ("null", "null"), ("null", "blog.example"),
        ("blog.example", "blog.example"), ("//blog.example", "blog.example"),
        ("https://blog.example@evil.example", "blog.example"),
        ("https://blog.example https://evil.example", "blog.example"),
        ("https://blog.example, https://evil.example", "blog.example"), ("file://", "blog.example"), ("https://", ""),
        ("https://blog.example:port", "blog.example"), ("https://[blog.example", "blog.example"),
        ("https://blog.example:99999", "blog.example:99999"), ("https://blog.example", ""), ("", ""),
    ],
)  # fmt: skip
def test_another_host_or_port_or_no_origin_is_another_site(origin: str, host: str) -> None:
    assert not is_same_place(origin, host)


@given(origin=st.text(), host=st.text(), site=st.sets(st.text()))
def test_no_header_makes_it_fail(origin: str, host: str, site: set[str]) -> None:
    is_cross_site(site, origin, host)
    canonical(origin)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Other.Example/page?a=b#c", "https://other.example"), ("https://other.example:443", "https://other.example"),
        ("http://other.example:80/", "http://other.example"), ("http://other.example:443", "http://other.example:443"),
        ("http://[::1]:8000/x", "http://[::1]:8000"), ("null", ""), ("", ""), ("https://[", ""), ("https://a:b/", ""),
        ("https://other.example@evil.example/", "https://evil.example"), ("capacitor://localhost", "capacitor://localhost"),
    ],
)  # fmt: skip
def test_an_address_has_one_origin(address: str, origin: str) -> None:
    assert canonical(address) == origin
