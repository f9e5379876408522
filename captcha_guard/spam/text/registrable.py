"""The registrable domain of a host, by the public suffix list that tldextract ships."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tldextract import TLDExtract

from ..lists.known_hosts import HOSTING

#: Reads the snapshot in the package; it never fetches a newer list and writes no cache. Private suffixes count, because
#: the names below github.io or blogspot.com belong to different people, and so do those below ``HOSTING``.
_LIST: Final = TLDExtract(
    suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True, extra_suffixes=tuple(HOSTING)
)
_LIST("example.com")  # reads the list now, so that no visitor waits for it

#: Characters of a host name that are looked at (RFC 1035).
_LONGEST: Final = 253


@lru_cache(maxsize=4096)
def registrable_domain(host: str) -> str:
    """Return the part of ``host`` that someone registered: "b.co.uk" for "a.b.co.uk".

    The last two labels are returned if the list doesn't know the suffix. An IP address, a suffix and a name of one
    label are returned as they are.
    """
    host = host[-_LONGEST:]
    found = _LIST.extract_str(host)
    if found.top_domain_under_public_suffix:
        return found.top_domain_under_public_suffix
    if found.suffix or found.ipv4 or found.ipv6:
        return host
    return ".".join(host.split(".")[-2:])
