"""The Whoosh engine: files of an index cannot run code, and `check` compares postings with records."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from whoosh import index as whoosh_index

from searchkit.corpus.reading import ParsedDocument
from searchkit.engines.ranking import Lengths
from searchkit.engines.whoosh import WhooshEngine, _schema
from searchkit.errors import IndexDamaged
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.manifest import compute_checksums, compute_manifest_checksum, read_manifest
from searchkit.model import Paragraph, to_json

# Whoosh does not close a file that it cannot read. Python closes it later, with a warning.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collect_garbage"),
]

MARKER = "was-run"
"""Name of the folder that every planted call creates in the working directory."""


class PlantedCall:
    """An object whose pickle performs a call when it is read."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """Return the call that unpickling performs."""
        return self.call


@pytest.fixture(autouse=True)
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test in a temporary working directory, for `MARKER`."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory, report: Callable[..., ParsedDocument]) -> Path:
    """The folder of an intact index, not to be changed."""
    folder = tmp_path_factory.mktemp("intact")
    write_index([report("a.txt", "执法检查。")], folder, BuildOptions("whoosh"))
    return folder


@pytest.fixture
def index(intact: Path, tmp_path: Path) -> Path:
    """A copy of the intact index."""
    return Path(shutil.copytree(intact, tmp_path / "index"))


def data_folder(index: Path) -> Path:
    """Return the data folder of an index."""
    return index / read_manifest(index).data


def update_checksums(index: Path) -> None:
    """Write the checksums of the current files to the manifest, as an attacker would."""
    path = index / "index.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["checksum"]
    data["files"] = {name: list(sums) for name, sums in compute_checksums(index / data["data"]).items()}
    path.write_text(json.dumps({**data, "checksum": compute_manifest_checksum(data)}), encoding="utf-8")


def replace_segments(toc: bytes, planted: bytes) -> bytes:
    """Replace the pickle of the segments, which is the last part of a table of contents of Whoosh."""
    return toc[: toc.rindex(b"\x80" + bytes([pickle.HIGHEST_PROTOCOL]))] + planted


def runs_code(planted: bytes) -> bool:
    """Return whether reading a pickle without restrictions performs the planted call. Removes the marker."""
    pickle.loads(planted)  # noqa: S301 - our own pickle, to show that it works
    marker = Path(MARKER)
    if not marker.is_dir():
        return False
    marker.rmdir()
    return True


MKDIR = f"__import__('os').mkdir('{MARKER}')"
SHELL = f"mkdir {MARKER}"
PICKLES = {
    "os.system, oldest protocol": f"cos\nsystem\n(S'{SHELL}'\ntR.".encode(),
    "os.system, as an instance": f"(S'{SHELL}'\nios\nsystem\n.".encode(),
    "os.system, protocol 4": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c%c%s\x85R." % (len(SHELL), SHELL.encode()),
    "os.mkdir": pickle.dumps(PlantedCall(os.mkdir, MARKER)),
    "eval": pickle.dumps(PlantedCall(eval, MKDIR)),
    "exec, protocol 2": pickle.dumps(PlantedCall(exec, MKDIR), 2),
    "eval among other things": pickle.dumps([1, {"a": PlantedCall(eval, MKDIR)}]),
    "a method": pickle.dumps(PlantedCall(Path.mkdir, Path(MARKER))),
}


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("place", ["in the manifest", "not in the manifest"])
def test_pickled_calls_in_the_table_of_contents_are_refused(index: Path, name: str, place: str) -> None:
    """A pickle that names a function is reported as damage, and the function is not called.

    The pickle is in a file with a valid checksum, or in an additional file that Whoosh would prefer as the newest.
    """
    planted = PICKLES[name]
    assert runs_code(planted)
    (toc,) = data_folder(index).glob("*.toc")
    content = replace_segments(toc.read_bytes(), planted)
    if place == "not in the manifest":
        (toc.parent / "_MAIN_9.toc").write_bytes(content)
    else:
        toc.write_bytes(content)
        update_checksums(index)
    with pytest.raises(IndexDamaged) as caught:
        Index(index)
    assert "\n" not in str(caught.value)
    assert not Path(MARKER).exists()


@pytest.mark.parametrize("harmless", [Path("x"), Lengths(), complex(1, 2)], ids=repr)
def test_pickled_classes_that_whoosh_does_not_use_are_refused(index: Path, harmless: object) -> None:
    """A pickle that names a class that no Whoosh index contains is refused, even if the class is harmless."""
    (toc,) = data_folder(index).glob("*.toc")
    toc.write_bytes(replace_segments(toc.read_bytes(), pickle.dumps([harmless], 4)))
    update_checksums(index)
    with pytest.raises(IndexDamaged, match="which no Whoosh index contains"):
        Index(index)


@pytest.mark.parametrize(
    "use",
    [
        lambda index: index.search("执法"),
        lambda index: index.facets(),
        lambda index: [*index.documents()],
        lambda index: [*index.paragraphs()],
        lambda index: index.paragraph("a.txt#1"),
        lambda index: index.document("a.txt"),
        lambda index: index.check(),
    ],
    ids=["search", "facets", "documents", "paragraphs", "paragraph", "document", "check"],
)
@pytest.mark.parametrize("kind", ["paragraph", "document"])
def test_pickled_calls_in_stored_records_are_refused(index: Path, use: Callable[[Index], object], kind: str) -> None:
    """Methods that read stored records report damage if a record is a pickled call, and do not perform the call."""
    folder = data_folder(index)
    for path in [*folder.glob("*MAIN*")]:
        path.unlink()
    writer = whoosh_index.create_in(str(folder), _schema()).writer()
    for record_kind in ("document", "paragraph"):
        record = PlantedCall(eval, MKDIR) if record_kind == kind else "{}"
        writer.add_document(kind=record_kind, record=record)
    writer.commit()
    update_checksums(index)
    with Index(index) as opened, pytest.raises(IndexDamaged):
        use(opened)
    assert not Path(MARKER).exists()


def test_unpickling_by_other_code_is_not_restricted(index: Path) -> None:
    """Other code of the process can unpickle classes that an index must not contain.

    It can do so while an index is open, and after a damaged index was refused.
    """
    content = pickle.dumps([Path("x"), Lengths(1)])
    with Index(index) as opened:
        assert pickle.loads(content) == [Path("x"), Lengths(1)]  # noqa: S301 - our own pickle
        assert opened.search("执法").total == 1
        assert pickle.loads(content) == [Path("x"), Lengths(1)]  # noqa: S301 - our own pickle
    (toc,) = data_folder(index).glob("*.toc")
    toc.write_bytes(replace_segments(toc.read_bytes(), PICKLES["eval"]))
    update_checksums(index)
    with pytest.raises(IndexDamaged):
        Index(index)
    assert pickle.loads(content) == [Path("x"), Lengths(1)]  # noqa: S301 - our own pickle


def test_check_detects_postings_that_differ_from_records(tmp_path: Path) -> None:
    """`check` detects postings with another number of tokens than the records state."""
    paragraph = to_json(Paragraph("a.txt#1", "a.txt", 1, "执法检查"))
    for tokens, is_consistent in ((2, True), (3, False)):
        folder = tmp_path / str(tokens)
        folder.mkdir()
        writer = whoosh_index.create_in(str(folder), _schema()).writer()
        lengths = list(Lengths(tokens))
        record = json.dumps({"lengths": lengths, "own_headings": 0, "key": 0, "paragraph": paragraph, "measures": []})
        writer.add_document(kind="paragraph", text="执法 检查", heading="", title="", label="", record=record)
        writer.commit()
        engine = WhooshEngine(folder)
        if is_consistent:
            engine.check()
        else:
            with pytest.raises(IndexDamaged, match="2 tokens in the postings of text, 3 in the records"):
                engine.check()
        engine.close()
        shutil.rmtree(folder)
