"""The documentation is correct: commands print the output on the pages, and links, targets and tests on them exist.

All commands, options and built-in facets are documented.

`python tests/test_docs.py` replaces the output on the pages by the current output of the commands.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from searchkit.cli.main import cli, main
from searchkit.names import BUILT_IN_FACETS

ROOT = Path(__file__).parent.parent
FOLDERS = ("corpus", "searchkit/data")
PAGES = [
    *(path for folder in (".", "docs", "supply") for path in sorted(ROOT.glob(f"{folder}/*.md"))),
    *(ROOT / name / "README.md" for name in FOLDERS),
]
READMES = ("README.md", "README.zh.md")
EXECUTED = (
    *READMES,
    "SECURITY.md",
    *(
        f"docs/{name}.md"
        for name in (
            "assistants",
            "audit",
            "cli",
            "configuring",
            "extending",
            "internals",
            "tables",
            "times",
            "tutorial",
        )
    ),
)
"""Pages whose commands and Python sessions are run in order, in a folder with the sample reports."""
CHINESE = "README.zh.md"
"""The page whose commands are run in a Chinese locale, each in a process of its own."""
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\S+)(?: (?P<file>\S+))?\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
"""Matches a code block with a language. A name after the language is that of a file with the content of the block."""
PYTHON = re.compile(r"(?<=^```python\n).*?(?=^```)", re.MULTILINE | re.DOTALL)
"""Matches the content of a block of Python code."""
PLAIN = re.compile(r"""searchkit (?:[^|&;<>$`*?~(){}\\'"]|'[^']*'|"[^"$`\\]*")+""")
"""Matches a command that needs no shell. Except on the page `CHINESE`, it is run in this process."""
VARIABLE = re.compile(
    r"\d+ (?:ms|毫秒)|\d+\.\d+ 秒|\d+\.\d+ s(?=\b)|took_ms\W+[\d.]+|built +\S+|bytes +\d+|\d{4}-\d\d-\d\dT[\d:+]+"
)
"""Matches output that is not the same in every run: durations (12 ms), sizes (bytes 1234), and dates with times."""


def sessions(block: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of a console block, each with its output."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command += "\n" + more
        yield command, output


def run(command: str, folder: Path, locale: str = "C.UTF-8") -> str:
    """Return the output of a command in a locale, including errors."""
    environment = {name: value for name, value in os.environ.items() if name not in {"LC_ALL", "LC_MESSAGES"}}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command],  # noqa: S607
        cwd=folder,
        env={**environment, "LANG": locale, "PATH": path, "PYTHONUTF8": "1"},
        text=True,
        check=False,
        timeout=120,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout


def run_here(command: str, folder: Path) -> str:
    """Return the output of a command that needs no shell, run in this process."""
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.chdir(folder)
        patch.setattr(sys, "argv", shlex.split(command))
        for redirect in (contextlib.redirect_stdout, contextlib.redirect_stderr):
            stack.enter_context(redirect(output))
        stack.enter_context(contextlib.suppress(SystemExit))
        main()
    return output.buffer.getvalue().decode()  # type: ignore[attr-defined]


@pytest.fixture
def fresh_folder(tmp_path: Path) -> Path:
    """A folder with the project's corpus and no index, as after a checkout."""
    shutil.copytree(ROOT / "corpus", tmp_path / "corpus")
    return tmp_path


def run_python(session: str, names: dict[str, object]) -> str:
    """Return a Python session with its current output. The statements share `names`."""
    lines = []
    for example in doctest.DocTestParser().get_examples(session):
        first, *rest = example.source.splitlines()
        lines += [f">>> {first}", *(f"... {line}".rstrip() for line in rest)]
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(example.source, "<session>", "single"), names)  # noqa: S102 - a page of this project
        lines += output.getvalue().splitlines()
    return "\n".join(lines)


def execute_page(name: str, folder: Path) -> str:
    """Write the files of a page, run its commands and Python sessions, and return the page with the current output."""
    names: dict[str, object] = {}

    def output_of(command: str) -> str:
        if name == CHINESE:
            return run(command, folder, "zh_CN.UTF-8")
        return run_here(command, folder) if PLAIN.fullmatch(command) else run(command, folder)

    def execute(block: re.Match[str]) -> str:
        content = textwrap.dedent(block["text"])
        if block["file"]:
            path = folder / block["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        if block["language"] == "pycon":
            return f"```pycon\n{run_python(content, names)}\n```"
        if block["language"] != "console":
            return block[0]
        session = "".join(f"$ {command}\n{output_of(command)}" for command, _ in sessions(content))
        return f"{block['indent']}```console\n{textwrap.indent(session, block['indent'])}{block['indent']}```"

    return BLOCK.sub(execute, (ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EXECUTED)
def test_pages_show_the_output_of_the_commands(name: str, fresh_folder: Path) -> None:
    """Every command and Python statement of a page prints the output below it, except times and sizes.

    A page has at least four of them.
    """
    text = (ROOT / name).read_text(encoding="utf-8")
    assert len(re.findall(r"^ *(?:\$|>>>) ", text, re.MULTILINE)) >= 4
    assert VARIABLE.sub("…", execute_page(name, fresh_folder)).splitlines() == VARIABLE.sub("…", text).splitlines()


@pytest.mark.parametrize("name", READMES)
def test_readme_python_runs(name: str, fresh_folder: Path) -> None:
    """The Python code of a README runs without changes."""
    blocks = PYTHON.findall((ROOT / name).read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-c", block], cwd=fresh_folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    """Every relative link of a page, outside of code blocks, leads to an existing file or folder."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_readme_names_every_command_and_facet() -> None:
    """README.md names each command of the command line and each built-in facet."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in cli.commands if f"searchkit {name}" not in text] == []
    assert [name for name in BUILT_IN_FACETS if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_option_has_a_help_text(name: str) -> None:
    """Each command and each of its options has a help text."""
    command = cli.commands[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize(("locale", "first"), [("C", "The same in the browser: "), ("zh_CN.UTF-8", "在浏览器中查看：")])
def test_make_demo_ends_with_how_to_go_on(tmp_path: Path, locale: str, first: str) -> None:
    """`make demo` ends with four lines in the language of the locale. `true` stands for searchkit here."""
    (tmp_path / "searchkit").symlink_to(shutil.which("true") or "")
    ready = tmp_path / "ready"
    ready.touch()
    done = subprocess.run(
        [shutil.which("make") or "", "--silent", f"--old-file={ready}", "demo", f"READY={ready}", f"BIN={tmp_path}"],
        cwd=ROOT,
        env={**os.environ, "LC_ALL": locale, "MAKEFLAGS": ""},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    blank, *lines = done.stdout.splitlines()
    assert (blank, len(lines), lines[0].startswith(first)) == ("", 4, True)
    assert all("serve" in line or (locale == "C") == line.isascii() for line in lines)


def test_makefile_has_the_targets_of_the_readme() -> None:
    """`make demo`, `make test` and `make check` are in the Makefile; the first two are at the top of README.md."""
    readme, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    for target in ("demo", "test", "check"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert "make demo" in readme[:1500]
    assert "make test" in readme[:1500]


def test_every_promise_of_security_has_a_test() -> None:
    """Each promise in SECURITY.md names tests, all of which exist."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    rows = [line.split(" | ") for line in lines]
    assert len(rows) > 20
    for promise, tests in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)
        assert named, promise
        for file, name in named:
            source = (ROOT / file).read_text(encoding="utf-8")
            assert re.search(rf"^def {name}\(", source, re.MULTILINE), f"{promise}: {file}::{name}"


@pytest.mark.parametrize("name", [*READMES, "SECURITY.md", "CONTRIBUTING.md"])
def test_targets_of_make_exist(name: str) -> None:
    """Each `make TARGET` on a page, at the start of a line or in backticks, is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    attacks = set(re.findall(r"^ATTACKS := (.*)$", makefile, re.MULTILINE)[0].split())
    named = re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert named
    assert set(named) <= targets | attacks


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md"])
def test_pages_link_to_security(name: str) -> None:
    """The READMEs and CONTRIBUTING.md link to SECURITY.md."""
    assert "](SECURITY.md)" in (ROOT / name).read_text(encoding="utf-8")


def write_pages() -> None:
    """Replace the output of every command and Python statement on the pages by its current output."""
    for name in EXECUTED:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "corpus", Path(folder) / "corpus")
            (ROOT / name).write_text(execute_page(name, Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    write_pages()
