"""Who is posting, as a rate-limit key that can't be read back to an address."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from hashlib import blake2b

SHARED = "shared"


@dataclass(frozen=True)
class Client:
    """Two rate-limit keys: ``key`` for one subscriber, ``wide`` for the network around it.

    Both are 32 hexadecimal digits, or ``"shared"`` for everyone whose address is not known.
    """

    key: str
    wide: str


def client_of(address: str | None, *, secret: bytes) -> Client:
    """Make the keys of an address: IPv4 /32 and /24, IPv6 /64 and /48.

    A subscriber of IPv6 commonly holds a whole /64, so one is one client. IPv4-mapped addresses count as IPv4, zone
    ids are dropped. No address, a Unix socket or anything that is no address gives the one shared client.

    :param secret: key of the BLAKE2b (RFC 7693) that hides the address; without it, all addresses could be tried.
    :raises ValueError: an empty secret.
    """
    if not secret:
        raise ValueError("the secret of client keys is empty; give 16 octets or more")
    try:
        ip = ipaddress.ip_address((address or "").strip())
    except ValueError:
        return Client(SHARED, SHARED)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    narrow, wide = (4, 3) if ip.version == 4 else (8, 6)
    return Client(_digest(ip.packed[:narrow], secret), _digest(ip.packed[:wide], secret))


def _digest(network: bytes, secret: bytes) -> str:
    """Hash a network; two of different family or width never agree in their number of octets."""
    key = secret if len(secret) <= blake2b.MAX_KEY_SIZE else blake2b(secret).digest()
    return blake2b(network, key=key, digest_size=16, person=b"guard client").hexdigest()
