"""Identifies clients by keyed hashes, from which their addresses can't be read."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple

SHARED: Final = "shared"


class Level(NamedTuple):
    """A kind of network around a client. All its clients together may do ``factor`` times as much as one client."""

    name: str
    factor: int


#: The network that one IPv6 subscriber usually gets, a /56: 256 networks with 64-bit prefixes.
SITE: Final = Level("site", 4)

#: A network that a provider divides among many subscribers, or that a hoster gives to one: IPv4 /24, IPv6 /48.
WIDE: Final = Level("wide", 32)


@dataclass(frozen=True, slots=True)
class Client:
    """A client with its ``key``, and the ``networks`` around it with their keys, the smallest first.

    A key is 32 hexadecimal digits, or ``"shared"`` for all clients whose address isn't known. Keys stay the same until
    the secret changes.
    """

    key: str
    networks: tuple[tuple[Level, str], ...] = ()


#: All clients whose address isn't known. Together they have the limits of one client.
UNKNOWN_CLIENT: Final = Client(SHARED)


#: An address in brackets, as in URLs; a port may follow.
_BRACKETED: Final = re.compile(r"\[([^\[\]]*)\](?::[0-9]{0,5})?")
_PORT: Final = re.compile(r":[0-9]{0,5}$")


def address_of(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address in a text, as servers and proxies write it. None for any other text.

    Brackets, a port, quotation marks and surrounding spaces are ignored (``198.51.100.7:5021``,
    ``[2001:db8::1]:443``), and so are zone ids. An IPv4-mapped address is returned as IPv4.
    """
    text = (text or "").strip().strip('"')
    if bracketed := _BRACKETED.fullmatch(text):
        text = bracketed[1]
    ip = _parsed(text) or _parsed(_PORT.sub("", text))
    if isinstance(ip, ipaddress.IPv6Address):
        return ip.ipv4_mapped or ipaddress.IPv6Address(ip.packed)
    return ip


def client_of(address: str | None, *, secret: bytes) -> Client:
    """Return the client with the keys of an address: IPv4 /32 and /24, IPv6 /64, /56 and /48.

    An IPv6 subscriber has at least a whole /64, so one /64 counts as one client. The address may be written in any way
    that ``address_of`` reads. A missing address, a Unix socket or any other text gives ``UNKNOWN_CLIENT``.

    :param secret: the key of the BLAKE2b (RFC 7693) that hides the address. Without it, addresses can be brute-forced.
    :raises ValueError: the secret is empty.
    """
    if not secret:
        raise ValueError("the secret of client keys is empty; pass at least 16 bytes")
    ip = address_of(address)
    if ip is None:
        return UNKNOWN_CLIENT
    own, sizes = (4, ((WIDE, 3),)) if ip.version == 4 else (8, ((SITE, 7), (WIDE, 6)))
    networks = tuple((level, _digest(ip.packed[:size], secret)) for level, size in sizes)
    return Client(_digest(ip.packed[:own], secret), networks)


def client_named(name: str, *, secret: bytes) -> Client:
    """Return the client with a name that the host has chosen. It has no networks around it.

    :raises ValueError: the name is empty, so that all clients would share it, or the secret is empty.
    """
    if not name.strip() or not secret:
        raise ValueError("the client's name or the secret is empty; both are needed to make its key")
    hashed = blake2b(name.encode("utf-8", "surrogatepass")).digest()  # longer than any network, so never equal to one
    return Client(_digest(hashed, secret))


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _digest(network: bytes, secret: bytes) -> str:
    """Return the keyed hash of a network. Networks of different families or sizes differ in their number of bytes."""
    key = secret if len(secret) <= blake2b.MAX_KEY_SIZE else blake2b(secret).digest()
    return blake2b(network, key=key, digest_size=16, person=b"guard client").hexdigest()
