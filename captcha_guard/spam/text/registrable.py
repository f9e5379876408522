"""The registrable domain of a host, by the public suffix list that tldextract ships."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tldextract import TLDExtract

from ..lists.known_hosts import HOSTING

#: Reads the list in the package. It never downloads a newer one and writes no cache. Private suffixes count, because
#: the subdomains of github.io, blogspot.com and the hosts in ``HOSTING`` belong to different people.
_LIST: Final = TLDExtract(
    suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True, extra_suffixes=tuple(HOSTING)
)
_LIST("example.com")  # reads the list now, so that no request waits for it

#: The most characters of a host name (RFC 1035). Longer ones are cut.
_LONGEST: Final = 253


@lru_cache(maxsize=4096)
def registrable_domain(host: str) -> str:
    """Return the registrable domain of a host: "b.co.uk" for "a.b.co.uk".

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
