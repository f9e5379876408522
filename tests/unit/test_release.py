"""What a release says about itself: its page on a package index, its URLs, its version and its classifiers."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from trove_classifiers import classifiers

from hatch_build import described, project_urls
from tests.built_package import ROOT
from tests.versions import EXTRAS, PROJECT, lower_bounds

REPOSITORY = "https://forge.example/team/captcha_guard"


@pytest.mark.parametrize(
    ("written", "with_repository", "without"),
    [
        ("[Limits](docs/limits.md)", f"[Limits]({REPOSITORY}/blob/v1.2.3/docs/limits.md)", "Limits"),
        ("[a](docs/a.md#b)", f"[a]({REPOSITORY}/blob/v1.2.3/docs/a.md#b)", "a"),
        ("![Codes](docs/codes.png)", f"![Codes]({REPOSITORY}/raw/v1.2.3/docs/codes.png)", ""),
        ("[top](#install)", "[top](#install)", "[top](#install)"),
        ("[pip](https://pip.example/x)", "[pip](https://pip.example/x)", "[pip](https://pip.example/x)"),
        ("```python\nrows[0](first)\n```", "```python\nrows[0](first)\n```", "```python\nrows[0](first)\n```"),
    ],
)
def test_relative_links_lead_to_the_file_of_this_version_or_are_left_out(
    written: str, with_repository: str, without: str
) -> None:
    assert described(written, REPOSITORY, "v1.2.3") == with_repository
    assert described(written, "", "v1.2.3") == without


@pytest.mark.parametrize("repository", ["", REPOSITORY])
def test_the_readme_has_no_relative_link_there(repository: str) -> None:
    page = described((ROOT / "README.md").read_text(), repository, "v1.2.3")
    prose = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"\]\((?!https?://|#)[^)]*\)|(?:src|href)=\"(?!https?://|#)[^\"]*\"", prose) == []
    assert bool(re.search(REPOSITORY, prose)) is bool(repository)


def test_every_file_behind_a_project_url_exists() -> None:
    urls = project_urls(REPOSITORY, "v1.2.3")
    assert {"Source", "Documentation", "Changelog", "Issues"} == set(urls)
    files = [url.partition("/blob/v1.2.3/")[2] for url in urls.values() if "/blob/" in url]
    assert len(files) == 2
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_without_an_address_there_are_no_project_urls() -> None:
    assert project_urls("", "v1.2.3") == {}


def test_no_other_file_has_the_address_of_the_repository() -> None:
    address = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["metadata"]["hooks"]["custom"]
    assert set(address) == {"repository"}
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    assert [file for file in documents if address["repository"] and address["repository"] in file.read_text()] == []


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    [heading] = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[:1]
    assert re.fullmatch(rf"{re.escape(PROJECT['version'])}, (?:not released yet|\d{{4}}-\d\d-\d\d)", heading)


def test_the_classifiers_exist_and_begin_with_the_lowest_python() -> None:
    assert set(PROJECT["classifiers"]) <= classifiers
    versions = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", one)]
    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert [one.partition(".")[2] for one in versions] == [str(11 + number) for number in range(len(versions))]


def test_every_dependency_has_a_lowest_version() -> None:
    lines = [*PROJECT["dependencies"], *(one for extra in EXTRAS for one in PROJECT["optional-dependencies"][extra])]
    assert {Requirement(line).name for line in lines} < set(lower_bounds())
