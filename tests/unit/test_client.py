from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.counters.client import SITE, UNKNOWN_CLIENT, WIDE, Client, Level, address_of, client_named, client_of

CASES = Path(__file__).parents[1] / "cases.jsonl"
SECRET = b"sixteen bytes or more"

ipv4 = st.ip_addresses(v=4)
ipv6 = st.ip_addresses(v=6).filter(lambda ip: getattr(ip, "ipv4_mapped", None) is None)


def client(address: object, secret: bytes = SECRET) -> Client:
    return client_of(str(address), secret=secret)


def network(address: object, level: Level = WIDE) -> str:
    return dict(client(address).networks)[level]


@given(ip=ipv4 | ipv6)
def test_a_key_is_32_hexadecimal_digits_and_never_the_address(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    made = client(ip)
    keys = [made.key, *(key for _, key in made.networks)]
    for key in keys:
        assert re.fullmatch(r"[0-9a-f]{32}", key)
        assert str(ip) not in key
        assert ip.packed.hex() not in key
    assert len(set(keys)) == len(keys)


@given(ip=ipv4)
def test_an_ipv4_mapped_address_is_the_ipv4_client(ip: ipaddress.IPv4Address) -> None:
    assert client(f"::ffff:{ip}") == client(ip)
    assert client(f"::FFFF:{ip.packed[:2].hex()}:{ip.packed[2:].hex()}") == client(ip)


@given(ip=ipv4, other=st.integers(0, 255))
def test_ipv4_neighbours_share_the_wide_key_only(ip: ipaddress.IPv4Address, other: int) -> None:
    neighbour = ipaddress.IPv4Address(ip.packed[:3] + bytes([other]))
    assert client(ip).networks == client(neighbour).networks
    assert (client(ip).key == client(neighbour).key) == (ip == neighbour)


@given(ip=ipv6, host=st.binary(min_size=8, max_size=8), subnet=st.binary(min_size=2, max_size=2))
def test_an_ipv6_64_is_a_client_a_56_is_a_site_and_a_48_is_a_network(
    ip: ipaddress.IPv6Address, host: bytes, subnet: bytes
) -> None:
    assert client(ipaddress.IPv6Address(ip.packed[:8] + host)) == client(ip)
    elsewhere = client(ipaddress.IPv6Address(ip.packed[:6] + subnet + host))
    assert network(ip) == dict(elsewhere.networks)[WIDE]
    assert (network(ip, SITE) == dict(elsewhere.networks)[SITE]) == (subnet[0] == ip.packed[6])
    assert (elsewhere.key == client(ip).key) == (subnet == ip.packed[6:8])


@given(one=ipv4 | ipv6, other=ipv4 | ipv6)
def test_different_networks_have_different_keys(one: ipaddress.IPv4Address, other: ipaddress.IPv4Address) -> None:
    def networks(ip: ipaddress.IPv4Address) -> tuple[bytes, bytes]:
        return (ip.packed, ip.packed[:3]) if ip.version == 4 else (ip.packed[:8], ip.packed[:6])

    for mine, theirs, my_network, their_network in zip(
        (client(one).key, network(one)),
        (client(other).key, network(other)),
        networks(one),
        networks(other),
        strict=True,
    ):
        assert (mine == theirs) == (my_network == their_network)


def test_a_zone_id_and_spaces_do_not_make_a_new_client() -> None:
    assert client("fe80::1%eth0") == client("fe80::1%eth1") == client(" fe80::1 ")


ports = st.none() | st.integers(0, 65_535)


@given(ip=ipv4 | ipv6, port=ports, spaces=st.sampled_from(["", " ", "\t"]), quote=st.sampled_from(["", '"']))
def test_brackets_ports_quotes_and_spaces_do_not_make_a_new_client(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int | None, spaces: str, quote: str
) -> None:
    ending = "" if port is None else f":{port}"
    for written in (f"[{ip}]{ending}", f"{ip}{ending}" if ip.version == 4 else str(ip)):
        assert client(f"{spaces}{quote}{written}{quote}{spaces}") == client(ip)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7:5021", "198.51.100.7"),
        ("[::ffff:198.51.100.7]:5021", "198.51.100.7"),
        ("[::ffff:c633:6407]", "198.51.100.7"),
        ("[fe80::1%eth0]:443", "fe80::1"),
        ("fe80::1%eth0.100", "fe80::1"),
        ("2001:db8:0:0:0:0:0:1:443", "2001:db8::1"),
        ("2001:db8::1:50210", "2001:db8::1"),
        ("198.51.100.7:", "198.51.100.7"),
    ],
)
def test_an_address_is_read_as_proxies_write_it(written: str, plain: str) -> None:
    assert address_of(written) == ipaddress.ip_address(plain)
    assert client(written) == client(plain)


ADDRESSES = [case for line in CASES.read_text("utf-8").splitlines() if (case := json.loads(line))["kind"] == "address"]


@pytest.mark.parametrize("case", ADDRESSES, ids=lambda case: case["addresses"][0])
def test_addresses_as_proxies_write_them_are_the_same_client(case: dict[str, Any]) -> None:
    first, second = map(client, case["addresses"])
    assert UNKNOWN_CLIENT not in (first, second)
    assert (first == second) == (case["expect"] == "the same client as the second")


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        " ",
        "unix:",
        "/run/app.sock",
        "localhost",
        "1.2.3",
        "1.2.3.4.5:80",
        "unknown:80",
        "[1.2.3.4",
        "[]",
        "\x00",
    ],
)
def test_clients_without_an_address_share_one_key(address: str | None) -> None:
    assert client_of(address, secret=SECRET) == UNKNOWN_CLIENT


@given(text=st.text())
def test_any_text_as_an_address_gives_a_key(text: str) -> None:
    made = client(text)
    assert made.key
    assert all(key for _, key in made.networks)


def test_another_secret_gives_other_keys() -> None:
    keys = {client("192.0.2.1", secret).key for secret in (b"a", b"b", b"a" * 64, b"a" * 65, b"a" * 1000)}
    assert len(keys) == 5


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        (b"secret of 16 byt", "a44517c28d8c9fd6d98ef8ce17cdef21"),
        (b"a" * 64, "0950e60c6e8fb108bcefcc781c4fd317"),
        (b"a" * 65, "8718dfcc40557161ff3d7054c7e6557c"),
    ],
)
def test_the_keys_of_clients_stay_the_same_in_later_releases(secret: bytes, key: str) -> None:
    """Otherwise an upgrade would forget who is banned and what was counted."""
    assert client_of("192.0.2.1", secret=secret).key == key


def test_without_a_secret_no_key_is_made() -> None:
    with pytest.raises(ValueError, match=r"^the secret of client keys is empty; pass at least 16 bytes$"):
        client_of("192.0.2.1", secret=b"")


@pytest.mark.parametrize("text", ["X192.0.2.1X", "'192.0.2.1'", "192.0.2.1 192.0.2.1"])
def test_an_address_in_other_characters_is_not_an_address(text: str) -> None:
    assert client(text) == UNKNOWN_CLIENT


def test_clients_without_an_address_have_no_network() -> None:
    assert UNKNOWN_CLIENT.networks == ()


@given(name=st.text().filter(str.strip), other=st.text().filter(str.strip))
def test_a_client_that_the_host_names_has_one_key_and_no_network(name: str, other: str) -> None:
    made = client_named(name, secret=SECRET)
    assert made.networks == ()
    assert (made == client_named(other, secret=SECRET)) == (name == other)


def test_no_name_equals_an_address() -> None:
    assert client_named("192.0.2.1", secret=SECRET) != client("192.0.2.1")
    assert client_named("\xc0\x00\x02\x01", secret=SECRET).key != client("192.0.2.1").key


def test_a_name_may_hold_any_characters() -> None:
    names = ["é", "\udc80", "\udc81", "e\u0301"]
    assert len({client_named(name, secret=SECRET).key for name in names}) == len(names)


@pytest.mark.parametrize("name", ["", " ", "\n"])
def test_an_empty_name_is_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"^the client's name or the secret is empty; both are needed to make its key$"
    ):
        client_named(name, secret=SECRET)
