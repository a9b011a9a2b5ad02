"""Writes the bill of materials and the list of licences: sbom.json and LICENCES.md. `make sbom` runs this script.

Both list the distributions that `requirements.txt` locks, and the works of others inside of searchkit. The licence of a
distribution is what its metadata declare: the metadata of the installed distribution or, if this version of it is not
installed or declares nothing, the metadata of a wheel from the registry.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from configparser import ConfigParser
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any

import searchkit

SUPPLY = Path(__file__).parent
ROOT = SUPPLY.parent
LOCK, SBOM, LICENCES = SUPPLY / "requirements.txt", SUPPLY / "sbom.json", SUPPLY / "LICENCES.md"
NAME = "cn-report-search"
EMBEDDED = (
    ("htmx", "4.0.1", "0BSD", "searchkit/web/assets/htmx.js"),
    ("OpenCC", "1.4.2", "Apache-2.0", "searchkit/data/folding.txt"),
    ("pypinyin", "0.55.0", "MIT", "searchkit/data/pinyin.txt"),
)
"""Works of others in the package: name, version, licence, and the file that is the work or was made from it."""
SCOPES = {
    "required": "searchkit needs it",
    "optional": "an extra needs it",
    "excluded": "only tests and checks need it",
}
"""Scopes of CycloneDX, and what they mean here."""
_LOCKED = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^\s\\;]+)(?: ; (?P<marker>[^\\]+?))? \\$")
"""Matches the first line of a distribution in the lock file."""
_PARENT = re.compile(r"^    #(?: via|  ) (?P<name>[a-z0-9-]+)(?: \(.*\))?$")
"""Matches a comment line that follows such a first line, and names a distribution that needs the locked one."""
_PYTHONS, _PLATFORM = ("3.10", "3.13"), "win_amd64"
"""Versions of Python, tried in turn, and the system whose wheels are downloaded from the registry: a distribution that
is not installed here is needed by another version of Python or by another system."""
_MAX_LICENCE = 60
"""Maximum number of characters of a licence in metadata. A longer one is the text of a licence, not its name."""


@dataclass(frozen=True, slots=True)
class Locked:
    """A distribution of the lock file."""

    name: str
    version: str
    marker: str
    """Environments that need it. Empty means all."""
    parents: frozenset[str]
    """Names of the distributions that need it."""

    @property
    def purl(self) -> str:
        """The URL of the package (purl), by which a bill of materials names it."""
        return f"pkg:pypi/{self.name}@{self.version}"


def read_lock(text: str) -> list[Locked]:
    """Return the distributions of a lock file, in its order."""
    found: list[Locked] = []
    for block in re.split(r"\n(?=[a-z0-9])", text):
        first, *others = block.splitlines()
        if match := _LOCKED.match(first):
            parents = frozenset(parent["name"] for parent in map(_PARENT.match, others) if parent)
            found.append(Locked(match["name"], match["version"], match["marker"] or "", parents))
    return found


def scope_of(locked: Iterable[Locked], direct: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return the scope of each distribution by name.

    `direct`: the names that searchkit itself requires, by scope, the strongest first. A scope applies to its names and
    to what they need, directly or indirectly, unless a stronger scope applies.
    """
    children: dict[str, set[str]] = {}
    for item in locked:
        for parent in item.parents:
            children.setdefault(parent, set()).add(item.name)
    scopes: dict[str, str] = {}
    for scope, names in direct.items():
        waiting = [*names]
        while waiting:
            name = waiting.pop()
            if name not in scopes:
                scopes[name] = scope
                waiting += children.get(name, ())
    return scopes


def direct_requirements() -> dict[str, set[str]]:
    """Return the normalised names of what setup.cfg requires, by scope."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    texts = {
        "required": setup["options"]["install_requires"],
        "optional": "\n".join(extras[name] for name in extras if name != "dev"),
        "excluded": extras["dev"],
    }
    return {scope: set(map(_normalise, re.findall(r"^[\w.-]+", text, re.MULTILINE))) for scope, text in texts.items()}


def _normalise(name: str) -> str:
    """Return the normalised name of a distribution."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(item: Locked) -> str:
    """Return the licence that a distribution declares.

    Raises LookupError if it declares none, or cannot be downloaded.
    """
    with suppress(PackageNotFoundError):
        installed = distribution(item.name)
        if installed.version == item.version and (licence := _declared(installed)):
            return licence
    with tempfile.TemporaryDirectory() as folder:
        for python in _PYTHONS:
            options = ["--no-deps", "--quiet", "--ignore-requires-python", "--only-binary", ":all:", "--dest", folder]
            options += ["--python-version", python, "--platform", _PLATFORM, f"{item.name}=={item.version}"]
            subprocess.run([sys.executable, "-m", "pip", "download", *options], capture_output=True, check=False)
            for found in distributions(path=[str(path) for path in Path(folder).iterdir()]):
                if licence := _declared(found):
                    return licence
    raise LookupError(f"{item.name} {item.version} declares no licence, or the registry does not answer")


def _declared(item: Distribution) -> str | None:
    """Return the declared licence: an SPDX expression, a short name, classifiers, or the first line of a licence file.

    Returns None if the metadata declare none.
    """

    def values(field: str) -> list[str]:
        """Return the values of a field of the metadata."""
        return item.metadata.get_all(field) or []

    names = [text for text in values("License") if "\n" not in text and len(text) <= _MAX_LICENCE and text != "UNKNOWN"]
    classifiers = [text.split(" :: ")[-1] for text in values("Classifier") if text.startswith("License :: ")]
    for licence in (*values("License-Expression"), *names, ", ".join(classifiers)):
        if licence:
            return licence
    texts = [item.read_text(f"licenses/{file}") or "" for file in values("License-File")[:1]]
    return texts[0].strip().partition("\n")[0] if texts else None


def bill_of_materials(locked: Sequence[Locked], licences: Mapping[str, str]) -> dict[str, object]:
    """Return the bill of materials as CycloneDX 1.6, without hashes, which the lock file has. `licences`: by purl."""
    direct = direct_requirements()
    scopes = scope_of(locked, direct)
    root = f"pkg:pypi/{NAME}@{searchkit.__version__}"
    embedded: list[dict[str, object]] = [
        {
            "type": "library" if file.endswith(".js") else "data",
            "bom-ref": f"{name}@{version}",
            "name": name,
            "version": version,
            "scope": "required",
            "licenses": [{"license": {"id": licence}}],
            "description": f"in {file}",
        }
        for name, version, licence, file in EMBEDDED
    ]
    components = [
        {
            "type": "library",
            "bom-ref": item.purl,
            "name": item.name,
            "version": item.version,
            "scope": scopes[item.name],
            "licenses": [{"license": {"name": licences[item.purl]}}],
            "purl": item.purl,
            **({"properties": [{"name": f"{NAME}:marker", "value": item.marker}]} if item.marker else {}),
        }
        for item in locked
    ]
    all_direct = set().union(*direct.values())
    needs = {root: [item.purl for item in locked if item.name in all_direct]}
    needs[root] += [str(item["bom-ref"]) for item in embedded]
    for item in locked:
        needs[item.purl] = [other.purl for other in locked if item.name in other.parents]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": NAME,
                "version": searchkit.__version__,
                "licenses": [{"license": {"id": "MIT"}}],
                "purl": root,
            }
        },
        "components": embedded + components,
        "dependencies": [{"ref": ref, "dependsOn": others} for ref, others in needs.items()],
    }


def licence_table(bill: Mapping[str, Any]) -> str:
    """Return the page of licences of a bill of materials."""
    components: list[dict[str, Any]] = bill["components"]
    lines = [
        "# Licences",
        "",
        "`make sbom` writes this page and [sbom.json](sbom.json) from [requirements.txt](requirements.txt).",
        "sbom.json is CycloneDX. searchkit itself has the MIT License. A licence is what the metadata declare.",
        "",
    ]
    for scope, meaning in SCOPES.items():
        lines += [f"## {meaning[0].upper()}{meaning[1:]}", "", "| name | version | licence | |", "|---|---|---|---|"]
        lines += [_row(item) for item in components if item["scope"] == scope]
        lines.append("")
    return "\n".join(lines)


def _row(component: Mapping[str, Any]) -> str:
    """Return the row of a component: name, version, licence, and which environments need it or which file holds it."""
    licence = component["licenses"][0]["license"]
    markers = [f"`{item['value']}`" for item in component.get("properties", [])]
    note = markers[0] if markers else component.get("description", "")
    return f"| {component['name']} | {component['version']} | {licence.get('id') or licence['name']} | {note} |"


def main() -> None:
    """Write both files."""
    locked = read_lock(LOCK.read_text(encoding="utf-8"))
    bill = bill_of_materials(locked, {item.purl: licence_of(item) for item in locked})
    SBOM.write_text(json.dumps(bill, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    LICENCES.write_text(licence_table(bill), encoding="utf-8")


if __name__ == "__main__":
    main()
