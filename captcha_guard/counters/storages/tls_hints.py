"""What to do about a store that fails, where its client's error tells more than that it can't be reached."""

from __future__ import annotations

import re
from typing import Final

_URI: Final = "CAPTCHA_GUARD_STORAGE_URI"

#: What OpenSSL says, and what mends it; the first that is found.
_TLS: Final = (
    (
        r"(?:Hostname|IP address) mismatch",
        f"Write the host in {_URI} as the server's certificate has it, or give it a certificate for that name.",
    ),
    (r"certificate has expired", "Renew the server's certificate."),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        f"Name the file of the CA that signed the server's certificate in {_URI}: ?ssl_ca_certs=/etc/ssl/redis-ca.pem.",
    ),
    (
        r"NO_CERTIFICATE_OR_CRL_FOUND|PEM lib|KEY_VALUES_MISMATCH",
        f"See that the files named in {_URI} hold certificates and keys as PEM, and that ssl_keyfile is the key of "
        "ssl_certfile.",
    ),
    (
        r"CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|EOF occurred in violation of protocol",
        f"If the server asks for a client's certificate, name it in {_URI}: ?ssl_certfile=...&ssl_keyfile=...",
    ),
)


def advice(error: BaseException) -> str:
    """Return a sentence that says how to mend what an error tells of, or nothing."""
    return next((mends for pattern, mends in _TLS if re.search(pattern, str(error), re.IGNORECASE)), "")
