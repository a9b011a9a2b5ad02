"""Indexes whose checksums fit and that contradict themselves all the same: a check finds it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import COMMANDS, Run, columnar_only

from searchkit.engines.columnar.arrays import Array, ArrayFile, pack, unpack, write_arrays
from searchkit.engines.columnar.postings import HEADING
from searchkit.errors import IndexDamaged
from searchkit.index import Index
from searchkit.manifest import checksum_of, checksums, read_manifest

pytestmark = [
    pytest.mark.usefixtures("in_time"),
    pytest.mark.skipif(os.name == "nt", reason="files that are mapped into memory cannot be changed"),
]

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
    arrays["posting_ids"][place_of_a_list(arrays, of=1)] ^= 1


def frequency(arrays: dict[str, Array]) -> None:
    """A word stands in a paragraph more often than it does."""
    place = place_of_a_list(arrays)
    arrays["posting_tf"][place // 2] ^= 4 << 4 * (place % 2)


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


def measure_of_another_paragraph(arrays: dict[str, Array]) -> None:
    """A paragraph has the first measure of the next."""
    at = arrays["measure_at"]
    at[int(np.flatnonzero(np.diff(at.astype(np.int64)))[1])] += 1


def measure_too_many(arrays: dict[str, Array]) -> None:
    """The last paragraph has a measure that is not there."""
    arrays["measure_at"][-1] += 1


def measures_exchanged(arrays: dict[str, Array]) -> None:
    """Two measures of a paragraph are not in their order."""
    arrays["measure_start"][:2] = arrays["measure_start"][:2][::-1]


def measure_beyond_the_text(arrays: dict[str, Array]) -> None:
    """A measure ends behind its paragraph."""
    arrays["measure_length"][:] = np.iinfo(arrays["measure_length"].dtype).max


def part_of_nothing(arrays: dict[str, Array]) -> None:
    """A measure is a part of one that does not exist."""
    arrays["measure_part_of"][np.flatnonzero(arrays["measure_part_of"])[0]] += 1


def value_that_is_none(arrays: dict[str, Array]) -> None:
    """A measure is not a number."""
    arrays["measure_base_values"][0] = np.array([np.nan]).view(np.uint64)[0]


def indicator_out_of_range(arrays: dict[str, Array]) -> None:
    """A measure has an indicator that is not listed."""
    arrays["indicator_codes"][0] = np.iinfo(arrays["indicator_codes"].dtype).max


def unit_of_no_measure(arrays: dict[str, Array]) -> None:
    """A unit is listed that no measure has: all have another."""
    arrays["traits_codes"][:] = 0


def bound_that_is_none(arrays: dict[str, Array]) -> None:
    """A measure is bounded in a way that there is not."""
    data = arrays["traits_values"].tobytes().replace(b'"exact"', b'"uxact"', 1)
    arrays["traits_values"] = np.frombuffer(data, np.uint8)


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
    text_cut_elsewhere, string_elsewhere, document_cut_elsewhere, paragraphs_misnumbered, measure_of_another_paragraph,
    measure_too_many, measures_exchanged, measure_beyond_the_text, part_of_nothing, value_that_is_none,
    indicator_out_of_range, unit_of_no_measure, bound_that_is_none,
)  # fmt: skip
COMMIT_CHANGES = (
    rank_twice, ranks_exchanged, dead_document, document_back, wrong_sum, segment_missing, segment_outside,
)  # fmt: skip


def place_of_a_list(arrays: Mapping[str, Array], of: int = 2) -> int:
    """Where the list of the first word begins that stands in the text of so many paragraphs and in no more."""
    at = arrays["posting_at"].astype(np.int64)
    is_of_text = arrays["terms"][arrays["terms_at"][:-1]] > ord(HEADING)
    return int(at[:-1][is_of_text & (np.diff(at) == of) & (arrays["posting_others"] == 0)][0])


def change_arrays(path: Path, change: Change) -> None:
    """Change arrays of a file."""
    stored = ArrayFile(path)
    arrays = {name: stored[name].copy() for name in stored._directory}
    del stored
    change(arrays)
    write_arrays(path, arrays)


def sign(index: Path, **counted: int) -> None:
    """Let the manifest say of the files what is true of them now, and of its counts what is not: so much more."""
    manifest: dict[str, Any] = json.loads((index / "index.json").read_text(encoding="utf-8"))
    del manifest["checksum"]
    manifest["files"] = {name: list(sums) for name, sums in checksums(index / manifest["data"]).items()}
    for key, by in counted.items():
        manifest[key] += by
    text = json.dumps({**manifest, "checksum": checksum_of(manifest)})
    (index / "index.json").write_text(text, encoding="utf-8")


@columnar_only
@pytest.mark.parametrize("change", [*SEGMENT_CHANGES, *COMMIT_CHANGES], ids=lambda change: change.__name__)
def test_invariants(index: Path, run: Run, change: Change) -> None:
    """What contradicts the rest of the index is found by a check although its checksum fits.

    Other commands say in one line what happened to them, and do not call it damage: the checksums hold.
    """
    name = "commit.arrays" if change in COMMIT_CHANGES else "000001.segment"
    change_arrays(index / read_manifest(index).data / name, change)
    sign(index)
    with pytest.raises(IndexDamaged) as caught, Index(index) as opened:
        opened.check()
    assert str(index) in str(caught.value)
    for command in COMMANDS:
        assert run(*command, "--index", index).is_one_line


@pytest.mark.parametrize(("key", "by"), [("documents", 1), ("paragraphs", -1), ("measures", 1)])
def test_counts_of_the_manifest(index: Path, key: str, by: int) -> None:
    """A check finds that the manifest counts other documents, paragraphs or measures than there are."""
    sign(index, **{key: by})
    with Index(index) as opened, pytest.raises(IndexDamaged, match="the manifest says"):
        opened.check()


def test_a_signed_index_is_sound(index: Path) -> None:
    """It is the change that the tests above find, and not the signing."""
    for path in (index / read_manifest(index).data).glob("*.segment"):
        change_arrays(path, lambda _: None)
    sign(index)
    with Index(index) as opened:
        opened.check()
