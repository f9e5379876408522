"""Advice for TLS errors of a store, taken from the error's message."""

from __future__ import annotations

import re
from typing import Final

_URI: Final = "CAPTCHA_GUARD_STORAGE_URI"

#: Patterns of OpenSSL's messages, and how to fix each. The first match counts.
_TLS: Final = (
    (
        r"(?:Hostname|IP address) mismatch",
        f"Write the host in {_URI} as in the server's certificate, or give the server a certificate for that name.",
    ),
    (r"certificate has expired", "Renew the server's certificate."),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        f"Name the file of the CA that signed the server's certificate in {_URI}: ?ssl_ca_certs=/etc/ssl/redis-ca.pem.",
    ),
    (
        r"NO_CERTIFICATE_OR_CRL_FOUND|PEM lib|KEY_VALUES_MISMATCH",
        f"Check that the files named in {_URI} contain certificates and keys in PEM format, and that ssl_keyfile is "
        "the key of ssl_certfile.",
    ),
    (
        r"CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|EOF occurred in violation of protocol",
        f"If the server requires a client certificate, name it in {_URI}: ?ssl_certfile=...&ssl_keyfile=...",
    ),
)


def advice(error: BaseException) -> str:
    """Return a sentence that says how to fix an error, or "" if there is no advice."""
    return next((mends for pattern, mends in _TLS if re.search(pattern, str(error), re.IGNORECASE)), "")
