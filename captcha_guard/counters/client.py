"""Who is posting, as keys that can't be read back to an address, and that change every day where they are counted."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

SHARED: Final = "shared"

#: Seconds for which clients are counted under the same keys.
DAY: Final = 86_400


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
    secret does, for what has to know a client again after weeks; limits are counted under its :meth:`daily` keys.
    """

    key: str
    networks: tuple[tuple[Level, str], ...] = ()
    secret: bytes = field(default=b"", repr=False, compare=False)

    def daily(self, window: int, now: float, level: Level | None = None) -> tuple[str, ...]:
        """Return the keys under which it is counted now in a window of so many seconds, the oldest first.

        :param level: the network that is counted in place of the client; no key where it is in none of that kind.

        Every day at midnight (UTC) there is another key. A window that began before midnight is counted under
        yesterday's key as well, until all of it lies in today: so yesterday's hits still bind, and the first of these
        keys has seen all hits of the window at every moment. Windows longer than a day keep their keys as long as they
        last.
        """
        key = self.key if level is None else dict(self.networks).get(level)
        return _daily(key, window, now, self.secret) if key else ()


#: Everyone whose address is not known: all of them together may do what one client may.
NOBODY: Final = Client(SHARED)


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
        return NOBODY
    own, sizes = (4, ((WIDE, 3),)) if ip.version == 4 else (8, ((SITE, 7), (WIDE, 6)))
    networks = tuple((level, _digest(ip.packed[:size], secret)) for level, size in sizes)
    return Client(_digest(ip.packed[:own], secret), networks, secret)


def client_named(name: str, *, secret: bytes) -> Client:
    """Make the key of a client that the host names itself; there is no network around it.

    :raises ValueError: an empty name, which would be everyone, or an empty secret.
    """
    if not name.strip() or not secret:
        raise ValueError("a client needs a name, and its key a secret")
    hashed = blake2b(name.encode("utf-8", "surrogatepass")).digest()  # longer than any network, so never one of them
    return Client(_digest(hashed, secret), secret=secret)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _daily(key: str, window: int, now: float, secret: bytes) -> tuple[str, ...]:
    if key == SHARED:
        return (key,)
    period = DAY * -(-window // DAY)
    number, age = divmod(now, period)
    days = (int(number) - 1, int(number)) if age < window else (int(number),)
    return tuple(_name_of_day(key, period, day, secret) for day in days)


@lru_cache(maxsize=1024)  # one request asks for the same few again and again
def _name_of_day(key: str, period: int, number: int, secret: bytes) -> str:
    return _digest(key.encode(), _day_key(period, number, secret), person=b"guard day")


@lru_cache(maxsize=64)
def _day_key(period: int, number: int, secret: bytes) -> bytes:
    return blake2b(b"%d %d" % (period, number), key=_short(secret), person=b"guard day key").digest()


def _short(secret: bytes) -> bytes:
    return secret if len(secret) <= blake2b.MAX_KEY_SIZE else blake2b(secret).digest()


def _digest(network: bytes, secret: bytes, person: bytes = b"guard client") -> str:
    """Hash a network; two of different family or width never agree in their number of bytes."""
    return blake2b(network, key=_short(secret), digest_size=16, person=person).hexdigest()
