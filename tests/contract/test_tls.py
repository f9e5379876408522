"""Counting over TLS: whose certificate is taken, and what is said where it is not."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.store import open_storage
from captcha_guard.errors import ConfigError, StoreUnavailableError
from tests.tls import authority, certificate, encrypted_redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tls import EncryptedRedis, Signed

pytestmark = pytest.mark.redis


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ca(folder: Path) -> Signed:
    return authority(folder, "ours")


@pytest.fixture(scope="module")
def redis(folder: Path, ca: Signed) -> Iterator[EncryptedRedis]:
    """A server whose certificate is for localhost, and not for 127.0.0.1."""
    with encrypted_redis(folder, ca, certificate(folder, ca, "server", "DNS:localhost")) as server:
        yield server


@pytest.fixture(scope="module")
def asking(folder: Path, ca: Signed) -> Iterator[EncryptedRedis]:
    """A server that lets in only who has a certificate."""
    with encrypted_redis(folder, ca, certificate(folder, ca, "asking", "DNS:localhost"), asks_clients=True) as server:
        yield server


@pytest.fixture(params=["rediss", "valkeys"])
def scheme(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def fault_of(uri: str) -> str:
    """Return why a nonce can't be spent at a store, or nothing where it can, once."""
    storage: Any = open_storage(uri)
    spent = Spent(storage)
    with closing(storage.storage):
        try:
            assert [spent.claim("nonce", 60), spent.claim("nonce", 60)] == [True, False]
        except StoreUnavailableError as error:
            return str(error)
        spent.release("nonce")
    return ""


def test_a_server_is_trusted_whose_certificate_the_named_ca_has_signed(
    redis: EncryptedRedis, ca: Signed, scheme: str
) -> None:
    assert fault_of(redis.uri("localhost", ssl_ca_certs=ca.certificate).replace("rediss", scheme)) == ""


def test_another_ca_is_refused_and_the_log_says_which_option_names_it(
    redis: EncryptedRedis, folder: Path, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = authority(folder, f"other-{scheme}")
    for uri in (redis.uri("localhost"), redis.uri("localhost", ssl_ca_certs=other.certificate)):
        caplog.clear()
        assert "certificate verify failed" in fault_of(uri.replace("rediss", scheme))
        assert "Name the file of the CA" in caplog.text
        assert "ssl_ca_certs" in caplog.text


def test_a_certificate_for_another_host_is_refused_and_the_log_says_so(
    redis: EncryptedRedis, ca: Signed, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert "mismatch" in fault_of(redis.uri("127.0.0.1", ssl_ca_certs=ca.certificate).replace("rediss", scheme))
    assert "Write the host in CAPTCHA_GUARD_STORAGE_URI as the server's certificate has it" in caplog.text


def test_who_asks_for_it_gets_less_certainty(redis: EncryptedRedis, ca: Signed, scheme: str) -> None:
    any_host = redis.uri("127.0.0.1", ssl_ca_certs=ca.certificate, ssl_check_hostname="false")
    for uri in (any_host, redis.uri("127.0.0.1", ssl_cert_reqs="none")):
        assert fault_of(uri.replace("rediss", scheme)) == ""


def test_a_server_that_asks_for_a_certificate_gets_that_of_the_uri(
    asking: EncryptedRedis, ca: Signed, folder: Path, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    own = certificate(folder, ca, f"client-{scheme}")
    without = asking.uri("localhost", ssl_ca_certs=ca.certificate).replace("rediss", scheme)
    assert fault_of(f"{without}&ssl_certfile={own.certificate}&ssl_keyfile={own.key}") == ""
    assert fault_of(without) != ""
    assert "ssl_certfile" in caplog.text


def test_files_that_hold_no_certificate_or_another_key_are_named_as_what_to_look_at(
    redis: EncryptedRedis, ca: Signed, folder: Path, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    own, empty = certificate(folder, ca, f"mixed-{scheme}"), folder / "empty.pem"
    empty.touch()
    trusting = redis.uri("localhost", ssl_ca_certs=ca.certificate)
    for uri in (
        redis.uri("localhost", ssl_ca_certs=empty),
        f"{trusting}&ssl_certfile={empty}",
        f"{trusting}&ssl_certfile={own.certificate}&ssl_keyfile={ca.key}",
    ):
        caplog.clear()
        assert fault_of(uri.replace("rediss", scheme)) != ""
        assert "hold certificates and keys as PEM" in caplog.text


def test_options_that_make_no_connection_together_are_refused_at_start_up(ca: Signed, scheme: str) -> None:
    with pytest.raises(ConfigError, match="name the certificate's file in ssl_certfile"):
        open_storage(f"{scheme}://db:6379/0?ssl_keyfile={ca.key}")
    with pytest.raises(ConfigError, match="remove one of them"):
        open_storage(f"{scheme}://db:6379/0?ssl_cert_reqs=none&ssl_check_hostname=true")


@pytest.mark.parametrize(("uri", "said"), [
    ("rediss://db:6379/0?ssl_ca_certs=/no/such.pem", r"ssl_ca_certs .*'/no/such.pem': there is no such file"),
    ("valkeys://db:6379/0?ssl_cert_reqs=maybe", "none, optional and required are allowed"),
    ("redis://db:6379/0?ssl_ca_certs=/no/such.pem", "isn't an option of this store"),
    ("redis+cluster://db:6379?ssl_cert_reqs=none", "isn't an option of this store"),
])  # fmt: skip
def test_what_cannot_work_is_refused_at_start_up(uri: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        open_storage(uri)
