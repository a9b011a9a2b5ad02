"""The reference in docs/ is true and complete: generated pages are up to date, nothing is left undescribed."""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import searchkit
from searchkit.cli.main import cli

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
sys.path.append(str(DOCS))

import generate  # noqa: E402 - found by the line above
from descriptions import ARGUMENTS, FIELDS  # noqa: E402 - as above
from examples import OTHER_CLASSES, RECORDS, Record, Workspace  # noqa: E402 - as above
from source import find, members  # noqa: E402 - as above

CLASSES = [item for name in searchkit.__all__ if isinstance(item := getattr(searchkit, name), type)]
COMMANDS_WITH_MANY_RECORDS = {
    "Document": "searchkit export documents --format json",
    "Paragraph": "searchkit show work-reports/hebei-2024.html --format json",
    "Measure": "searchkit export measures --format json",
    "Search hit": "searchkit search * --limit 300 --explain --format json",
    "Measure hit": "searchkit measures * --limit 300 --format json",
    "Comparison cell": "searchkit compare 增长 --rows cluster --cols doctype --format json",
    "Reading": "searchkit compare 罚没款 --cols agency --format json",
}
"""Commands that print many records, by the title of the record. The pages show other commands, with few records."""
KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "null": type(None)}
"""Python types by JSON type, as the pages name it. Any other name of a type stands for an object: a dict."""


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The folder in which the commands of the pages run."""
    return Workspace(tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="session")
def pages(workspace: Workspace) -> dict[str, str]:
    """The pages as docs/generate.py would write them, by name."""
    cli._help_option = None  # click keeps its text in the language in which another test first asked for help
    return {name: page(workspace) for name, page in generate.PAGES.items()}


@pytest.mark.parametrize("name", generate.PAGES)
def test_generated_pages_are_up_to_date(name: str, pages: dict[str, str]) -> None:
    """The committed page is equal to the one that docs/generate.py writes."""
    committed = (DOCS / name).read_text(encoding="utf-8") if (DOCS / name).exists() else ""
    changes = difflib.unified_diff(committed.splitlines(), pages[name].splitlines(), "committed", "now", lineterm="")
    if committed != pages[name]:
        pytest.fail("\n".join([f"docs/{name} is not up to date. run: make docs", *changes]), pytrace=False)


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_is_described(name: str, pages: dict[str, str]) -> None:
    """Each command, argument and option has a help text or a description, and is on the page."""
    command = cli.commands[name]
    section = re.split(r"^## ", pages["cli.md"], flags=re.MULTILINE)
    (section,) = [text for text in section if text.startswith(f"searchkit {name}\n")]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert all(re.search(rf"`[^`]*{option}\b[^`]*`", section) for option in parameter.opts), parameter.name
        else:
            metavar = parameter.metavar or (parameter.name or "").upper()
            assert ARGUMENTS[f"{name} {metavar}"] in section


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.title)
def test_every_field_is_described(record: Record, workspace: Workspace) -> None:
    """Each field of each kind of JSON object has a type and a description."""
    rows = list(generate.record_rows(record, workspace, {}))
    assert rows
    assert [name for name, kind, text in rows if not kind or not text or kind == "any"] == []


@pytest.mark.parametrize("title", COMMANDS_WITH_MANY_RECORDS)
def test_fields_are_those_of_the_program(title: str, workspace: Workspace) -> None:
    """Many records of a kind have only the fields and types that the page lists."""
    (record,) = [item for item in RECORDS if item.title == title]
    documented = {name.strip("`"): kind for name, kind, _ in generate.record_rows(record, workspace, {})}
    for item in record.pick(workspace.json(COMMANDS_WITH_MANY_RECORDS[title])):
        assert item.keys() <= documented.keys()
        for name, value in item.items():
            kinds = [KINDS.get(kind.split()[0], dict) for kind in documented[name].split(" or ")]
            assert any(isinstance(value, kind) for kind in kinds), f"{name}: {value!r} is not {documented[name]}"


def test_every_command_with_json_has_a_record() -> None:
    """Each command that prints JSON has a record on the page."""
    run = [command for item in RECORDS for command in (item.command, *item.variants.values())]
    named = {command.split()[1] for command in run if "--format json" in command}
    named.update(name for item in RECORDS for name in re.findall(r"`(\w+) --format json", item.about))
    styles = {name: [p.type for p in item.params if "--format" in p.opts] for name, item in cli.commands.items()}
    with_json = {name for name, types in styles.items() if any("json" in getattr(t, "choices", ()) for t in types)}
    assert len(with_json) >= 8
    assert with_json - named == set()


@pytest.mark.parametrize("name", searchkit.__all__)
def test_every_public_name_is_described(name: str, pages: dict[str, str]) -> None:
    """Each public name has a docstring and a section."""
    assert inspect.getdoc(getattr(searchkit, name))
    assert f"\n## {name}\n" in pages["python.md"]


@pytest.mark.parametrize("cls", [*CLASSES, *OTHER_CLASSES], ids=lambda cls: cls.__name__)
def test_every_member_is_described(cls: type) -> None:
    """Each property, method and annotated field of these classes has a docstring or a description."""
    for name, member in members(cls).items():
        found = find([cls, generate.DESCRIBED_IN.get(cls, cls)], name) if member.is_attribute else member
        if found is not None and (found.annotation or not member.is_attribute):
            assert generate.describe(cls.__name__, name, found, {}), name


def test_no_description_is_superfluous(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/descriptions.py contains no description that the pages do not use."""
    used: set[str] = set()

    class Recording(dict[str, str]):
        """Records the keys that are looked up."""

        def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
            used.update({key} & self.keys())
            return super().get(key, default)

    monkeypatch.setattr(generate, "FIELDS", Recording(FIELDS))
    monkeypatch.setattr(generate, "ARGUMENTS", Recording(ARGUMENTS))
    for page in generate.PAGES.values():
        page(workspace)
    assert sorted({*FIELDS, *ARGUMENTS} - used) == [], "the source describes these now, or they are gone: remove them"


# Pages written by hand


def glossary() -> list[tuple[str, str, str]]:
    """Return the rows of the glossary: the term, the Chinese term and the use."""
    lines = (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [(term, chinese, use) for term, chinese, use in rows[2:]]


def sources() -> Iterator[str]:
    """Yield the texts of the package, of the modules directly in tests/ and of the pages.

    The glossary, extending.md and this file are left out.
    """
    for path in [
        *ROOT.glob("searchkit/**/*.py"),
        *ROOT.glob("tests/*.py"),
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
    ]:
        if path not in {DOCS / "glossary.md", DOCS / "extending.md", Path(__file__)}:
            yield path.read_text(encoding="utf-8")


def test_glossary_is_in_order_and_complete() -> None:
    """Terms are in alphabetical order, without duplicates, each with a Chinese term and one to four sentences.

    A colon ends a sentence, too.
    """
    terms = [term for term, _, _ in glossary()]
    assert len(terms) >= 50
    assert terms == sorted(set(terms), key=str.casefold)
    for term, chinese, use in glossary():
        assert re.search(r"[\u4e00-\u9fff]", chinese), term
        assert 1 <= len(re.findall(r"[.:](?=\s|$)", use)) <= 4, term


def test_glossary_has_only_terms_in_use() -> None:
    """Each term occurs in one of `sources`, possibly inside a name (FacetCollector for facet collector)."""
    text = "\n".join(sources()).casefold()
    terms = [re.sub(r" \(.*\)", "", term).casefold() for term, _, _ in glossary()]
    assert [term for term in terms if term not in text and term.replace(" ", "") not in text] == []


def test_paths_and_names_in_extending_md_exist() -> None:
    """Every path and name in the prose of docs/extending.md exists. A name with a file after it is in that file.

    The form is: `name` of `path`, or `name` in `path`. Names in examples of code are not tested.
    """
    text = (DOCS / "extending.md").read_text(encoding="utf-8")
    prose = " ".join(re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL).split())
    code = "\n".join(sources())
    named = set(re.findall(r"`([^`]+)`", prose))
    paths = {name for name in named if re.match(r"(searchkit|tests|corpus)/", name) and "<" not in name}
    names = {name for name in named if re.fullmatch(r"\w+", name)}
    assert len(paths) >= 20
    assert len(names) >= 20
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", code)] == []
    for name, path in re.findall(r"`(\w+)` (?:of|in) `([^`]+/[^`]+\.\w+)`", prose):
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8")), f"{name} in {path}"
