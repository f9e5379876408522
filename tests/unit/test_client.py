from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.counters.client import Client, client_of

SECRET = b"sixteen octets or more"
NOBODY = Client("shared", "shared")

ipv4 = st.ip_addresses(v=4)
ipv6 = st.ip_addresses(v=6).filter(lambda ip: getattr(ip, "ipv4_mapped", None) is None)


def client(address: object, secret: bytes = SECRET) -> Client:
    return client_of(str(address), secret=secret)


@given(ip=ipv4 | ipv6)
def test_a_key_is_32_hexadecimal_digits_and_never_the_address(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    made = client(ip)
    for key in (made.key, made.wide):
        assert re.fullmatch(r"[0-9a-f]{32}", key)
        assert str(ip) not in key
        assert ip.packed.hex() not in key
    assert made.key != made.wide


@given(ip=ipv4)
def test_an_ipv4_mapped_address_is_the_ipv4_client(ip: ipaddress.IPv4Address) -> None:
    assert client(f"::ffff:{ip}") == client(ip)
    assert client(f"::FFFF:{ip.packed[:2].hex()}:{ip.packed[2:].hex()}") == client(ip)


@given(ip=ipv4, other=st.integers(0, 255))
def test_ipv4_neighbours_share_the_wide_key_only(ip: ipaddress.IPv4Address, other: int) -> None:
    neighbour = ipaddress.IPv4Address(ip.packed[:3] + bytes([other]))
    assert client(ip).wide == client(neighbour).wide
    assert (client(ip).key == client(neighbour).key) == (ip == neighbour)


@given(ip=ipv6, host=st.binary(min_size=8, max_size=8), subnet=st.binary(min_size=2, max_size=2))
def test_one_slash_64_is_one_client_and_one_slash_48_one_network(
    ip: ipaddress.IPv6Address, host: bytes, subnet: bytes
) -> None:
    assert client(ipaddress.IPv6Address(ip.packed[:8] + host)) == client(ip)
    elsewhere = client(ipaddress.IPv6Address(ip.packed[:6] + subnet + host))
    assert elsewhere.wide == client(ip).wide
    assert (elsewhere.key == client(ip).key) == (subnet == ip.packed[6:8])


@given(one=ipv4 | ipv6, other=ipv4 | ipv6)
def test_different_networks_have_different_keys(one: ipaddress.IPv4Address, other: ipaddress.IPv4Address) -> None:
    def networks(ip: ipaddress.IPv4Address) -> tuple[bytes, bytes]:
        return (ip.packed, ip.packed[:3]) if ip.version == 4 else (ip.packed[:8], ip.packed[:6])

    for mine, theirs, my_network, their_network in zip(
        (client(one).key, client(one).wide),
        (client(other).key, client(other).wide),
        networks(one),
        networks(other),
        strict=True,
    ):
        assert (mine == theirs) == (my_network == their_network)


def test_a_zone_id_and_spaces_do_not_make_a_new_client() -> None:
    assert client("fe80::1%eth0") == client("fe80::1%eth1") == client(" fe80::1 ")


@pytest.mark.parametrize(
    "address", [None, "", " ", "unix:", "/run/app.sock", "localhost", "1.2.3", "1.2.3.4:80", "\x00"]
)
def test_who_has_no_address_shares_one_key(address: str | None) -> None:
    assert client_of(address, secret=SECRET) == NOBODY


@given(text=st.text())
def test_whatever_stands_for_an_address_gives_a_key(text: str) -> None:
    made = client(text)
    assert made.key
    assert made.wide


def test_another_secret_gives_other_keys() -> None:
    keys = {client("192.0.2.1", secret).key for secret in (b"a", b"b", b"a" * 64, b"a" * 65, b"a" * 1000)}
    assert len(keys) == 5


def test_without_a_secret_no_key_is_made() -> None:
    with pytest.raises(ValueError, match="secret of client keys is empty"):
        client_of("192.0.2.1", secret=b"")
