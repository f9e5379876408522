"""Every package that a site installs is known to us: what it is for, its licence, and that the document lists it."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from tests.dependencies import EXTRAS, ROOT, USES, installed_by, licence, project

DIRECT = {canonicalize_name(one.name) for extra in ("", *EXTRAS) for one in project()[extra]} - {"captcha-guard"}


def test_every_package_that_the_project_names_has_a_purpose_in_the_document() -> None:
    document = (ROOT / "docs" / "dependencies.md").read_text()
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \| (?:always|`)", document, re.MULTILINE))
    assert {*USES} >= DIRECT
    assert listed == {*USES}


def test_every_extra_that_a_site_can_install_is_looked_at() -> None:
    assert set(project()) - {"", "bench", "dev", "docs", "measure", "network", "strength"} == {*EXTRAS}


def test_no_installed_package_has_a_licence_that_would_change_ours() -> None:
    for name in installed_by(("", *EXTRAS)):
        declared = licence(name)
        assert declared, name
        assert re.search(r"(?<!L)GPL|Proprietary|Commercial", declared) is None, (name, declared)
