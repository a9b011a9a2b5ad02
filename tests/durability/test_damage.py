"""Indexes that are damaged, of another format, or no indexes at all: it is noticed, said in one line, and mended."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from answers import answers
from reports import Reports
from storm import leftovers

from searchkit import cli
from searchkit.engines.columnar.arrays import Array, ArrayFile, pack, unpack, write_arrays
from searchkit.engines.columnar.commit import read_commit
from searchkit.engines.columnar.writer import FAN_IN
from searchkit.errors import IndexDamaged, IndexForeign, IndexUnusable
from searchkit.indexing import BuildOptions, build
from searchkit.manifest import FORMAT, checksums, read_manifest
from searchkit.searching import Index

LINES = 12
COMMANDS: Sequence[Sequence[str]] = (
    ("search", '"执法检查" OR 普法 OR 129件', "--facet", "year", "--facet", "topic", "--sort", "-year"),
    ("facets",),
    ("show", "0001.txt#2"),
    ("export", "paragraphs"),
    ("info",),
    ("check",),
)
SECONDS = 10
"""What no command takes."""


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    err: str

    @property
    def is_clean(self) -> bool:
        """Whether it found something, found nothing, or said in one line, which is no surprise to itself, why not."""
        lines = self.err.count("\n")
        return (self.status in {0, 1} and lines <= 1) or (
            self.status == 3 and lines == 1 and self.err.startswith("searchkit: ") and "mistake" not in self.err
        )


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, and not for ever."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["searchkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return Ran(int(left.value.code or 0), capsys.readouterr().err)

    return run


@pytest.fixture(autouse=True)
def in_time() -> Iterator[Callable[[], None]]:
    """Fail a test that hangs; to be called when it got on."""

    def fail(_number: int, _frame: FrameType | None) -> None:
        pytest.fail("it hangs")

    def again() -> None:
        if hasattr(signal, "alarm"):
            signal.alarm(SECONDS)

    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, fail)
    again()
    yield again
    if hasattr(signal, "alarm"):
        signal.alarm(0)


@pytest.fixture(scope="module")
def sound(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index in several segments, with documents that are gone (the columnar one), beside its reports."""
    folder = tmp_path_factory.mktemp("sound")
    reports = Reports(folder / "reports", random.Random(3), files=0)  # noqa: S311
    reports.add(8, LINES)
    (reports.folder / "0001.txt").write_text(
        "东丽区司法局2023年工作报告\n\n行政执法检查。\n\n普法129件。", encoding="utf-8"
    )
    (reports.folder / "metadata.csv").write_text("file,batch\n0001.txt,一\n", encoding="utf-8")
    build(reports.folder, folder / "index", BuildOptions(engine))
    max(reports.folder.glob("0*")).unlink()
    reports.add(1, LINES)
    build(reports.folder, folder / "index", BuildOptions(engine))
    return folder / "index"


@pytest.fixture
def index(sound: Path, tmp_path: Path) -> Path:
    """A copy of that index, to be damaged."""
    return Path(shutil.copytree(sound, tmp_path / "index"))


def data_files(index: Path) -> list[Path]:
    """The files of the data folder."""
    manifest = read_manifest(index)
    return [index / manifest.data / name for name in manifest.files]


def array_files(index: Path) -> list[Path]:
    """Those of them that hold arrays."""
    return [path for path in data_files(index) if path.suffix in {".segment", ".arrays"}]


def regions(path: Path) -> Iterator[tuple[str, int, int]]:
    """What stands where in a file: name, first byte, end. A file that is none of arrays is one region."""
    size = path.stat().st_size
    if path.suffix not in {".segment", ".arrays"}:
        yield "content", 0, size
        return
    arrays = ArrayFile(path)
    yield from [("magic", 0, 8), ("length of the header", 8, 16), ("header", 16, 16 + arrays._header)]
    for name, (kind, count, offset) in arrays._directory.items():
        if count:
            first = arrays._start + offset
            yield name, first, first + count * np.dtype(kind).itemsize


def flipped(content: bytes, first: int, end: int, chance: random.Random) -> bytes:
    """A copy with one bit changed between two places."""
    place = chance.randrange(first, end)
    return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]


def test_the_index_is_as_it_should_be_for_these_tests(sound: Path, engine: str, run: Run) -> None:
    """Undamaged, the index has several segments and a document that is gone, and each command finds something."""
    assert answers(sound).counts[2] == ("batch",)
    if engine == "columnar":
        commit = read_commit(sound / read_manifest(sound).data)
        assert len(commit.segments) > 1
        assert 0 < int(commit.live.sum()) < len(commit.live)
    for command in COMMANDS:
        assert run(*command, "--index", sound) == Ran(0, "")


# The libraries below may give up on a damaged file without closing it.
def leaky(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that opens damaged files."""
    marked: Callable[..., None] = pytest.mark.usefixtures("collected")(test)
    for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        marked = pytest.mark.filterwarnings(f"ignore::{warning}")(marked)
    return marked


# --- files cut short


def test_truncation(index: Path, run: Run) -> None:
    """Of a file that is cut short every command says so in one line that names it, with exit status 3."""
    for path in [*data_files(index), index / "index.json"]:
        content = path.read_bytes()
        size = len(content.rstrip()) if path.name == "index.json" else len(content)  # the line end is nothing of it
        for length in {0, 1, size // 2, size - 1} - {size} if size else set():
            path.write_bytes(content[:length])
            with pytest.raises(IndexDamaged, match=re.escape(str(path))):
                Index(index)
            for command in COMMANDS:
                ran = run(*command, "--index", index)
                assert (ran.status, ran.is_clean) == (3, True), (path.name, length, command, ran.err)
                assert str(path) in ran.err
        path.write_bytes(content)


# --- changed bits


@leaky
def test_check_names_the_file_with_a_changed_bit(index: Path) -> None:
    """One changed bit anywhere in a data file is found by a check, which names the file."""
    chance = random.Random(1)  # noqa: S311 - no secret
    wrong = []
    for path in data_files(index):
        content = path.read_bytes()
        for name, first, end in list(regions(path)) if content else ():
            for _ in range(3):
                path.write_bytes(flipped(content, first, end, chance))
                try:
                    with Index(index) as opened:
                        opened.check()
                    wrong.append(f"{path.name}, {name}: not noticed")
                except IndexDamaged as error:
                    if path.name not in str(error):
                        wrong.append(f"{path.name}, {name}: {error}")
        path.write_bytes(content)
    assert wrong == []


@leaky
def test_commands_on_changed_bits(index: Path, run: Run, engine: str, in_time: Callable[[], None]) -> None:
    """With one changed bit in any array every command ends, with exit status 0, 1 or 3, and says a line at most."""
    if engine == "whoosh":
        pytest.skip("what Whoosh reads is tested with the manifest")
    chance = random.Random(2)  # noqa: S311 - no secret
    wrong = []
    for path in array_files(index):
        content = path.read_bytes()
        for name, first, end in list(regions(path)):
            in_time()
            path.write_bytes(flipped(content, first, end, chance))
            for command in COMMANDS:
                ran = run(*command, "--index", index)
                if not ran.is_clean:
                    wrong.append(f"{path.name}, {name}: {command[0]} {ran}")
        path.write_bytes(content)
    assert wrong == []


@leaky
def test_changed_bits_in_the_manifest(index: Path, run: Run) -> None:
    """A check finds that a manifest says anything else than what was written; no command is startled by it."""
    chance = random.Random(3)  # noqa: S311 - no secret
    path = index / "index.json"
    content = path.read_bytes()
    wrong = []
    for _ in range(60):
        path.write_bytes(flipped(content, 0, len(content), chance))
        try:
            answers(index)
            if not says_the_same(path.read_bytes(), content):
                wrong.append(difference(path.read_bytes(), content))
        except IndexUnusable as error:
            assert "\n" not in str(error)  # noqa: PT017 - which kind it is depends on the bit
        assert run(*chance.choice(COMMANDS), "--index", index).is_clean
    assert wrong == []


def says_the_same(one: bytes, other: bytes) -> bool:
    """Whether two texts are the same JSON."""
    return bool(json.loads(one) == json.loads(other))


def difference(one: bytes, other: bytes) -> str:
    """The first line in which two texts differ."""
    lines = zip(one.splitlines(), other.splitlines(), strict=False)
    return next((f"{now!r} for {was!r}" for now, was in lines if now != was), "")


# --- what fits its checksum and not the rest

Change = Callable[[dict[str, Array]], None]


def posting_out_of_range(arrays: dict[str, Array]) -> None:
    """A word stands in a paragraph that does not exist."""
    arrays["posting_ids"][0] = 0xFFFF


def postings_not_ascending(arrays: dict[str, Array]) -> None:
    """The paragraphs of a word are not in order."""
    first = place_of_a_list(arrays)
    arrays["posting_ids"][[first, first + 1]] = arrays["posting_ids"][[first + 1, first]]


def posting_twice(arrays: dict[str, Array]) -> None:
    """A paragraph stands twice in the list of a word."""
    first = place_of_a_list(arrays)
    arrays["posting_ids"][first] = arrays["posting_ids"][first + 1]


def posting_elsewhere(arrays: dict[str, Array]) -> None:
    """A word stands in another paragraph than it does."""
    at = arrays["posting_at"].astype(np.int64)
    single = next(int(first) for first, size in zip(at, np.diff(at), strict=False) if size == 1)
    arrays["posting_ids"][single] ^= 1


def frequency(arrays: dict[str, Array]) -> None:
    """A word stands in a paragraph more often than it does."""
    arrays["posting_tf"][0] ^= 3


def lengths_exchanged(arrays: dict[str, Array]) -> None:
    """Two paragraphs of different length have each other's."""
    length = arrays["length"]
    other = int(np.flatnonzero(length != length[0])[0])
    length[[0, other]] = length[[other, 0]]


def text_cut_elsewhere(arrays: dict[str, Array]) -> None:
    """A paragraph has a character of the next."""
    arrays["text_at"][1] += 1


def string_elsewhere(arrays: dict[str, Array]) -> None:
    """Two characters stand at another place of the text than they do."""
    arrays["bigram_offsets"][0] ^= 1


def document_cut_elsewhere(arrays: dict[str, Array]) -> None:
    """A document has a paragraph of the next."""
    arrays["document_at"][1] += 1


def paragraphs_misnumbered(arrays: dict[str, Array]) -> None:
    """Two paragraphs of a document have the same number."""
    arrays["n"][0] = arrays["n"][1]


def rank_twice(arrays: dict[str, Array]) -> None:
    """Two documents have the same place in corpus order."""
    first, second = np.flatnonzero(arrays["live"])[:2]
    arrays["rank"][first] = arrays["rank"][second]


def ranks_exchanged(arrays: dict[str, Array]) -> None:
    """Two documents are not in the order of their files."""
    pair = np.flatnonzero(arrays["live"])[[0, 1]]
    arrays["rank"][pair] = arrays["rank"][pair[::-1]]


def dead_document(arrays: dict[str, Array]) -> None:
    """A document is gone, and is still counted."""
    arrays["live"][np.flatnonzero(arrays["live"])[0]] = 0


def document_back(arrays: dict[str, Array]) -> None:
    """A document that was gone is there."""
    arrays["live"][np.flatnonzero(arrays["live"] == 0)[0]] = 1


def wrong_sum(arrays: dict[str, Array]) -> None:
    """The paragraphs are said to be longer than they are."""
    arrays["sums"][1] += 1


def segment_missing(arrays: dict[str, Array]) -> None:
    """A segment is named that does not exist."""
    arrays["segments"] = pack(["000001.segment", "000099.segment"])


def segment_outside(arrays: dict[str, Array]) -> None:
    """A segment is named that lies elsewhere."""
    names = [f"../{name}" for name in unpack(arrays["segments"])]
    arrays["segments"] = pack(names)


SEGMENT_CHANGES = (
    posting_out_of_range, postings_not_ascending, posting_twice, posting_elsewhere, frequency, lengths_exchanged,
    text_cut_elsewhere, string_elsewhere, document_cut_elsewhere, paragraphs_misnumbered,
)  # fmt: skip
COMMIT_CHANGES = (
    rank_twice, ranks_exchanged, dead_document, document_back, wrong_sum, segment_missing, segment_outside,
)  # fmt: skip


def place_of_a_list(arrays: Mapping[str, Array]) -> int:
    """Where the list of a word that stands in the text of two paragraphs begins."""
    at = arrays["posting_at"].astype(np.int64)
    in_text = np.diff(at) - arrays["posting_others"]
    return int(at[np.flatnonzero(in_text >= 2)[0]])


def change_arrays(path: Path, change: Change) -> None:
    """Change arrays of a file."""
    stored = ArrayFile(path)
    arrays = {name: stored[name].copy() for name in stored._directory}
    del stored
    change(arrays)
    write_arrays(path, arrays)


def sign(index: Path) -> None:
    """Let the manifest say of the files what is true of them now."""
    manifest = read_manifest_as_json(index)
    manifest["files"] = checksums(index / manifest["data"])
    (index / "index.json").write_text(json.dumps(manifest), encoding="utf-8")


def read_manifest_as_json(index: Path) -> dict[str, Any]:
    """The manifest, not verified."""
    manifest: dict[str, Any] = json.loads((index / "index.json").read_text(encoding="utf-8"))
    return manifest


@pytest.fixture
def columnar(index: Path, engine: str) -> Path:
    """An index of the columnar engine."""
    if engine != "columnar":
        pytest.skip("the files of another engine are not ours")
    return index


@pytest.mark.parametrize("change", [*SEGMENT_CHANGES, *COMMIT_CHANGES], ids=lambda change: change.__name__)
def test_invariants(columnar: Path, run: Run, change: Change) -> None:
    """What contradicts the rest of the index is found by a check although its checksum fits; no command is startled."""
    name = "commit.arrays" if change in COMMIT_CHANGES else "000001.segment"
    change_arrays(columnar / read_manifest(columnar).data / name, change)
    sign(columnar)
    with pytest.raises(IndexDamaged) as caught, Index(columnar) as opened:
        opened.check()
    assert str(columnar) in str(caught.value)
    for command in COMMANDS:
        assert run(*command, "--index", columnar).is_clean


@pytest.mark.parametrize(("key", "by"), [("documents", 1), ("paragraphs", -1)])
def test_counts_of_the_manifest(index: Path, key: str, by: int) -> None:
    """A check finds that the manifest counts other documents or paragraphs than there are."""
    manifest = read_manifest_as_json(index)
    (index / "index.json").write_text(json.dumps({**manifest, key: manifest[key] + by}), encoding="utf-8")
    with pytest.raises(IndexDamaged), Index(index) as opened:
        opened.check()


# --- builds on what is damaged


def test_damage_is_not_built_upon(tmp_path: Path, in_time: Callable[[], None]) -> None:
    """A build that merges segments with a changed bit makes a right index, or one whose check finds the damage."""
    reports = Reports(tmp_path / "reports", random.Random(3), files=0)  # noqa: S311
    base, copy = tmp_path / "base", tmp_path / "copy"
    for _ in range(FAN_IN - 1):
        reports.add(1, LINES)
        build(reports.folder, base)
    reports.add(1, LINES)
    build(reports.folder, tmp_path / "fresh")
    expected, wrong = answers(tmp_path / "fresh"), []
    chance = random.Random(4)  # noqa: S311 - no secret
    for path in array_files(base):
        content = path.read_bytes()
        for name, first, end in regions(path):
            in_time()
            shutil.copytree(base, copy)
            (copy / path.relative_to(base)).write_bytes(flipped(content, first, end, chance))
            try:
                build(reports.folder, copy)
                if answers(copy) != expected:
                    wrong.append(f"{path.name}, {name}: wrong answers, and the check finds nothing")
            except IndexDamaged:
                pass
            except Exception as error:  # noqa: BLE001 - all that can be
                wrong.append(f"{path.name}, {name}: {error!r}")
            shutil.rmtree(copy)
    assert wrong == []


# --- other formats, and no index

FORMAT_1 = {
    "engine": "columnar",
    "analyzer": "0123456789abcdef",
    "data": "data-000001",
    "built": "2024-06-01T12:00:00+00:00",
    "corpus": "corpus",
    "documents": 1,
    "paragraphs": 1,
    "facets": [],
    "files": {"000000.segment": [3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]},
    "format": 1,
}
"""A manifest as the first version wrote it."""


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder with data, for the manifest of something else."""
    folder = tmp_path / "other"
    (folder / "data-000001").mkdir(parents=True)
    (folder / "data-000001" / "000000.segment").write_bytes(b"abc")
    return folder


@pytest.mark.parametrize(
    "manifest",
    [FORMAT_1, {**FORMAT_1, "format": 99}, {"version": 3, "shards": []}, []],
    ids=["1", "99", "json", "list"],
)
def test_other_formats_are_refused(other: Path, run: Run, manifest: object) -> None:
    """An index of an older or newer format or of another product is refused in one line that says what to do."""
    (other / "index.json").write_text(json.dumps(manifest), encoding="utf-8")
    for command in COMMANDS:
        ran = run(*command, "--index", other)
        assert (ran.status, ran.is_clean) == (3, True)
        assert f"this searchkit reads {FORMAT}" in ran.err
        assert f"searchkit build CORPUS --index {other}" in ran.err
    with pytest.raises(IndexForeign):
        Index(other)


def test_an_empty_folder(tmp_path: Path, run: Run) -> None:
    """A folder with nothing in it is no index: every command says in one line how to make one."""
    for command in COMMANDS:
        ran = run(*command, "--index", tmp_path)
        assert (ran.status, ran.is_clean) == (3, True)
        assert f"no index in {tmp_path}; make one with: searchkit build CORPUS --index {tmp_path}" in ran.err


@pytest.mark.parametrize("manifest", [FORMAT_1, None], ids=["format 1", "none"])
def test_a_build_makes_it_an_index(other: Path, tmp_path: Path, manifest: object) -> None:
    """An index of the first format and a folder with nothing but data are replaced by a build, and nothing is left."""
    if manifest:
        (other / "index.json").write_text(json.dumps(manifest), encoding="utf-8")
    reports = Reports(tmp_path / "reports", random.Random(3), files=2)  # noqa: S311
    done = build(reports.folder, other)
    assert done.full_because == ("the index had another format" if manifest else None)
    build(reports.folder, tmp_path / "fresh")
    assert answers(other) == answers(tmp_path / "fresh")
    assert leftovers(other) == set()
