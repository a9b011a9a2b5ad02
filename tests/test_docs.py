"""The documents tell the truth: README's commands give what it shows, links resolve, nothing is undocumented.

`python tests/test_docs.py` writes what the commands print now into README.md.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from searchkit.cli.main import cli
from searchkit.query.facets import BUILT_IN

ROOT = Path(__file__).parent.parent
EXTRA = ("corpus", "searchkit/data")
PAGES = [*sorted(ROOT.glob("*.md")), *(ROOT / folder / "README.md" for folder in EXTRA)]
CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```)", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"(?<=^```python\n).*?(?=^```)", re.MULTILINE | re.DOTALL)
CHANGING = re.compile(r"\d+ ms|\d+\.\d+ s(?=\b)|took_ms\W+[\d.]+|built +\S+|bytes +\d+|\d{4}-\d\d-\d\dT[\d:+]+")


def sessions(block: str) -> Iterator[tuple[str, str]]:
    """Commands of a console block with the output shown below each."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command += "\n" + more
        yield command, output


def run(command: str, folder: Path) -> str:
    """What a command of the README prints, errors included."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command],  # noqa: S607
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONUTF8": "1"},
        text=True,
        check=False,
        timeout=120,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout


@pytest.fixture
def newcomer(tmp_path: Path) -> Path:
    """A folder as a newcomer has it: the project's corpus and no index."""
    shutil.copytree(ROOT / "corpus", tmp_path / "corpus")
    return tmp_path


def test_readme_shows_what_the_commands_print(newcomer: Path) -> None:
    """Every command in README.md, run in order, prints what stands below it (but for times and sizes)."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [pair for block in CONSOLE.findall(text) for pair in sessions(block)]
    assert len(shown) >= 8
    for command, output in shown:
        assert CHANGING.sub("…", run(command, newcomer)) == CHANGING.sub("…", output), command


def test_readme_python_runs(newcomer: Path) -> None:
    """The Python of README.md runs as it stands."""
    blocks = PYTHON.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        done = subprocess.run([sys.executable, "-c", block], cwd=newcomer, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    """Every relative link of a page leads to a file of the project."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_readme_names_every_command_and_facet() -> None:
    """README.md names each command of the command line and each built-in facet."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in cli.commands if f"searchkit {name}" not in text] == []
    assert [name for name in BUILT_IN if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_option_says_what_it_does(name: str) -> None:
    """Each command and each of its options has a help text."""
    command = cli.commands[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_makefile_has_the_two_commands() -> None:
    """`make demo` and `make test` stand at the top of README.md and in the Makefile."""
    readme, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    for target in ("demo", "test", "check"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert "make demo" in readme[:1500]
    assert "make test" in readme[:1500]


def write_readme() -> None:
    """Replace the output of every command in README.md by what it prints now."""
    import tempfile

    path = ROOT / "README.md"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "corpus", folder / "corpus")

        def renew(match: re.Match[str]) -> str:
            return "".join(f"$ {command}\n{run(command, folder)}" for command, _ in sessions(match[0]))

        path.write_text(CONSOLE.sub(renew, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write_readme()
