"""Who is posting, as keys that can't be read back to an address."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple

SHARED: Final = "shared"


class Level(NamedTuple):
    """A kind of network around a client, and how many times as much as one client all in it together may do."""

    name: str
    factor: int


#: What one subscriber of IPv6 commonly holds, a /56: 256 networks of 64 bits.
SITE: Final = Level("site", 4)

#: What a provider hands out to many subscribers, or a hoster to one: IPv4 /24, IPv6 /48.
WIDE: Final = Level("wide", 32)


@dataclass(frozen=True, slots=True)
class Client:
    """``key`` is that of one subscriber; ``networks`` are those around it, with their keys, the narrowest first.

    A key is 32 hexadecimal digits, or ``"shared"`` for everyone whose address is not known. Keys last as long as the
    secret does.
    """

    key: str
    networks: tuple[tuple[Level, str], ...] = ()


#: Everyone whose address is not known: all of them together may do what one client may.
UNKNOWN_CLIENT: Final = Client(SHARED)


#: An address in brackets, as in URLs; a port may follow.
_BRACKETED: Final = re.compile(r"\[([^\[\]]*)\](?::[0-9]{0,5})?")
_PORT: Final = re.compile(r":[0-9]{0,5}$")


def address_of(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address as servers and proxies write it; returns None for anything else.

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
    """Make the keys of an address: IPv4 /32 and /24, IPv6 /64, /56 and /48.

    A subscriber of IPv6 holds a whole /64 at least, so one is one client. The address may be written in all the ways
    that ``address_of`` reads. No address, a Unix socket or any other text gives the one shared client.

    :param secret: key of the BLAKE2b (RFC 7693) that hides the address; without it, all addresses could be tried.
    :raises ValueError: an empty secret.
    """
    if not secret:
        raise ValueError("the secret of client keys is empty; give 16 bytes or more")
    ip = address_of(address)
    if ip is None:
        return UNKNOWN_CLIENT
    own, sizes = (4, ((WIDE, 3),)) if ip.version == 4 else (8, ((SITE, 7), (WIDE, 6)))
    networks = tuple((level, _digest(ip.packed[:size], secret)) for level, size in sizes)
    return Client(_digest(ip.packed[:own], secret), networks)


def client_named(name: str, *, secret: bytes) -> Client:
    """Make the key of a client that the host names itself; there is no network around it.

    :raises ValueError: an empty name, which would be everyone, or an empty secret.
    """
    if not name.strip() or not secret:
        raise ValueError("a client needs a name, and its key a secret")
    hashed = blake2b(name.encode("utf-8", "surrogatepass")).digest()  # longer than any network, so never one of them
    return Client(_digest(hashed, secret))


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _digest(network: bytes, secret: bytes) -> str:
    """Hash a network; two of different family or width never agree in their number of bytes."""
    key = secret if len(secret) <= blake2b.MAX_KEY_SIZE else blake2b(secret).digest()
    return blake2b(network, key=key, digest_size=16, person=b"guard client").hexdigest()
