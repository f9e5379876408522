"""A blog whose store has an untrusted certificate: the fault policy applies. The log and the doctor name the fix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.doctors_site import make_site, seen_by_doctor
from tests.integration.host_blog import COMMENT, fields_of, make_blog, post_comment
from tests.tls import authority, certificate, encrypted_redis

pytestmark = pytest.mark.redis


@pytest.fixture(params=["wrong CA", "wrong host"])
def untrusted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Yield the address of a store with an untrusted certificate, and the fix."""
    ca, other = authority(tmp_path, "ours"), authority(tmp_path, "other")
    with encrypted_redis(tmp_path, ca, certificate(tmp_path, ca, "server", "DNS:localhost")) as server:
        if request.param == "wrong CA":
            yield server.uri("localhost", ssl_ca_certs=other.certificate), "Name the file of the CA"
        else:
            yield server.uri("127.0.0.1", ssl_ca_certs=ca.certificate), "Write the host"


def test_a_comment_is_held_or_shown_again_and_the_log_has_the_fix(
    untrusted: tuple[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uri, mend = untrusted
    blog = make_blog(tmp_path / "blog", {"CAPTCHA_GUARD_STORAGE_URI": uri})
    client = blog.client()
    answer = post_comment(client)
    assert answer.status_code == 503
    assert fields_of(answer)["body"] == COMMENT["body"]
    assert post_comment(client, "/queue").status_code == 303
    assert [one["held"] for one in blog.stored] == ["True"]
    assert [mend in line for line in caplog.messages if "store fails" in line] == [True]


def test_the_doctor_reports_the_fix(untrusted: tuple[str, str], tmp_path: Path) -> None:
    uri, mend = untrusted
    app = make_site(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": uri})
    [fix] = [one.fix for one in seen_by_doctor(app).diagnoses if one.code == "CG202"]
    assert mend in fix
