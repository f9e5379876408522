"""Client options with which a store on the network fails fast and without retries. The URI's query overrides them.

They have the names that the client libraries use: ``redis`` and ``valkey`` (with ``retries`` added), and
``pymemcache``. MongoDB's client reads its options from the URI itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from ...errors import ConfigError

#: Seconds that a store on the network has to connect, and to answer, before it counts as failed.
NETWORK_TIMEOUT = 0.25

#: The allowed range of timeouts in the URI, in seconds.
LEAST, MOST = 0.01, 30.0

#: Keeps failed memcached servers in the ring, because a spent nonce would be fresh on another server.
_NEVER_MOVE = {"retry_attempts": 2**31, "retry_timeout": -1}


def network_options(uri: str) -> tuple[str, dict[str, Any]]:
    """Return the address without the options in its query, and the options.

    :raises ConfigError: an option is unknown or out of range.
    :raises ImportError: the client library is missing.
    :raises ValueError: a host name is malformed.
    """
    for location in locations(uri):
        (location.hostname or "").encode("idna")  # raise for a malformed host now, not at every request
    scheme = uri.partition("://")[0]
    family = next(name for name in _FAMILIES if scheme.startswith(name))
    return _FAMILIES[family](family, uri)


def locations(uri: str) -> list[SplitResult]:
    """Return the servers that a URI names, with the ``hostname`` and ``port`` of each. A URI may list several."""
    return [urlsplit(f"//{one.strip()}") for one in urlsplit(uri).netloc.rpartition("@")[2].split(",")]


def _redis(library: str, uri: str) -> tuple[str, dict[str, Any]]:
    backoff, retry = import_module(f"{library}.backoff"), import_module(f"{library}.retry")
    address, _, query = uri.partition("?")
    waits: dict[str, Any] = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), NETWORK_TIMEOUT)
    scheme = uri.partition("://")[0]
    encrypted = scheme in ("rediss", "valkeys")
    options = waits | _parsed(query, {**_REDIS, **_TLS} if encrypted else _REDIS)
    if encrypted:
        _check_tls_options(options)
        # By default Valkey's client accepts a certificate for any host.
        options.setdefault("ssl_check_hostname", options.get("ssl_cert_reqs") != "none")
    retries = options.pop("retries", 0)
    options["retry"] = retry.Retry(backoff.NoBackoff(), retries)
    if scheme.endswith("+sentinel"):
        given = urlsplit(address)
        own = {name: getattr(given, name) for name in ("username", "password") if name in options}
        options["sentinel_kwargs"] = {name: options[name] for name in (*waits, "retry")} | own
    elif scheme == "valkey+cluster":  # retries of its own besides a connection's; Redis' client has one number
        options["cluster_error_retry_attempts"] = retries
    return address, options


def _check_tls_options(options: Mapping[str, Any]) -> None:
    """Raise ``ConfigError`` for TLS options that exclude each other, because clients don't report these as faults."""
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise ConfigError("ssl_keyfile in its query needs a certificate; name the certificate's file in ssl_certfile")
    if options.get("ssl_cert_reqs") == "none" and options.get("ssl_check_hostname"):
        raise ConfigError(
            "ssl_cert_reqs=none in its query accepts any certificate, ssl_check_hostname=true only that of the host; "
            "remove one of them"
        )


def _memcached(_: str, uri: str) -> tuple[str, dict[str, Any]]:
    import_module("pymemcache")
    address, _, query = uri.partition("?")
    waits: dict[str, Any] = dict.fromkeys(("timeout", "connect_timeout"), NETWORK_TIMEOUT)
    return address, waits | (_NEVER_MOVE if "," in address else {}) | _parsed(query, _MEMCACHED)


def _mongodb(_: str, uri: str) -> tuple[str, dict[str, Any]]:
    import_module("pymongo")
    milliseconds = round(NETWORK_TIMEOUT * 1000)
    waits = dict.fromkeys(("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS"), milliseconds)
    options: dict[str, Any] = {**waits, "retryWrites": False, "retryReads": False}
    asked = {name.lower() for name, _ in parse_qsl(uri.partition("?")[2])}
    return uri, {name: value for name, value in options.items() if name.lower() not in asked}


def _parsed(query: str, known: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
    options = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            raise ConfigError(f"{name!r} in its query isn't an option of this store; allowed: {', '.join(known)}")
        try:
            options[name] = known[name](value)
        except (KeyError, ValueError) as error:
            said = f": {error}" if isinstance(error, ConfigError) else ""
            shown = "(not shown)" if name == "password" else repr(value)
            raise ConfigError(f"{name} in its query is {shown}{said}") from None
    return options


def _seconds(value: str) -> float:
    seconds = float(value)
    if not LEAST <= seconds <= MOST:
        raise ConfigError(f"{LEAST:g} to {MOST:g} s are allowed")
    return seconds


def _count(value: str) -> int:
    if not re.fullmatch("[0-9]{1,6}", value):
        raise ConfigError("a whole number is needed")
    return int(value)


def _switch(value: str) -> bool:
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[value.lower()]


def _file(value: str) -> str:
    if not Path(value).is_file():
        raise ConfigError("there is no such file")
    return value


def _certificate_policy(value: str) -> str:
    if value not in ("none", "optional", "required"):
        raise ConfigError("none, optional and required are allowed")
    return value


_REDIS: Mapping[str, Callable[[str], Any]] = {
    "socket_timeout": _seconds,
    "socket_connect_timeout": _seconds,
    "retries": _count,
    "db": _count,
    "max_connections": _count,
    "health_check_interval": _count,
    "socket_keepalive": _switch,
    "protocol": _count,
    "client_name": str,
    "username": str,
    "password": str,
}

_TLS: Mapping[str, Callable[[str], Any]] = {
    "ssl_ca_certs": _file,
    "ssl_certfile": _file,
    "ssl_keyfile": _file,
    "ssl_cert_reqs": _certificate_policy,
    "ssl_check_hostname": _switch,
}

_MEMCACHED: Mapping[str, Callable[[str], Any]] = {
    "timeout": _seconds,
    "connect_timeout": _seconds,
    "max_pool_size": _count,
}

_FAMILIES: Mapping[str, Callable[[str, str], tuple[str, dict[str, Any]]]] = {
    "redis": _redis,
    "valkey": _redis,
    "memcached": _memcached,
    "mongodb": _mongodb,
}
