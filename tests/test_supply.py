"""Versions, hashes and licences of all that is installed: the files of supply/ agree with setup.cfg and each other."""

from __future__ import annotations

import json
import re
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
SUPPLY = ROOT / "supply"
sys.path.append(str(SUPPLY))

import sbom  # noqa: E402 - a script, which is found by its folder

ENVIRONMENTS = [
    {"python_version": version, "python_full_version": f"{version}.5", "sys_platform": platform, "os_name": name}
    for version in ("3.10", "3.11", "3.12", "3.13")
    for platform, name in (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))
]
"""Environments for which searchkit is released."""
LOCKED = sbom.read_lock(sbom.LOCK.read_text(encoding="utf-8"))


def requirements() -> list[Requirement]:
    """Return the requirements of setup.cfg, including those of all extras."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    texts = [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    return [Requirement(line) for text in texts for line in text.splitlines() if line]


def locked_versions(name: str, environment: dict[str, str]) -> list[str]:
    """Return the locked versions of a distribution that an environment installs."""
    return [
        item.version
        for item in LOCKED
        if item.name == sbom._normalise(name) and (not item.marker or Marker(item.marker).evaluate(environment))
    ]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda item: " ".join(item.values()))
def test_the_lock_file_satisfies_the_requirements(environment: dict[str, str]) -> None:
    """Each environment installs one version of each requirement that applies to it, and setup.cfg admits this version.

    It installs at most one version of any other distribution.
    """
    for requirement in requirements():
        versions = locked_versions(requirement.name, environment)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert len(versions) == 1, f"{requirement}: {versions}; run: make lock"
            assert requirement.specifier.contains(versions[0]), f"{requirement}: {versions[0]}; run: make lock"
    for item in LOCKED:
        assert len(locked_versions(item.name, environment)) <= 1, item.name


def test_the_builder_is_locked() -> None:
    """The lock file of the build has one distribution: setuptools, in a version that pyproject.toml admits."""
    required = Requirement(re.findall(r'requires = \["(.*)"\]', (ROOT / "pyproject.toml").read_text("utf-8"))[0])
    [builder] = sbom.read_lock((SUPPLY / "build.txt").read_text(encoding="utf-8"))
    assert (builder.name, required.specifier.contains(builder.version)) == (required.name, True)


@pytest.mark.parametrize("name", ["requirements.txt", "build.txt"])
def test_every_locked_distribution_has_a_hash(name: str) -> None:
    """Each distribution of a lock file has a hash, and the file contains no URL, such as that of a registry."""
    text = (SUPPLY / name).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert len(blocks) == len(sbom.read_lock(text)) > 0
    for block in blocks:
        assert re.search(r"^    --hash=sha256:[0-9a-f]{64}", block, re.MULTILINE), block
    assert "://" not in text


def test_every_locked_distribution_has_a_licence() -> None:
    """The bill of materials has each distribution of the lock file with a licence. LICENCES.md shows the same."""
    bill = json.loads(sbom.SBOM.read_text(encoding="utf-8"))
    licences = {item["purl"]: item["licenses"][0]["license"]["name"] for item in bill["components"] if "purl" in item}
    assert licences.keys() == {item.purl for item in LOCKED}, "run: make sbom"
    assert all(licences.values())
    assert bill == sbom.bill_of_materials(LOCKED, licences), "run: make sbom"
    assert sbom.licence_table(bill) == sbom.LICENCES.read_text(encoding="utf-8"), "run: make sbom"


def test_embedded_files_have_the_stated_versions() -> None:
    """The version of each entry of `sbom.EMBEDDED` is stated in its file or in searchkit/data/README.md, too.

    The bill of materials has the entry with its version, its licence and its file.
    """
    bill = json.loads(sbom.SBOM.read_text(encoding="utf-8"))
    listed = {item["name"]: item for item in bill["components"]}
    notes = (ROOT / "searchkit/data/README.md").read_text(encoding="utf-8")
    for name, version, licence, file in sbom.EMBEDDED:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert f'"{version}"' in text or f"{name} {version}" in notes, name
        assert (listed[name]["version"], listed[name]["description"]) == (version, f"in {file}")
        assert listed[name]["licenses"] == [{"license": {"id": licence}}]


def test_scopes_in_the_bill_of_materials() -> None:
    """In the bill of materials, what searchkit needs has the scope `required`, even if an extra needs it, too.

    What only extras need is `optional`. What only tests need is `excluded`.
    """
    scopes = sbom.scope_of(LOCKED, sbom.direct_requirements())
    assert {name: scopes[name] for name in ("numpy", "mdurl", "matplotlib", "h11", "pytest", "greenlet")} == {
        **dict.fromkeys(("numpy", "mdurl"), "required"),
        **dict.fromkeys(("matplotlib", "h11"), "optional"),
        **dict.fromkeys(("pytest", "greenlet"), "excluded"),
    }
