"""The Whoosh engine: nothing in its files can run code, and its check looks inside."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from whoosh import index as whoosh_index

from searchkit.corpus.reading import DocumentRead
from searchkit.engines.ranking import Lengths
from searchkit.engines.whoosh import WhooshEngine, _schema
from searchkit.errors import IndexDamaged
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.manifest import checksum_of, checksums, read_manifest
from searchkit.model import Paragraph, to_json

# Whoosh gives up on a file that cannot be read without closing it.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("collected"),
]

MARKER = "was-run"
"""A folder that every planted callable makes in the working directory."""


class Planted:
    """Pickles as a call."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """What unpickling will do."""
        return self.call


@pytest.fixture(autouse=True)
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a temporary folder, where the marker is looked for."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def index(tmp_path: Path, report: Callable[..., DocumentRead]) -> Path:
    """The folder of a sound index."""
    write_index([report("a.txt", "执法检查。")], tmp_path / "index", BuildOptions("whoosh"))
    return tmp_path / "index"


def data_of(index: Path) -> Path:
    """The data folder of an index."""
    return index / read_manifest(index).data


def bless(index: Path) -> None:
    """Give the manifest the checksums of the files as they are now, as whoever plants something would."""
    path = index / "index.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["checksum"]
    data["files"] = {name: list(sums) for name, sums in checksums(index / data["data"]).items()}
    path.write_text(json.dumps({**data, "checksum": checksum_of(data)}), encoding="utf-8")


def with_segments(toc: bytes, planted: bytes) -> bytes:
    """A table of contents of Whoosh with another pickle in the place of the segments, which stand last."""
    return toc[: toc.rindex(b"\x80" + bytes([pickle.HIGHEST_PROTOCOL]))] + planted


def runs(planted: bytes) -> bool:
    """Whether the pickle does its work when nothing confines it; the marker is gone afterwards."""
    pickle.loads(planted)  # noqa: S301 - our own, to show that it works
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
    "os.mkdir": pickle.dumps(Planted(os.mkdir, MARKER)),
    "eval": pickle.dumps(Planted(eval, MKDIR)),
    "exec, protocol 2": pickle.dumps(Planted(exec, MKDIR), 2),
    "eval among other things": pickle.dumps([1, {"a": Planted(eval, MKDIR)}]),
    "a method": pickle.dumps(Planted(Path.mkdir, Path(MARKER))),
}


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("place", ["named in the manifest", "beside"])
def test_planted_segments_are_not_run(index: Path, name: str, place: str) -> None:
    """A pickle in the table of contents that names a function is refused as damage, and the function is not called.

    Neither when the manifest has its checksum, nor in a file beside that Whoosh would take for a newer one.
    """
    planted = PICKLES[name]
    assert runs(planted)
    (toc,) = data_of(index).glob("*.toc")
    content = with_segments(toc.read_bytes(), planted)
    if place == "beside":
        (toc.parent / "_MAIN_9.toc").write_bytes(content)
    else:
        toc.write_bytes(content)
        bless(index)
    with pytest.raises(IndexDamaged) as caught:
        Index(index)
    assert "\n" not in str(caught.value)
    assert not Path(MARKER).exists()


@pytest.mark.parametrize("harmless", [Path("x"), Lengths(), complex(1, 2)], ids=repr)
def test_other_classes_are_refused(index: Path, harmless: object) -> None:
    """Any class that a Whoosh index does not hold is refused, also a harmless one."""
    (toc,) = data_of(index).glob("*.toc")
    toc.write_bytes(with_segments(toc.read_bytes(), pickle.dumps([harmless], 4)))
    bless(index)
    with pytest.raises(IndexDamaged, match="which no Whoosh index holds"):
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
def test_planted_records_are_not_run(index: Path, use: Callable[[Index], object], kind: str) -> None:
    """A stored record that is a pickle of a call is refused by whatever reads it, and not called."""
    folder = data_of(index)
    for path in [*folder.glob("*MAIN*")]:
        path.unlink()
    writer = whoosh_index.create_in(str(folder), _schema()).writer()
    for which in ("document", "paragraph"):
        record = Planted(eval, MKDIR) if which == kind else "{}"
        writer.add_document(kind=which, record=record)
    writer.commit()
    bless(index)
    with Index(index) as opened, pytest.raises(IndexDamaged):
        use(opened)
    assert not Path(MARKER).exists()


def test_unpickling_elsewhere_goes_on(index: Path) -> None:
    """What other code of the process unpickles is its own business, before, between and after uses of an index."""
    content = pickle.dumps([Path("x"), Lengths(1)])
    with Index(index) as opened:
        assert pickle.loads(content) == [Path("x"), Lengths(1)]  # noqa: S301 - our own
        assert opened.search("执法").total == 1
        assert pickle.loads(content) == [Path("x"), Lengths(1)]  # noqa: S301 - our own
    (toc,) = data_of(index).glob("*.toc")
    toc.write_bytes(with_segments(toc.read_bytes(), PICKLES["eval"]))
    bless(index)
    with pytest.raises(IndexDamaged):
        Index(index)
    assert pickle.loads(content) == [Path("x"), Lengths(1)]  # noqa: S301 - our own


def test_check_compares_postings_with_records(tmp_path: Path) -> None:
    """A check finds postings that do not fit the records, which no checksum would."""
    paragraph = to_json(Paragraph("a.txt#1", "a.txt", 1, "执法检查"))
    for tokens, fits in ((2, True), (3, False)):
        folder = tmp_path / str(tokens)
        folder.mkdir()
        writer = whoosh_index.create_in(str(folder), _schema()).writer()
        record = json.dumps({"lengths": list(asdict(Lengths(tokens)).values()), "paragraph": paragraph, "measures": []})
        writer.add_document(kind="paragraph", text="执法 检查", heading="", title="", record=record)
        writer.commit()
        engine = WhooshEngine(folder)
        if fits:
            engine.check()
        else:
            with pytest.raises(IndexDamaged, match="2 tokens in the postings of text, 3 in the records"):
                engine.check()
        engine.close()
        shutil.rmtree(folder)
