"""Says how to fix a TLS connection to a store, for the log line and the doctor's finding about a store that fails.

Clients pass on what OpenSSL says, such as "certificate verify failed", which names neither the setting nor the file.
"""

from __future__ import annotations

import re
from typing import Final

_URI: Final = "CAPTCHA_GUARD_STORAGE_URI"

#: Patterns of OpenSSL's messages and how to fix each; the first match counts.
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
    """Return a sentence that says how to fix this error, or an empty string."""
    return next((fix for pattern, fix in _TLS if re.search(pattern, str(error), re.IGNORECASE)), "")
