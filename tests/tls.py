"""Certificates as an operator makes them with openssl, and a redis-server that speaks TLS with them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faulty_redis import FaultyRedis, faulty_redis
from tests.servers import free_port


@dataclass(frozen=True)
class Signed:
    """The files of a certificate and its key."""

    certificate: Path
    key: Path


def authority(folder: Path, name: str) -> Signed:
    """Make a CA."""
    made = Signed(folder / f"{name}.pem", folder / f"{name}.key")
    extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
    _openssl(
        "req", "-x509", *_new_key(made), "-out", made.certificate, "-subj", f"/CN={name}", "-days", "2", *extensions
    )
    return made


def certificate(folder: Path, ca: Signed, name: str, *alternative: str) -> Signed:
    """Sign a certificate with a CA, for a host of that name, or other names (``DNS:...``, ``IP:...``)."""
    made, request = Signed(folder / f"{name}.pem", folder / f"{name}.key"), folder / f"{name}.csr"
    names = ["-addext", f"subjectAltName={','.join(alternative)}"] if alternative else []
    _openssl("req", *_new_key(made), "-out", request, "-subj", f"/CN={name}", *names)
    signer = ["-CA", ca.certificate, "-CAkey", ca.key, "-days", "1", "-copy_extensions", "copy"]
    _openssl("x509", "-req", "-in", request, "-out", made.certificate, *signer)
    return made


@dataclass(frozen=True)
class EncryptedRedis:
    """A server that speaks only TLS on ``port``."""

    server: FaultyRedis
    port: int

    def uri(self, host: str, **options: object) -> str:
        """Return its address for a client, with options in the URI's query."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return f"rediss://{host}:{self.port}/0" + (f"?{query}" if query else "")


@contextmanager
def encrypted_redis(folder: Path, ca: Signed, own: Signed, *, asks_clients: bool = False) -> Iterator[EncryptedRedis]:
    """Start a server with a certificate. With ``asks_clients``, clients also need one, signed by the same CA."""
    port = free_port()
    settings = [f"tls-port {port}", f"tls-cert-file {own.certificate}", f"tls-key-file {own.key}"]
    settings += [f"tls-ca-cert-file {ca.certificate}", f"tls-auth-clients {'yes' if asks_clients else 'no'}"]
    with faulty_redis(folder, *settings) as server:
        yield EncryptedRedis(server, port)


def _new_key(made: Signed) -> list[object]:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    return [*curve, "-keyout", made.key]


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)
