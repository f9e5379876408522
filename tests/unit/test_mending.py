from __future__ import annotations

import pytest

from captcha_guard.counters.storages.tls_hints import advice


@pytest.mark.parametrize(("message", "fix"), [
    ("certificate verify failed: Hostname mismatch, certificate is not valid for 'db'.", "Write the host"),
    ("certificate verify failed: IP address mismatch, certificate is not valid for '10.0.0.1'.", "Write the host"),
    ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired", "Renew"),
    ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate", "ssl_ca_certs"),
    ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required", "ssl_certfile"),
    ("Error 111 connecting to localhost:6379. Connection refused.", ""),
])  # fmt: skip
def test_an_error_of_tls_tells_what_mends_it_and_others_speak_for_themselves(message: str, fix: str) -> None:
    given = advice(ConnectionError(message))
    assert fix in given
    assert bool(given) == bool(fix)
