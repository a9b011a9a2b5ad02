"""The example notebook: its cells run in order, and their outputs are those in the file.

The notebook is executed without Jupyter: its cells are Python, and its outputs text and HTML, so that a few lines
replace nbclient, which needs a kernel and twenty packages. Run as a script, this module writes the current outputs to
the file.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def run_cell(source: str, names: dict[str, object]) -> list[dict[str, Any]]:
    """Return the outputs of a cell: what it prints, and the HTML of the value of its last statement.

    A last statement that is no expression, or whose value has no form in HTML, has no such output.
    """
    *statements, last = ast.parse(source).body
    is_expression = isinstance(last, ast.Expr)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for node in statements if is_expression else [*statements, last]:
            exec(compile(ast.Module([node], []), "<cell>", "exec"), names)  # noqa: S102 - a page of this project
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if is_expression else None  # type: ignore[attr-defined] # noqa: S307
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append(
            {"name": "stdout", "output_type": "stream", "text": printed.getvalue().splitlines(keepends=True)}
        )
    if hasattr(value, "_repr_html_"):
        data = {"text/html": [value._repr_html_()]}
        outputs.append({"data": data, "execution_count": None, "metadata": {}, "output_type": "execute_result"})
    return outputs


def execute(folder: Path) -> dict[str, Any]:
    """Run the cells in a folder that has the sample reports in `corpus`. Return the notebook with their outputs."""
    notebook: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    names: dict[str, object] = {}
    before = Path.cwd()
    os.chdir(folder)
    try:
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"] = run_cell("".join(cell["source"]), names)
    finally:
        os.chdir(before)
    return notebook


def test_the_notebook_shows_its_outputs(tmp_path: Path) -> None:
    """Every cell of code runs, and its outputs are those in the file."""
    shutil.copytree(ROOT / "corpus", tmp_path / "corpus")
    written, current = (
        json.dumps(item, ensure_ascii=False)
        for item in (json.loads(NOTEBOOK.read_text(encoding="utf-8")), execute(tmp_path))
    )
    assert current == written
    assert current.count("<table>") >= 3


def test_the_file_is_a_notebook() -> None:
    """The file is in nbformat 4.5: each cell has an id of its own, and is code or Markdown."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    assert {cell["cell_type"] for cell in notebook["cells"]} == {"code", "markdown"}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        shutil.copytree(ROOT / "corpus", Path(name) / "corpus")
        text = json.dumps(execute(Path(name)), ensure_ascii=False, indent=1) + "\n"
    NOTEBOOK.write_text(text, encoding="utf-8")
