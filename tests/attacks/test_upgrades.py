"""Indexes of earlier formats (`earlier/`) and of a later one: an error says what to do, and a build replaces them."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from oracle import find_state, leftovers, make_state

import searchkit
from searchkit.errors import IndexForeign, IndexStale
from searchkit.manifest import FORMAT_VERSION

ARCHIVES = sorted(Path(__file__).with_name("earlier").glob("*.tar.xz"))
"""Indexes of three small reports in earlier formats, built by the last version of searchkit that wrote the format."""
LATER = {"format": FORMAT_VERSION + 1, "shards": [{"name": "x", "size": 1}], "checksum": "0"}
"""A manifest of a later format, which may have other fields."""


def unpack(archive: Path, folder: Path) -> Path:
    """Extract the index in an archive to a folder, and return its path."""
    with tarfile.open(archive) as opened:
        for member in opened.getmembers():
            assert member.isfile() or member.isdir()
            opened.extract(member, folder)
    return folder / "index"


@pytest.fixture(params=[*ARCHIVES, None], ids=lambda archive: archive.name.partition(".")[0] if archive else "later")
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The index of an archive, or (`later`) a folder with the manifest `LATER` and an empty folder of data."""
    if request.param:
        return unpack(request.param, tmp_path)
    path = tmp_path / "index"
    (path / "data-000001").mkdir(parents=True)
    (path / "index.json").write_text(json.dumps(LATER), encoding="utf-8")
    return path


def test_every_earlier_format_is_there() -> None:
    """There is an index of each format before `FORMAT_VERSION`."""
    formats = {int(path.name.split("-")[1].partition(".")[0]) for path in ARCHIVES}
    assert {*range(1, FORMAT_VERSION)} <= formats


@pytest.mark.filterwarnings("ignore:.*extract:DeprecationWarning")
def test_an_index_of_another_version_is_read_or_refused(index: Path) -> None:
    """An index of another format is refused with one line that says what to do.

    If the format is the current one (`FORMAT_VERSION`), the index is read or, if its analyzer is another, refused with
    an error that says what to do.
    """
    version = json.loads((index / "index.json").read_text(encoding="utf-8"))["format"]
    if version == FORMAT_VERSION:
        with searchkit.open(index) as opened:
            try:
                total = opened.search("普法").total
            except IndexStale as error:  # the fingerprint of its analyzer is another
                message = str(error)
                assert "searchkit build" in message
            else:
                assert total == 3
        return
    with pytest.raises(IndexForeign) as caught:
        searchkit.open(index)
    message = str(caught.value)
    assert f"index format {version}, this searchkit reads {FORMAT_VERSION}" in message
    assert f"searchkit build CORPUS --index {index}" in message
    assert "\n" not in message


@pytest.mark.filterwarnings("ignore:.*extract:DeprecationWarning")
def test_a_build_replaces_an_index_of_another_version(index: Path, tmp_path: Path) -> None:
    """A build replaces an index of another version, reads all files, and leaves nothing behind."""
    import random

    state = make_state(random.Random(1), 3)  # noqa: S311 - no secret
    state.write(tmp_path / "corpus")
    report = searchkit.build(tmp_path / "corpus", index)
    assert report.files == 3
    assert find_state(index, [state]) == 0  # the index is in state 0 of the list
    assert leftovers(index) == set()


@pytest.mark.filterwarnings("ignore:.*extract:DeprecationWarning")
def test_a_failed_build_keeps_an_index_of_another_version(index: Path, tmp_path: Path) -> None:
    """A failed build over an index of another version changes no file of the index, apart from writer.lock."""
    before = {path.relative_to(index): path.read_bytes() for path in index.rglob("*") if path.is_file()}
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.pdf").write_bytes(b"no PDF")
    with pytest.raises(searchkit.SearchkitError):
        searchkit.build(tmp_path / "corpus", index)
    after = {path.relative_to(index): path.read_bytes() for path in index.rglob("*") if path.is_file()}
    assert {**after, Path("writer.lock"): b""} == {**before, Path("writer.lock"): b""}
